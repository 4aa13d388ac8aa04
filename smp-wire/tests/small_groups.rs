//! Bodies of the file, settings and shell groups: what is written is read again, and no bytes make
//! a reader panic.

use proptest::prelude::*;
use smp_wire::cbor::{CborError, Dialect, MapForm};
use smp_wire::fs::{
    FileDownloadRequest, FileDownloadResponse, FileUploadRequest, FileUploadResponse, HashOutput,
    HashRequest, HashResponse, StatusRequest, StatusResponse,
};
use smp_wire::settings::{NameRequest, ReadRequest, ReadResponse, WriteRequest};
use smp_wire::shell::{ExecRequest, ExecResponse, Words};

const DIALECTS: [Dialect; 3] = [Dialect::Zcbor06, Dialect::Zcbor09, Dialect::Canonical];

/// The body as both forms write it; readers that take it in every dialect get the definite one.
fn bodies(emit: impl Fn(&mut Vec<u8>, MapForm)) -> [Vec<u8>; 2] {
    [MapForm::Definite, MapForm::Indefinite].map(|form| {
        let mut out = Vec::new();
        emit(&mut out, form);
        out
    })
}

proptest! {
    #[test]
    fn requests_are_read_as_they_were_written(
        name in prop::option::of("[a-z/]{0,40}"),
        bytes in prop::option::of(prop::collection::vec(any::<u8>(), 0..300)),
        a in prop::option::of(any::<u64>()),
        b in prop::option::of(any::<u64>()),
    ) {
        let (name, bytes) = (name.as_deref().map(str::as_bytes), bytes.as_deref());
        let max_size = a.map(|a| a as u32);
        let upload = FileUploadRequest { off: a, data: bytes, len: b, name };
        let download = FileDownloadRequest { off: a, name };
        let hash = HashRequest { kind: name, name, off: a, len: b };
        let (read, write) = (ReadRequest { name, max_size }, WriteRequest { name, val: bytes });
        for dialect in DIALECTS {
            let forms = if dialect == Dialect::Canonical { 1 } else { 2 };
            for n in 0..forms {
                let body = &bodies(|out, form| upload.emit(out, form))[n];
                prop_assert_eq!(FileUploadRequest::decode(body, dialect), Ok(upload));
                let body = &bodies(|out, form| download.emit(out, form))[n];
                prop_assert_eq!(FileDownloadRequest::decode(body, dialect), Ok(download));
                let body = &bodies(|out, form| hash.emit(out, form))[n];
                prop_assert_eq!(HashRequest::decode(body, dialect), Ok(hash));
                let body = &bodies(|out, form| StatusRequest { name }.emit(out, form))[n];
                prop_assert_eq!(StatusRequest::decode(body, dialect), Ok(StatusRequest { name }));
                let body = &bodies(|out, form| read.emit(out, form))[n];
                prop_assert_eq!(ReadRequest::decode(body, dialect), Ok(read));
                let body = &bodies(|out, form| write.emit(out, form))[n];
                prop_assert_eq!(WriteRequest::decode(body, dialect), Ok(write));
                let body = &bodies(|out, form| NameRequest { name }.emit(out, form))[n];
                prop_assert_eq!(NameRequest::decode(body, dialect), Ok(NameRequest { name }));
            }
        }
    }

    #[test]
    fn responses_are_read_as_they_were_written(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        rc in prop::option::of(Just(0)),
        off in any::<u64>(),
        len in prop::option::of(any::<u64>()),
        ret in any::<i32>(),
        legacy in any::<bool>(),
    ) {
        let chunk = FileDownloadResponse { rc, off, data: &bytes, len };
        let accepted = FileUploadResponse { rc, off: len };
        let status = StatusResponse { rc, len: off };
        let value = ReadResponse { val: &bytes, max_size: len.map(|len| len as u32) };
        let printed = ExecResponse { o: &bytes, ret };
        for n in 0..2 {
            let body = &bodies(|out, form| chunk.emit(out, form))[n];
            prop_assert_eq!(FileDownloadResponse::decode(body), Ok(chunk));
            let body = &bodies(|out, form| accepted.emit(out, form))[n];
            prop_assert_eq!(FileUploadResponse::decode(body), Ok(accepted));
            let body = &bodies(|out, form| status.emit(out, form))[n];
            prop_assert_eq!(StatusResponse::decode(body), Ok(status));
            let body = &bodies(|out, form| value.emit(out, form))[n];
            prop_assert_eq!(ReadResponse::decode(body), Ok(value));
            let body = &bodies(|out, form| printed.emit(legacy, out, form))[n];
            prop_assert_eq!(ExecResponse::decode(body), Ok(printed));
            for output in [HashOutput::Number(off), HashOutput::Bytes(&bytes)] {
                let hash = HashResponse { kind: b"crc32", off, len: off, output };
                let body = &bodies(|out, form| hash.emit(out, form))[n];
                prop_assert_eq!(HashResponse::decode(body), Ok(hash));
            }
        }
    }

    #[test]
    fn words_are_read_as_they_were_written(argv in prop::collection::vec("[a-z ]{0,30}", 0..30)) {
        let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
        for body in bodies(|out, form| ExecRequest { argv: &argv }.emit(out, form)) {
            let words: Vec<_> = Words::decode(&body, Dialect::Zcbor09).unwrap().collect();
            prop_assert_eq!(words, argv.iter().map(|word| word.as_bytes()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn no_bytes_make_a_reader_panic(body in prop::collection::vec(any::<u8>(), 0..80)) {
        for dialect in DIALECTS {
            let _ = FileUploadRequest::decode(&body, dialect);
            let _ = FileDownloadRequest::decode(&body, dialect);
            let _ = HashRequest::decode(&body, dialect);
            let _ = ReadRequest::decode(&body, dialect);
            let _ = WriteRequest::decode(&body, dialect);
            let _ = Words::decode(&body, dialect).map(Iterator::count);
        }
        let _ = FileDownloadResponse::decode(&body);
        let _ = HashResponse::decode(&body);
        let _ = ExecResponse::decode(&body);
    }
}

#[test]
fn offsets_and_lengths_of_files_have_sixty_four_bits() {
    let body = b"\xa2\x63off\x1b\0\0\0\x01\0\0\0\0\x64name\x61x";
    let request = FileDownloadRequest::decode(body, Dialect::Zcbor09).unwrap();
    assert_eq!(request.off, Some(1 << 32));
    let body = b"\xa2\x68max_size\x1b\0\0\0\0\0\0\0\x01\x64name\x61x";
    assert_eq!(ReadRequest::decode(body, Dialect::Zcbor09), Err(CborError::TooWide));
}
