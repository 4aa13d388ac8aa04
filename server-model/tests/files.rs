//! The file group: transfers, status, hashes, and what each failure is answered with.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use proptest::prelude::*;
use server_model::{FsOptions, HookRefusal, Profile, ServerConfig};
use sim_core::Span;
use smp_wire::cbor::MapForm;
use smp_wire::errors::{ErrorBody, GroupError, Rc, find_error};
use smp_wire::fs::{
    FileDownloadRequest, FileDownloadResponse, FileUploadRequest, FileUploadResponse, HashOutput,
    HashRequest, HashResponse, StatusRequest, StatusResponse,
};
use smp_wire::group::{FS, fs};
use smp_wire::header::{Header, put_len};
use std::sync::Arc;
use support::World;
use support::requests::{READ, V2, WRITE, err, frame};

const FILE: &str = "/lfs1/file";

fn options() -> FsOptions {
    FsOptions { crc32: true, sha256: true, hash_types: true, ..FsOptions::default() }
}

fn built(profile: Profile, options: FsOptions) -> World {
    World::new(ServerConfig {
        profile,
        buf_size: 1024,
        fs: true,
        fs_options: Arc::new(options),
        ..ServerConfig::default()
    })
}

/// One request; the body of the response.
fn ask(world: &mut World, op: u8, id: u8, emit: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut frame = Vec::new();
    let header = Header { version: op >> 3, ..Header::request(op & 7, FS, id, 0) };
    smp_wire::begin(&mut frame, header);
    emit(&mut frame);
    put_len(&mut frame);
    world.body(&frame)
}

fn upload(world: &mut World, op: u8, name: &str, off: u64, data: &[u8], len: u64) -> Vec<u8> {
    let (off, data, name) = (Some(off), Some(data), Some(name.as_bytes()));
    let request = FileUploadRequest { off, data, name, len: Some(len) };
    ask(world, op, fs::FILE, |out| request.emit(out, MapForm::Definite))
}

/// The offset that answers a chunk.
fn uploaded(world: &mut World, name: &str, off: u64, data: &[u8], len: u64) -> u64 {
    let body = upload(world, WRITE | V2, name, off, data, len);
    assert_eq!(find_error(&body), None, "{name} {off}");
    FileUploadResponse::decode(&body).unwrap().off.unwrap()
}

fn download(world: &mut World, op: u8, name: &str, off: u64) -> Vec<u8> {
    let request = FileDownloadRequest { off: Some(off), name: Some(name.as_bytes()) };
    ask(world, op, fs::FILE, |out| request.emit(out, MapForm::Definite))
}

/// A whole file, chunk by chunk.
fn downloaded(world: &mut World, name: &str) -> Vec<u8> {
    let mut file = Vec::new();
    loop {
        let body = download(world, READ | V2, name, file.len() as u64);
        assert_eq!(find_error(&body), None, "{name} {}", file.len());
        let response = FileDownloadResponse::decode(&body).unwrap();
        assert_eq!(response.len.is_some(), file.is_empty());
        if response.data.is_empty() {
            return file;
        }
        file.extend_from_slice(response.data);
    }
}

fn status(world: &mut World, op: u8, name: &str) -> Vec<u8> {
    let request = StatusRequest { name: Some(name.as_bytes()) };
    ask(world, op, fs::STATUS, |out| request.emit(out, MapForm::Definite))
}

fn len_of(world: &mut World, name: &str) -> u64 {
    StatusResponse::decode(&status(world, READ | V2, name)).unwrap().len
}

fn hash(world: &mut World, op: u8, request: &HashRequest<'_>) -> Vec<u8> {
    ask(world, op, fs::HASH, |out| request.emit(out, MapForm::Definite))
}

fn close(world: &mut World) {
    assert_eq!(ask(world, WRITE | V2, fs::CLOSE, |_| ()), [0xbf, 0xff]);
}

/// What a request is refused with in version 1 and in version 2 of a later server.
fn refusals(prepare: fn(&mut World), request: fn(&mut World, u8) -> Vec<u8>) -> (i32, ErrorBody) {
    let answer = |version: u8, profile| {
        let mut world = built(profile, FsOptions { block_count: 4, ..options() });
        prepare(&mut world);
        find_error(&request(&mut world, version)).expect("a refusal")
    };
    let ErrorBody::Rc(v1) = answer(0, Profile::Z4x) else { panic!("`err` in version 1") };
    let v2 = answer(V2, Profile::Z4x);
    if let ErrorBody::Group { group, rc } = v2 {
        assert_eq!(GroupError::new(group, rc).in_version_1().code(), v1);
    }
    (v1, v2)
}

