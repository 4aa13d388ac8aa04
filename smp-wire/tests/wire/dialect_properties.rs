//! What holds for every request, whatever the dialect.

use crate::oracle::{any_value, encode};
use crate::support::DIALECTS;
use ciborium::Value;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use smp_wire::cbor::{CborError, Dialect, Reader};
use smp_wire::image::UploadRequest;

/// An upload request with values for all keys, some of which a client may leave out.
#[derive(Clone, Debug)]
struct Fields {
    image: Option<u32>,
    len: Option<u32>,
    off: Option<u32>,
    sha: Option<Vec<u8>>,
    data: Option<Vec<u8>>,
    upgrade: Option<bool>,
}

prop_compose! {
    fn any_fields()(
        image in any::<Option<u32>>(),
        len in any::<Option<u32>>(),
        off in any::<Option<u32>>(),
        sha in prop::option::of(vec(any::<u8>(), 0..40)),
        data in prop::option::of(vec(any::<u8>(), 0..300)),
        upgrade in any::<Option<bool>>(),
    ) -> Fields {
        Fields { image, len, off, sha, data, upgrade }
    }
}

impl Fields {
    fn request(&self) -> UploadRequest<'_> {
        UploadRequest {
            image: self.image,
            len: self.len,
            off: self.off,
            sha: self.sha.as_deref(),
            data: self.data.as_deref(),
            upgrade: self.upgrade,
        }
    }

    fn entries(&self) -> Vec<(Value, Value)> {
        [
            ("image", self.image.map(Value::from)),
            ("len", self.len.map(Value::from)),
            ("off", self.off.map(Value::from)),
            ("sha", self.sha.clone().map(Value::from)),
            ("data", self.data.clone().map(Value::from)),
            ("upgrade", self.upgrade.map(Value::from)),
        ]
        .into_iter()
        .filter_map(|(key, value)| Some((Value::from(key), value?)))
        .collect()
    }
}

/// An entry that no command knows; no known key has a capital letter.
fn any_unknown() -> impl Strategy<Value = (Value, Value)> {
    ("Z.{0,6}".prop_map(Value::from), any_value())
}

/// Whether zcbor takes every tag: none may take eight octets.
fn has_narrow_tags(value: &Value) -> bool {
    match value {
        Value::Tag(tag, of) => u32::try_from(*tag).is_ok() && has_narrow_tags(of),
        Value::Array(elements) => elements.iter().all(has_narrow_tags),
        Value::Map(entries) => {
            entries.iter().all(|(key, value)| has_narrow_tags(key) && has_narrow_tags(value))
        }
        _ => true,
    }
}

/// Major types of the heads that a body is made of.
const UNSIGNED: u8 = 0;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const MAP: u8 = 5;

/// A head whose argument has `octets` octets, 0 being in the first octet, or as many more as it
/// takes. Tells whether that was more than needed.
fn head(out: &mut Vec<u8>, major: u8, value: u64, octets: usize) -> bool {
    let needed = match value {
        0..24 => 0,
        24..=0xff => 1,
        0x100..=0xffff => 2,
        0x1_0000..=0xffff_ffff => 4,
        _ => 8,
    };
    let octets = octets.max(needed);
    let info = match octets {
        0 => value as u8,
        1 => 24,
        2 => 25,
        4 => 26,
        _ => 27,
    };
    out.push(major << 5 | info);
    out.extend_from_slice(&value.to_be_bytes()[8 - octets..]);
    octets > needed
}

fn any_width(most: usize) -> impl Strategy<Value = usize> {
    select(vec![0, 0, 0, 0, 1, 2, 4, 8]).prop_map(move |octets| octets.min(most))
}

/// A body written with heads of any width, and whether it is canonical.
fn any_writing(most: usize) -> impl Strategy<Value = (Vec<u8>, bool)> {
    let widths = vec(any_width(most), 9);
    (widths, any::<bool>(), 0u32..=70_000, vec(any::<u8>(), 0..40)).prop_map(
        |(widths, indefinite, off, data)| {
            let mut out = Vec::new();
            let mut longer = false;
            let mut put = |out: &mut Vec<u8>, at: usize, major, value| {
                longer |= head(out, major, value, widths[at]);
            };
            if indefinite {
                out.push(0xbf);
            } else {
                put(&mut out, 0, MAP, 3);
            }
            put(&mut out, 1, TEXT, 3);
            out.extend_from_slice(b"off");
            put(&mut out, 2, UNSIGNED, off.into());
            put(&mut out, 3, TEXT, 1);
            out.push(b'z');
            put(&mut out, 4, UNSIGNED, off.into());
            put(&mut out, 5, TEXT, 4);
            out.extend_from_slice(b"data");
            put(&mut out, 6, BYTES, data.len() as u64);
            out.extend_from_slice(&data);
            if indefinite {
                out.push(0xff);
            }
            (out, !longer && !indefinite)
        },
    )
}

