//! The flash operations of a step, as the reference log writes them.

use crate::report::hex;
use flash_model::{Area, Device, FlashEvent, FlashView as _, OpKind, Watch};
use sha2::{Digest as _, Sha256};
use sim_core::Time;
use std::fmt::Write as _;

/// Operations in order: `E address length` and `W address length crc32`, all hex.
#[derive(Clone, Debug, Default)]
pub(super) struct OpLog {
    /// The lines, with a newline between them.
    text: String,
    pub(super) erases: u32,
    pub(super) writes: u32,
    /// Octets written.
    pub(super) written: u64,
    /// Of these, octets written over octets that were not erased.
    pub(super) over_contents: u64,
}

impl OpLog {
    fn note(&mut self, device: &Device, kind: OpKind, area: Area, crc: u32) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        let Area { start, len } = area;
        let line = if kind == OpKind::Erase {
            self.erases += 1;
            write!(self.text, "E {start:x} {len:x}")
        } else {
            self.writes += 1;
            self.written += u64::from(len);
            if !device.is_blank(area) {
                let target = device.bytes(start, len).iter();
                self.over_contents += target.filter(|&&octet| octet != 0xff).count() as u64;
            }
            write!(self.text, "W {start:x} {len:x} {crc:08x}")
        };
        line.expect("a string takes everything");
    }

    /// Operations so far.
    pub(super) const fn len(&self) -> u32 {
        self.erases + self.writes
    }

    /// The lines.
    pub(super) fn lines(&self) -> std::str::Lines<'_> {
        self.text.lines()
    }

    /// SHA-256 of the lines.
    pub(super) fn digest(&self) -> String {
        hex(&Sha256::digest(&self.text))
    }
}

/// Operations are noted as they begin, when the device shows what lies there before them.
impl Watch for OpLog {
    fn flash(&mut self, device: &Device, _now: Time, event: FlashEvent) {
        if let FlashEvent::Start { kind, at, len, crc } = event {
            self.note(device, kind, Area::new(at, len), crc);
        }
    }
}
