//! The shell group: command lines, and what each failure is answered with.

mod support;

use server_model::{DeviceFacts, Profile, ServerConfig, ShellOptions};
use smp_wire::cbor::MapForm;
use smp_wire::errors::{ErrorBody, find_error};
use smp_wire::group::SHELL;
use smp_wire::header::{Header, put_len};
use smp_wire::shell::{ExecRequest, ExecResponse};
use std::sync::Arc;
use support::World;
use support::requests::{READ, V2, WRITE, frame};

fn built(profile: Profile, options: ShellOptions) -> World {
    World::new(ServerConfig {
        profile,
        buf_size: 1024,
        shell: true,
        shell_options: Arc::new(options),
        facts: Arc::new(DeviceFacts { kernel_version: "9.8.7".to_owned(), ..Default::default() }),
        ..ServerConfig::default()
    })
}

fn exec(profile: Profile, op: u8, argv: &[&str]) -> Vec<u8> {
    let mut frame = Vec::new();
    let header = Header { version: op >> 3, ..Header::request(op & 7, SHELL, 0, 0) };
    smp_wire::begin(&mut frame, header);
    ExecRequest { argv }.emit(&mut frame, MapForm::Definite);
    put_len(&mut frame);
    built(profile, ShellOptions::default()).body(&frame)
}

fn raw(op: u8, body: &str) -> Vec<u8> {
    built(Profile::Z4x, ShellOptions::default()).body(&frame(op, SHELL, 0, body))
}

#[test]
fn every_error_of_the_group_has_its_code_in_both_versions() {
    let long = "a".repeat(256);
    for (argv, rc) in [
        (&[&*long][..], 2),
        (&["kernel", &long[..249]], 2),
        (&[], 3),
        (&["kernel", &long[..248]], 0),
    ] {
        let later = Some(ErrorBody::Group { group: SHELL, rc }).filter(|_| rc > 0);
        let translated = Some(ErrorBody::Rc(3)).filter(|_| rc > 0);
        assert_eq!(find_error(&exec(Profile::Z4x, WRITE | V2, argv)), later);
        assert_eq!(find_error(&exec(Profile::Z4x, WRITE, argv)), translated);
        assert_eq!(find_error(&exec(Profile::Z32, WRITE, argv)), translated);
    }
    assert_eq!(find_error(&exec(Profile::Z4x, READ, &["kernel"])), Some(ErrorBody::Rc(8)));
}

#[test]
fn words_are_joined_by_one_space_and_what_they_do_is_told() {
    for argv in [&["kernel", "version"][..], &["kernel version"], &["ker\0nel"], &["nope"]] {
        let body = exec(Profile::Z4x, WRITE | V2, argv);
        let response = ExecResponse::decode(&body).unwrap();
        let (o, ret) = match argv[0] {
            "ker\0nel" => ("\r\n\x1b[1;31mker: command not found\r\n\x1b[m", -8),
            "nope" => ("\r\n\x1b[1;31mnope: command not found\r\n\x1b[m", -8),
            _ => ("\r\nZephyr version 9.8.7\r\n", 0),
        };
        assert_eq!(response, ExecResponse { o: o.as_bytes(), ret }, "{argv:?}");
    }
}

#[test]
fn the_list_of_words_ends_where_no_word_can_be_read() {
    let version = "666b65726e656c6776657273696f6e";
    for body in [
        &format!("a16461726776 82{version}"),
        &format!("a16461726776 83{version}"),
        &format!("a16461726776 9f{version}01ff"),
        &format!("a16461726776 9f{version}"),
        &format!("bf61780164 61726776 9f{version}f6"),
    ] {
        let answer = raw(WRITE | V2, &body.replace(' ', ""));
        assert_eq!(ExecResponse::decode(&answer).unwrap().ret, 0, "{body}");
    }
    for body in ["", "a0", "ff", "a1646172677661 61", "a1 01 80", "a16461726776"] {
        let answer = raw(WRITE | V2, &body.replace(' ', ""));
        assert_eq!(find_error(&answer), Some(ErrorBody::Rc(3)), "{body}");
    }
    for body in ["a1646172677681 01", "a1646172677681 f6", "a1646172677681 8161 61"] {
        let answer = raw(WRITE | V2, &body.replace(' ', ""));
        let expected = Some(ErrorBody::Group { group: SHELL, rc: 3 });
        assert_eq!(find_error(&answer), expected, "{body}");
    }
}

#[test]
fn an_option_calls_the_return_value_rc() {
    let options = ShellOptions { legacy_return_code: true, ..ShellOptions::default() };
    let body = "a1646172677681646e6f7065";
    let answer = built(Profile::Z32, options).body(&frame(WRITE, SHELL, 0, body));
    assert!(answer.ends_with(b"\x62rc\x27\xff"), "{answer:02x?}");
    assert!(raw(WRITE, body).ends_with(b"\x63ret\x27\xff"));
}
