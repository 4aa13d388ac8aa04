//! Requests of a key or two: no bytes make their decoders panic, and what is written is read again.

use crate::support::{DIALECTS, any_form};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use smp_wire::cbor::{CborError, Dialect, MapForm};
use smp_wire::enumeration::{DetailsError, DetailsRequest, SingleRequest};
use smp_wire::os::{
    BootloaderRequest, DateTime, DateTimeRequest, EchoRequest, InfoRequest, ResetRequest,
};
use smp_wire::stat::StatRequest;

/// Pieces that these requests are made of.
const PIECES: [&[u8]; 16] = [
    b"\xbf",
    b"\xff",
    b"\xa1",
    b"\xa2",
    b"\x9f",
    b"\x82",
    b"\x80",
    b"\x01",
    b"\x1a\0\x01\0\0",
    b"\xf5",
    b"\x66groups",
    b"\x65index",
    b"\x65force",
    b"\x69boot_mode",
    b"\x64name",
    b"\x61d",
];

fn read_all(bytes: &[u8], dialect: Dialect) {
    let _ = EchoRequest::decode(bytes, dialect);
    let _ = EchoRequest::decode_as_map(bytes, dialect);
    let _ = InfoRequest::decode(bytes, dialect);
    let _ = BootloaderRequest::decode(bytes, dialect);
    let _ = DateTimeRequest::decode(bytes, dialect);
    let _ = DateTime::parse(bytes, true);
    let _ = StatRequest::decode(bytes, dialect);
    let _ = StatRequest::decode_by_hand(bytes, dialect);
    let _ = SingleRequest::decode(bytes, dialect);
    let request = ResetRequest::decode_until_fault(bytes, dialect, true);
    if let Ok(whole) = ResetRequest::decode(bytes, dialect) {
        assert_eq!(request, whole);
    }
    if let Ok(request) = DetailsRequest::decode(bytes, dialect) {
        assert!(request.entries <= bytes.len());
        assert!(request.groups.is_none_or(|groups| groups.len() == request.entries));
    }
}

proptest! {
    #[test]
    fn any_octets_are_read_or_refused(bytes in vec(any::<u8>(), 0..64)) {
        for dialect in DIALECTS {
            read_all(&bytes, dialect);
        }
    }

    #[test]
    fn any_pieces_are_read_or_refused(pieces in vec(select(&PIECES[..]), 0..12)) {
        for dialect in DIALECTS {
            read_all(&pieces.concat(), dialect);
        }
    }

    #[test]
    fn what_is_written_is_read_again(
        form in any_form(),
        text in option::of(vec(any::<u8>(), 0..40)),
        number in option::of(any::<u32>()),
        force in any::<bool>(),
        groups in vec(any::<u16>(), 0..20),
    ) {
        let dialect = Dialect::default();
        let text = text.as_deref();
        let body = |emit: &dyn Fn(&mut Vec<u8>)| {
            let mut body = Vec::new();
            emit(&mut body);
            body
        };
        let info = InfoRequest { format: text };
        let written = body(&|out| info.emit(out, form));
        prop_assert_eq!(InfoRequest::decode(&written, dialect), Ok(info));
        let query = BootloaderRequest { query: text };
        let written = body(&|out| query.emit(out, form));
        prop_assert_eq!(BootloaderRequest::decode(&written, dialect), Ok(query));
        let clock = DateTimeRequest { datetime: text };
        let written = body(&|out| clock.emit(out, form));
        prop_assert_eq!(DateTimeRequest::decode(&written, dialect), Ok(clock));
        let stat = StatRequest { name: text };
        let written = body(&|out| stat.emit(out, form));
        prop_assert_eq!(StatRequest::decode(&written, dialect), Ok(stat));
        prop_assert_eq!(StatRequest::decode_by_hand(&written, dialect), Ok(stat));
        let single = SingleRequest { index: number };
        let written = body(&|out| single.emit(out, form));
        prop_assert_eq!(SingleRequest::decode(&written, dialect), Ok(single));
        let reset = ResetRequest { force, boot_mode: number };
        let written = body(&|out| reset.emit(out, form));
        prop_assert_eq!(ResetRequest::decode(&written, dialect), Ok(reset));
        let details = DetailsRequest { entries: groups.len(), groups: Some(groups) };
        let written = body(&|out| details.emit(out, form));
        prop_assert_eq!(DetailsRequest::decode(&written, dialect), Ok(details));
    }
}

#[test]
fn an_echo_read_as_a_map_may_lack_its_text() {
    let read = |body: &'static [u8]| EchoRequest::decode_as_map(body, Dialect::default());
    assert_eq!(read(b"\xa0"), Ok(EchoRequest { d: b"" }));
    assert_eq!(read(b"\xa2\x61d\x61x\x61y\x01"), Ok(EchoRequest { d: b"x" }));
    assert_eq!(read(b""), Err(CborError::Truncated));
    assert_eq!(read(b"\xa2\x61d\x60\x61d\x60"), Err(CborError::DuplicateKey));
}

#[test]
fn a_reset_is_read_up_to_its_first_fault() {
    let read = |body: &[u8], boot_mode| {
        ResetRequest::decode_until_fault(body, Dialect::default(), boot_mode)
    };
    let request = |force, boot_mode| ResetRequest { force, boot_mode };
    assert_eq!(read(b"\xa2\x65force\xf5\x05\x05", true), request(true, None));
    assert_eq!(read(b"\xa2\x05\x05\x65force\xf5", true), request(false, None));
    assert_eq!(read(b"\xa2\x69boot_mode\x01\x65force\x01", true), request(false, Some(1)));
    assert_eq!(read(b"\xa2\x69boot_mode\x60\x65force\xf5", true), request(false, None));
    assert_eq!(read(b"\xa2\x69boot_mode\x60\x65force\xf5", false), request(true, None));
    assert_eq!(read(b"\xa2\x65force\xf5\x65force\xf4", true), request(true, None));
}

#[test]
fn a_value_of_groups_that_is_no_list_is_met_again_as_a_key() {
    let read = |body: &[u8]| DetailsRequest::decode(body, Dialect::default());
    let all = Ok(DetailsRequest { entries: 0, groups: Some(Vec::new()) });
    assert_eq!(read(b"\xa1\x66groups\x62os"), all);
    assert_eq!(read(b"\xbf\x66groups\x62os\xff"), all);
    assert_eq!(read(b"\xa2\x66groups\x62os\x61a\x61b"), all);
    assert_eq!(read(b"\xbf\x66groups\x62os\x01\xff"), all);
    let refused = |body: &[u8]| matches!(read(body), Err(DetailsError::Refused(_)));
    assert!(refused(b"\xa2\x66groups\x62os\x61a\x01"), "the number is taken for a key");
    assert!(refused(b"\xa1\x66groups\x01"));
    assert!(refused(b"\xa1\x66groups\xf6"));
    assert!(refused(b"\xa2\x66groups\x66groups\x01\x01"), "the text is the key once more");
    assert!(refused(b"\xbf\x66groups\x62os"));
}

#[test]
fn a_definite_list_has_as_many_entries_as_it_says() {
    let mut body = Vec::new();
    let request = DetailsRequest { entries: 2, groups: Some(vec![0, 8]) };
    request.emit(&mut body, MapForm::Definite);
    assert_eq!(body, b"\xa1\x66groups\x82\0\x08");
    body.pop();
    assert_eq!(DetailsRequest::decode(&body, Dialect::default()), Err(DetailsError::Endless));
}
