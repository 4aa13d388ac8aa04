//! Files that hold images: Intel HEX, zip packages with their manifest, plain ones.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sim::image_file::Container;

fuzz_target!(|input: &[u8]| {
    let _ = Container::kind_of(input);
    if let Ok(container) = Container::open(input.to_vec(), None) {
        let _ = container.application();
    }
    let _ = Container::open(input.to_vec(), Some("app_update.bin"));
});
