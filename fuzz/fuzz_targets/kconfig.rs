//! Kconfig files: refused with a line, or laid over the settings, which then still resolve or say why.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sim::kconfig::Kconfig;
use sim::scenario::{Scenario, Settings};

fuzz_target!(|input: (bool, &str)| {
    let (configured, text) = input;
    let name = if configured { "build/zephyr/.config" } else { "prj.conf" };
    let Ok(kconfig) = Kconfig::read(&[(name, text)]) else { return };
    let mut settings = Settings::preset("reference").expect("there is one");
    if kconfig.apply(&mut settings).is_ok() {
        let _ = Scenario::resolve(&settings);
    }
});