fn group(rc: u16) -> ErrorBody {
    ErrorBody::Group { group: FS, rc }
}

fn has_file(world: &mut World) {
    assert_eq!(uploaded(world, FILE, 0, b"123456789", 9), 9);
}

fn is_full(world: &mut World) {
    for name in ["/lfs1/a", "/lfs1/b"] {
        uploaded(world, name, 0, &[1; 100], 100);
    }
}

#[test]
fn every_error_of_the_group_has_its_code_in_both_versions() {
    type Prepare = fn(&mut World);
    type Request = fn(&mut World, u8) -> Vec<u8>;
    let nothing: Prepare = |_| ();
    let rows: [(&str, Prepare, Request, i32, ErrorBody); 13] = [
        (
            "a directory is written",
            nothing,
            |w, v| upload(w, WRITE | v, "/lfs1", 0, b"a", 1),
            1,
            group(1),
        ),
        ("a name without a slash", nothing, |w, v| status(w, READ | v, "lfs1/x"), 3, group(2)),
        ("no such file", nothing, |w, v| download(w, READ | v, FILE, 0), 5, group(3)),
        ("a directory is read", nothing, |w, v| download(w, READ | v, "/lfs1/", 0), 1, group(4)),
        (
            "no such position",
            has_file,
            |w, v| download(w, READ | v, FILE, 0xffff_ffff),
            1,
            group(6),
        ),
        (
            "no block is left",
            is_full,
            |w, v| upload(w, WRITE | v, FILE, 0, &[1; 100], 100),
            1,
            group(10),
        ),
        ("wrong offset", has_file, |w, v| upload(w, WRITE | v, FILE, 4, b"a", 9), 1, group(11)),
        (
            "a hash from behind the end",
            has_file,
            |w, v| {
                let name = Some(FILE.as_bytes());
                hash(w, READ | v, &HashRequest { name, off: Some(9), ..HashRequest::default() })
            },
            1,
            group(12),
        ),
        (
            "an unknown hash",
            has_file,
            |w, v| {
                let (kind, name) = (Some(&b"md5"[..]), Some(FILE.as_bytes()));
                hash(w, READ | v, &HashRequest { kind, name, ..HashRequest::default() })
            },
            3,
            group(13),
        ),
        (
            "no such mount point",
            nothing,
            |w, v| upload(w, WRITE | v, "/x/y", 0, b"a", 1),
            5,
            group(14),
        ),
        (
            "a hash of nothing",
            |w| assert_eq!(uploaded(w, FILE, 0, b"", 0), 0),
            |w, v| {
                let name = Some(FILE.as_bytes());
                hash(w, READ | v, &HashRequest { name, ..HashRequest::default() })
            },
            1,
            group(16),
        ),
        ("an empty name", nothing, |w, v| status(w, READ | v, ""), 3, ErrorBody::Rc(3)),
        ("a long name", nothing, |w, v| status(w, READ | v, &"/".repeat(65)), 3, ErrorBody::Rc(3)),
    ];
    for (what, prepare, request, v1, v2) in rows {
        assert_eq!(refusals(prepare, request), (v1, v2), "{what}");
    }
}

#[test]
fn a_read_only_volume_takes_no_file() {
    for (profile, op, expected) in [
        (Profile::Z4x, WRITE | V2, group(15)),
        (Profile::Z4x, WRITE, ErrorBody::Rc(1)),
        (Profile::Z32, WRITE, ErrorBody::Rc(1)),
    ] {
        let mut world = built(profile, FsOptions { read_only: true, ..options() });
        let body = upload(&mut world, op, FILE, 0, b"a", 1);
        assert_eq!(find_error(&body), Some(expected));
    }
}

#[test]
fn a_wrong_offset_is_answered_with_the_right_one() {
    let mut world = built(Profile::Z37, options());
    assert_eq!(uploaded(&mut world, FILE, 0, &[1; 40], 100), 40);
    let body = upload(&mut world, WRITE | V2, FILE, 50, b"a", 100);
    let expected = err(8, 11).replace("ffff", &format!("ff{}1828ff", "636c656e"));
    assert_eq!(support::hex(&body), expected);
    assert_eq!(uploaded(&mut world, FILE, 40, &[2; 60], 100), 100);
    assert_eq!(downloaded(&mut world, FILE).len(), 100);
}