proptest! {
    #[test]
    fn what_ciborium_encodes_is_read_in_any_order_among_any_unknown_keys(
        fields in any_fields(),
        unknown in vec(any_unknown(), 0..4),
        order in any::<prop::sample::Index>(),
    ) {
        prop_assume!(unknown.iter().all(|(_, value)| has_narrow_tags(value)));
        let mut entries = fields.entries();
        entries.extend(unknown);
        if !entries.is_empty() {
            let by = order.index(entries.len());
            entries.rotate_left(by);
        }
        let body = encode(&Value::Map(entries));
        // ciborium writes canonical form.
        for dialect in [Dialect::Zcbor09, Dialect::Canonical] {
            prop_assert_eq!(UploadRequest::decode(&body, dialect), Ok(fields.request()));
        }
    }

    #[test]
    fn known_keys_are_read_alike_in_every_dialect(fields in any_fields()) {
        let body = encode(&Value::Map(fields.entries()));
        for dialect in DIALECTS {
            prop_assert_eq!(UploadRequest::decode(&body, dialect), Ok(fields.request()));
        }
    }

    #[test]
    fn a_request_cut_short_is_refused(
        fields in any_fields(),
        cut in any::<prop::sample::Index>(),
    ) {
        let body = encode(&Value::Map(fields.entries()));
        let cut = cut.index(body.len());
        for dialect in DIALECTS {
            prop_assert!(UploadRequest::decode(&body[..cut], dialect).is_err());
        }
    }

    #[test]
    fn canonical_refuses_exactly_what_is_not_canonical((body, canonical) in any_writing(4)) {
        let lax = UploadRequest::decode(&body, Dialect::Zcbor09);
        prop_assert!(lax.is_ok());
        prop_assert_eq!(UploadRequest::decode(&body, Dialect::Zcbor06), lax);
        match UploadRequest::decode(&body, Dialect::Canonical) {
            Ok(request) => {
                prop_assert!(canonical);
                prop_assert_eq!(Ok(request), lax);
            }
            Err(error) => {
                prop_assert!(!canonical);
                prop_assert!(matches!(error, CborError::NotMinimal | CborError::Indefinite));
            }
        }
    }

    #[test]
    fn nobody_takes_eight_octets_where_canonical_form_has_fewer((body, _) in any_writing(8)) {
        let early = UploadRequest::decode(&body, Dialect::Zcbor06);
        let late = UploadRequest::decode(&body, Dialect::Zcbor09);
        let canonical = UploadRequest::decode(&body, Dialect::Canonical);
        // Each takes what the stricter one takes, and reads the same.
        prop_assert!(early.is_err() || early == late);
        prop_assert!(canonical.is_err() || canonical == early);
    }

    #[test]
    fn zcbor_0_6_reads_a_size_from_any_head_that_fits(major in 0u8..8, value in any::<u32>()) {
        let mut bytes = Vec::new();
        head(&mut bytes, major, value.into(), 0);
        let mut reader = Reader::with_dialect(&bytes, Dialect::Zcbor06);
        prop_assert_eq!(reader.size(), Ok(value));
        prop_assert!(reader.rest().is_empty());
        let late = Reader::with_dialect(&bytes, Dialect::Zcbor09).size();
        prop_assert_eq!(late, if major == 0 { Ok(value) } else { Err(CborError::WrongType) });
    }

    #[test]
    fn what_is_well_formed_is_skipped_to_its_end(
        value in any_value(),
        tail in vec(any::<u8>(), 0..20),
    ) {
        prop_assume!(has_narrow_tags(&value));
        let mut body = b"\xa1\x61z".to_vec();
        body.extend(encode(&value));
        let end = body.len();
        body.extend_from_slice(&tail);
        for dialect in [Dialect::Zcbor09, Dialect::Canonical] {
            let mut reader = Reader::with_dialect(&body, dialect);
            let mut map = reader.map().unwrap();
            prop_assert_eq!(map.key(&mut reader), Ok(Some(&b"z"[..])));
            prop_assert_eq!(map.skip_value(&mut reader), Ok(()));
            prop_assert_eq!(reader.position(), end);
            prop_assert_eq!(map.key(&mut reader), Ok(None));
        }
    }
}
