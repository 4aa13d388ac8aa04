//! Scenario files: refused with a line, or resolved; what is explained reads as the same again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sim::scenario::{Scenario, Settings, keys::KEYS};

fuzz_target!(|text: &str| {
    let Ok(mut settings) = Settings::file("input.toml", text) else { return };
    let again = Settings::file("again.toml", &settings.explain()).expect("it explains itself");
    for key in KEYS {
        assert_eq!(again.get(key.path), settings.get(key.path), "{}", key.path);
    }
    for line in text.lines() {
        let _ = settings.set(line);
    }
    let _ = Scenario::resolve(&settings);
});
