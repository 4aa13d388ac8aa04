//! ciborium as an independent witness of the reader and the writer.

use crate::support::any_form;
use ciborium::Value;
use proptest::collection::vec;
use proptest::prelude::*;
use smp_wire::cbor::{CborError, MapForm, Reader, Writer};

/// Any value that ciborium can hold, its maps keyed by text.
pub(crate) fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0u64..70_000).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-8i8..8).prop_map(|small| Value::from(f64::from(small))),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
        vec(any::<u8>(), 0..300).prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..30).prop_map(Value::Array),
            vec((".{0,8}".prop_map(Value::from), inner.clone()), 0..30).prop_map(Value::Map),
            (any::<u64>(), inner).prop_map(|(tag, of)| Value::Tag(tag, Box::new(of))),
        ]
    })
}

/// Any value that the writer can write.
fn any_writable() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-70_000i64..70_000).prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        vec(any::<u8>(), 0..300).prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..30).prop_map(Value::Array),
            vec((".{0,8}".prop_map(Value::from), inner), 0..30).prop_map(Value::Map),
        ]
    })
}

pub(crate) fn encode(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}

fn write(writer: &mut Writer<'_>, value: &Value) {
    match value {
        Value::Integer(integer) => {
            let wide = i128::from(*integer);
            match u64::try_from(wide) {
                Ok(unsigned) => writer.uint(unsigned),
                Err(_) => writer.int(i64::try_from(wide).unwrap()),
            }
        }
        Value::Bool(value) => writer.bool(*value),
        Value::Bytes(value) => writer.bytes(value),
        Value::Text(value) => writer.text(value),
        Value::Array(elements) => {
            writer.array(elements.len());
            for element in elements {
                write(writer, element);
            }
            writer.end_array();
        }
        Value::Map(entries) => {
            writer.map(entries.len());
            for (key, value) in entries {
                write(writer, key);
                write(writer, value);
            }
            writer.end_map();
        }
        other => panic!("the writer has no way to write {other:?}"),
    }
}

/// Reads back what `write` wrote, by the reader's own pulling methods.
fn read(reader: &mut Reader<'_>, expected: &Value) -> Result<(), CborError> {
    match expected {
        Value::Integer(integer) => match u64::try_from(i128::from(*integer)) {
            Ok(unsigned) => assert_eq!(reader.u64()?, unsigned),
            Err(_) => assert_eq!(i128::from(reader.i64()?), i128::from(*integer)),
        },
        Value::Bool(value) => assert_eq!(reader.bool()?, *value),
        Value::Bytes(value) => assert_eq!(reader.bytes()?, value),
        Value::Text(value) => assert_eq!(reader.text()?, value),
        Value::Array(elements) => {
            let mut items = reader.array()?;
            for element in elements {
                assert!(items.next(reader)?);
                read(reader, element)?;
            }
            assert!(!items.next(reader)?);
        }
        Value::Map(entries) => {
            let mut items = reader.map()?;
            for (key, value) in entries {
                assert!(items.next(reader)?);
                read(reader, key)?;
                read(reader, value)?;
            }
            assert!(!items.next(reader)?);
        }
        other => panic!("the writer has no way to write {other:?}"),
    }
    Ok(())
}

#[test]
fn integers_are_minimal_at_every_change_of_width() {
    for edge in [0, 24, 1 << 8, 1 << 16, 1 << 32, i64::MAX] {
        for value in [edge.saturating_sub(1), edge, -edge, -edge - 1] {
            let mut bytes = Vec::new();
            Writer::new(&mut bytes, MapForm::Definite).int(value);
            assert_eq!(bytes, encode(&Value::from(value)), "{value}");
            assert_eq!(Reader::new(&bytes).i64(), Ok(value));
        }
    }
}

proptest! {
    #[test]
    fn ciborium_reads_what_the_writer_writes(value in any_writable(), form in any_form()) {
        let mut bytes = Vec::new();
        write(&mut Writer::new(&mut bytes, form), &value);
        let mut rest = &bytes[..];
        let read: Value = ciborium::from_reader(&mut rest).unwrap();
        prop_assert_eq!(&read, &value);
        prop_assert!(rest.is_empty());
        if form == MapForm::Definite {
            prop_assert_eq!(encode(&value), bytes, "definite and minimal, as ciborium writes");
        }
    }

    #[test]
    fn the_reader_reads_what_the_writer_writes(value in any_writable(), form in any_form()) {
        let mut bytes = Vec::new();
        write(&mut Writer::new(&mut bytes, form), &value);
        let mut reader = Reader::new(&bytes);
        read(&mut reader, &value).unwrap();
        prop_assert!(reader.rest().is_empty());
        let mut skipping = Reader::new(&bytes);
        skipping.skip().unwrap();
        prop_assert!(skipping.rest().is_empty());
    }

    #[test]
    fn skip_takes_exactly_one_value(value in any_value(), tail in vec(any::<u8>(), 0..20)) {
        let mut bytes = encode(&value);
        let len = bytes.len();
        bytes.extend_from_slice(&tail);
        let mut reader = Reader::new(&bytes);
        reader.skip().unwrap();
        prop_assert_eq!(reader.position(), len);
        prop_assert_eq!(reader.rest(), &tail[..]);
    }

    #[test]
    fn a_value_cut_short_is_refused(value in any_value(), cut in any::<prop::sample::Index>()) {
        let bytes = encode(&value);
        let cut = cut.index(bytes.len());
        prop_assert_eq!(Reader::new(&bytes[..cut]).skip(), Err(CborError::Truncated));
    }

    #[test]
    fn what_ciborium_takes_the_reader_skips_to_the_same_octet(
        value in any_value(),
        at in any::<prop::sample::Index>(),
        octet in any::<u8>(),
    ) {
        let mut bytes = encode(&value);
        let at = at.index(bytes.len());
        bytes[at] = octet;
        let mut rest = &bytes[..];
        if ciborium::from_reader::<Value, _>(&mut rest).is_ok() {
            let mut reader = Reader::new(&bytes);
            match reader.skip() {
                Ok(()) => prop_assert_eq!(reader.rest(), rest),
                Err(error) => prop_assert_eq!(error, CborError::IndefiniteString),
            }
        }
    }
}