#[test]
fn early_servers_refuse_with_codes_of_the_protocol() {
    let mut world = built(Profile::Z32, options());
    let code = |body: &[u8]| match find_error(body) {
        Some(ErrorBody::Rc(rc)) => rc,
        other => panic!("{other:?}"),
    };
    assert_eq!(code(&upload(&mut world, WRITE, FILE, 7, b"a", 1)), 3, "no upload runs");
    assert_eq!(code(&upload(&mut world, WRITE, "/x/y", 0, b"a", 1)), 1);
    let body = upload(&mut world, WRITE, FILE, 0, b"1234", 9);
    assert_eq!(FileUploadResponse::decode(&body).unwrap().off, Some(4));
    assert_eq!(code(&upload(&mut world, WRITE, FILE, 5, b"a", 9)), 1, "wrong offset");
    assert_eq!(code(&upload(&mut world, WRITE, FILE, 4, b"567890", 9)), 3, "behind the end");
    assert_eq!(code(&download(&mut world, READ, "/lfs1/none", 0)), 5);
    assert_eq!(code(&download(&mut world, READ, "/lfs1", 0)), 1);
    assert_eq!(code(&download(&mut world, READ, "/lfs1", 1)), 5, "why is not looked at");
    assert_eq!(code(&status(&mut world, READ, "/")), 3);
    let request =
        HashRequest { kind: Some(b"md5"), name: Some(b"/lfs1/file"), ..Default::default() };
    assert_eq!(code(&hash(&mut world, READ, &request)), 3);
    assert_eq!(code(&ask(&mut world, WRITE, fs::CLOSE, |_| ())), 8, "there is no such command yet");
}

#[test]
fn an_early_upload_may_go_on_in_another_file() {
    let mut world = built(Profile::Z32, options());
    upload(&mut world, WRITE, FILE, 0, b"abc", 9);
    let body = upload(&mut world, WRITE, "/lfs1/other", 3, b"de", 9);
    assert_eq!(FileUploadResponse::decode(&body).unwrap().off, Some(5));
    let body = download(&mut world, READ, "/lfs1/other", 0);
    assert_eq!(FileDownloadResponse::decode(&body).unwrap().data, b"\0\0\0de");
}

#[test]
fn what_is_written_shows_when_the_file_is_closed() {
    let mut world = built(Profile::Z4x, options());
    uploaded(&mut world, FILE, 0, b"abc", 9);
    assert_eq!(len_of(&mut world, FILE), 0);
    close(&mut world);
    assert_eq!(len_of(&mut world, FILE), 3);
    uploaded(&mut world, FILE, 3, b"d", 9);
    assert_eq!(len_of(&mut world, FILE), 3);
    world.advance(Span::from_ms(999));
    assert_eq!(len_of(&mut world, FILE), 3);
    world.advance(Span::from_ms(1));
    assert_eq!(len_of(&mut world, FILE), 4, "nobody asked for a second");
}

#[test]
fn files_outlive_a_restart_but_not_what_was_not_closed() {
    let mut world = built(Profile::Z4x, options());
    has_file(&mut world);
    uploaded(&mut world, FILE, 9, b"lost", 99);
    world.start();
    assert_eq!(downloaded(&mut world, FILE), b"123456789");
    uploaded(&mut world, FILE, 9, b"kept", 99);
    let reset = frame(WRITE, 0, 5, "");
    world.body(&reset);
    world.advance(Span::from_ms(250));
    world.start();
    assert_eq!(len_of(&mut world, FILE), 9, "the reset came before the file was closed");
}

#[test]
fn a_restarted_upload_answers_with_an_offset_that_goes_on() {
    let mut world = built(Profile::Z4x, options());
    has_file(&mut world);
    uploaded(&mut world, FILE, 0, b"abc", 9);
    assert_eq!(uploaded(&mut world, FILE, 0, b"de", 5), 5);
    assert_eq!(downloaded(&mut world, FILE), b"de");
}

#[test]
fn a_fresh_file_whose_upload_is_restarted_holds_both_beginnings() {
    let mut world = built(Profile::Z4x, options());
    uploaded(&mut world, FILE, 0, b"abc", 9);
    assert_eq!(uploaded(&mut world, FILE, 0, b"de", 5), 5);
    assert_eq!(downloaded(&mut world, FILE), b"abcde");
}

