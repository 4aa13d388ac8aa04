//! Short texts of the command line: hex, conditions, codes, settings, keys.

#![no_main]

use flash_model::{ImageVersion, VerifyingKey};
use libfuzzer_sys::fuzz_target;
use sim::explain::{Group, Query, explain};
use sim::frame::parse_hex;
use sim::require::Requirement;

fuzz_target!(|text: &str| {
    let _ = parse_hex(text);
    let _ = Requirement::parse(text);
    let _ = text.parse::<ImageVersion>();
    let _ = VerifyingKey::from_pem(text);
    let (code, group) = text.split_once(' ').unwrap_or((text, ""));
    if let Ok(query) = Query::parse(code, Group::parse(group).ok()) {
        assert!(!explain(&query).is_empty());
    }
});
