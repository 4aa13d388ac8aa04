//! Partitions: devicetree and partition manager files.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sim::layout_file::parse;

fuzz_target!(|input: (u8, &str)| {
    let (kind, text) = input;
    let name =
        ["zephyr.dts", "partitions.yml", "pm_static.yml", "board.overlay"][usize::from(kind) % 4];
    let _ = parse(name, text);
});