#[test]
fn rewriting_a_block_needs_another_one() {
    let small = || FsOptions { block_count: 4, ..options() };
    let mut world = built(Profile::Z4x, small());
    is_full(&mut world);
    let body = upload(&mut world, WRITE | V2, "/lfs1/a", 100, b"x", 101);
    assert_eq!(find_error(&body), Some(group(10)));
    assert_eq!(downloaded(&mut world, "/lfs1/a").len(), 100, "as it was");
    uploaded(&mut world, "/lfs1/c", 0, &[7; 64], 64);
    assert_eq!(downloaded(&mut world, "/lfs1/c"), [7; 64], "small files need no block");
    assert_eq!(uploaded(&mut world, "/lfs1/a", 0, &[3; 50], 50), 50, "nor do files cut off");
    assert_eq!(uploaded(&mut world, "/lfs1/b", 100, b"x", 101), 101, "one block is free again");
}

#[test]
fn early_littlefs_keeps_a_block_for_a_file_that_is_cut_off() {
    let mut world = built(Profile::Z32, FsOptions { block_count: 4, ..options() });
    for name in ["/lfs1/a", "/lfs1/b"] {
        assert_eq!(find_error(&upload(&mut world, WRITE, name, 0, &[1; 100], 100)), None);
    }
    let body = upload(&mut world, WRITE, "/lfs1/a", 0, &[1; 10], 10);
    assert_eq!(find_error(&body), Some(ErrorBody::Rc(1)));
}

#[test]
fn directories_are_as_the_build_has_them() {
    let mut world =
        built(Profile::Z4x, FsOptions { directories: vec!["d".to_owned()], ..options() });
    assert_eq!(uploaded(&mut world, "/lfs1/d/x", 0, b"abc", 3), 3);
    assert_eq!(downloaded(&mut world, "/lfs1/d/../d//x"), b"abc");
    for (name, rc) in
        [("/lfs1/d", 4), ("/lfs1/d/", 4), ("/lfs1/e/x", 3), ("/lfs1/d/x/y", 1), ("/lfs1/d/x/", 1)]
    {
        assert_eq!(find_error(&status(&mut world, READ | V2, name)), Some(group(rc)), "{name}");
    }
}

#[test]
fn the_application_may_protect_files() {
    let denied = HookRefusal::Rc(Rc::AccessDenied);
    let group_denied = HookRefusal::Group(GroupError::new(65, 7));
    let protected = vec![("/lfs1/k".to_owned(), denied), ("/lfs1/g".to_owned(), group_denied)];
    for (profile, afterwards) in
        [(Profile::Z32, None), (Profile::Z37, Some(ErrorBody::Rc(10))), (Profile::Z4x, None)]
    {
        let mut world = built(profile, FsOptions { protected: protected.clone(), ..options() });
        let v = if profile == Profile::Z32 { 0 } else { V2 };
        has_early_file(&mut world, v);
        let body = upload(&mut world, WRITE | v, "/lfs1/g", 0, b"a", 1);
        let expected =
            if v == 0 { ErrorBody::Rc(1) } else { ErrorBody::Group { group: 65, rc: 7 } };
        assert_eq!(find_error(&body), Some(expected));
        let body = download(&mut world, READ | v, "/lfs1/key", 0);
        assert_eq!(find_error(&body), Some(ErrorBody::Rc(11)));
        let body = download(&mut world, READ | v, FILE, 0);
        assert_eq!(find_error(&body), afterwards, "{profile:?}");
    }
}

fn has_early_file(world: &mut World, v: u8) {
    let body = upload(world, WRITE | v, FILE, 0, b"abc", 3);
    assert_eq!(find_error(&body), None);
}

#[test]
fn hashes_go_through_the_part_that_was_asked_for() {
    let mut world = built(Profile::Z4x, options());
    has_file(&mut world);
    let name = Some(FILE.as_bytes());
    for (off, len, part) in [
        (None, None, &b"123456789"[..]),
        (Some(2), None, b"3456789"),
        (Some(2), Some(3), b"345"),
        (None, Some(1 << 32), b""),
        (None, Some((1 << 32) + 2), b"12"),
        (None, Some(99), b"123456789"),
    ] {
        let request = HashRequest { kind: None, name, off, len };
        let body = hash(&mut world, READ | V2, &request);
        let response = HashResponse::decode(&body).unwrap();
        assert_eq!(response.kind, b"crc32");
        assert_eq!(response.off, off.unwrap_or(0));
        assert_eq!(response.len, part.len() as u64);
        assert_eq!(response.output, HashOutput::Number(crc32fast::hash(part).into()));
    }
}

