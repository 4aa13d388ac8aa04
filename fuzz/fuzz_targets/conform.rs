//! Recorded reference data: refused, failed or passed, whatever stands in them.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sim::conform::check;

fuzz_target!(|text: &str| {
    let _ = check(text, &|_| None);
});
