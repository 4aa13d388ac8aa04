//! Dumps of flash: read or refused, and what the next boot makes of any contents.

#![no_main]

use flash_model::{BootConfig, BootMode, Layout, Part};
use libfuzzer_sys::fuzz_target;
use sim::flash_dump::{Dump, Setup, inspect};

fuzz_target!(|input: &[u8]| {
    let Some((&mode, contents)) = input.split_first() else { return };
    let boot = BootConfig {
        mode: BootMode::ALL[usize::from(mode) % BootMode::ALL.len()],
        ..BootConfig::default()
    };
    let setup = Setup { part: Part::nrf52833(), layout: Layout::nrf52833dk(), boot };
    if setup.check().is_err() {
        return;
    }
    let _ = Dump::read(contents, None, &setup);
    if let Ok(dump) = Dump::read(&spread(contents, &setup), None, &setup) {
        let _ = format!("{:?}", inspect(&dump, &setup));
    }
});

/// A whole array: parts of the input at the starts and ends of both slots, where headers and
/// trailers are.
fn spread(contents: &[u8], setup: &Setup) -> Vec<u8> {
    let mut bytes = vec![0xff; setup.part.geometry.size as usize];
    let quarter = contents.len().div_ceil(4).max(1);
    let mut parts = contents.chunks(quarter);
    for slot in setup.layout.slots {
        let room = slot.len as usize / 2;
        let (start, end) = (slot.start as usize, slot.end() as usize);
        if let Some(head) = parts.next() {
            let head = &head[..head.len().min(room)];
            bytes[start..start + head.len()].copy_from_slice(head);
        }
        if let Some(tail) = parts.next() {
            let tail = &tail[..tail.len().min(room)];
            bytes[end - tail.len()..end].copy_from_slice(tail);
        }
    }
    bytes
}