/// Requests that may follow each other in any order.
#[derive(Clone, Debug)]
enum Act {
    Upload(u8, u64, usize, u64),
    Download(u8, u64),
    Status(u8),
    Hash(u8, u64),
    Close,
    Wait(u64),
    Restart,
}

fn act() -> impl Strategy<Value = Act> {
    let off = prop_oneof![3 => Just(0), 3 => 0..300_u64, 1 => any::<u64>()];
    prop_oneof![
        6 => (0..6_u8, off.clone(), 0..900_usize, 0..2000_u64)
            .prop_map(|(name, off, data, len)| Act::Upload(name, off, data, len)),
        2 => (0..6_u8, off.clone()).prop_map(|(name, off)| Act::Download(name, off)),
        1 => (0..6_u8).prop_map(Act::Status),
        1 => (0..6_u8, off).prop_map(|(name, off)| Act::Hash(name, off)),
        1 => Just(Act::Close),
        1 => (0..1500_u64).prop_map(Act::Wait),
        1 => Just(Act::Restart),
    ]
}

fn path(name: u8) -> String {
    ["/lfs1/a", "/lfs1/bb", "/lfs1/d/a", "/lfs1", "/lfs1/d", "/x"][usize::from(name)].to_owned()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_asked_for_every_request_is_answered(
        acts in prop::collection::vec(act(), 1..60),
        early in any::<bool>(),
    ) {
        let profile = if early { Profile::Z32 } else { Profile::Z4x };
        let small = FsOptions {
            block_size: 512,
            block_count: 9,
            directories: vec!["d".to_owned()],
            ..options()
        };
        let mut world = built(profile, small);
        for act in acts {
            match act {
                Act::Upload(name, off, data, len) => {
                    upload(&mut world, WRITE | V2, &path(name), off, &vec![5; data], len);
                }
                Act::Download(name, off) => {
                    download(&mut world, READ | V2, &path(name), off);
                }
                Act::Status(name) => {
                    status(&mut world, READ | V2, &path(name));
                }
                Act::Hash(name, off) => {
                    let path = path(name);
                    let name = Some(path.as_bytes());
                    let request = HashRequest { name, off: Some(off), ..HashRequest::default() };
                    hash(&mut world, READ | V2, &request);
                }
                Act::Close => {
                    ask(&mut world, WRITE | V2, fs::CLOSE, |_| ());
                }
                Act::Wait(ms) => world.advance(Span::from_ms(ms)),
                Act::Restart => world.start(),
            }
        }
        let lens: Vec<u64> = ["/lfs1/a", "/lfs1/bb", "/lfs1/d/a"]
            .iter()
            .filter_map(|name| StatusResponse::decode(&status(&mut world, READ, name)).ok())
            .map(|response| response.len)
            .collect();
        prop_assert!(lens.iter().sum::<u64>() <= 9 * 512, "{lens:?}");
    }

    #[test]
    fn a_file_comes_back_as_it_went_however_it_is_cut(
        file in prop::collection::vec(any::<u8>(), 1..6000),
        cuts in prop::collection::vec(1..900_usize, 1..20),
        early in any::<bool>(),
    ) {
        let profile = if early { Profile::Z32 } else { Profile::Z4x };
        let mut world = built(profile, options());
        let (mut off, mut cuts) = (0, cuts.into_iter().cycle());
        while off < file.len() {
            let end = file.len().min(off + cuts.next().unwrap());
            let new_off =
                uploaded(&mut world, FILE, off as u64, &file[off..end], file.len() as u64);
            prop_assert_eq!(new_off, end as u64);
            off = end;
        }
        prop_assert_eq!(&downloaded(&mut world, FILE), &file);
        let request = HashRequest { name: Some(FILE.as_bytes()), ..HashRequest::default() };
        let body = hash(&mut world, READ | V2, &request);
        let output = HashResponse::decode(&body).unwrap().output;
        prop_assert_eq!(output, HashOutput::Number(crc32fast::hash(&file).into()));
    }
}
