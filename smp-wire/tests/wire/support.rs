//! What several test files need.

use proptest::prelude::*;
use smp_wire::cbor::{Dialect, MapForm};

/// Both forms of maps and arrays.
pub(crate) const FORMS: [MapForm; 2] = [MapForm::Definite, MapForm::Indefinite];

/// The decoders of all eras.
pub(crate) const DIALECTS: [Dialect; 3] = [Dialect::Zcbor06, Dialect::Zcbor09, Dialect::Canonical];

/// The bytes that `hex` spells; spaces set parts apart.
pub(crate) fn hex(hex: &str) -> Vec<u8> {
    let hex = hex.replace(' ', "");
    assert!(hex.len().is_multiple_of(2), "half an octet in {hex}");
    let octet = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex digits");
    (0..hex.len()).step_by(2).map(octet).collect()
}

/// Either form of maps and arrays.
pub(crate) fn any_form() -> impl Strategy<Value = MapForm> {
    prop_oneof![Just(MapForm::Definite), Just(MapForm::Indefinite)]
}
