//! The settings group: values in RAM and in storage, and what each failure is answered with.

mod support;

use flash_model::{Device, FlashView, Part, RadioSync};
use proptest::prelude::*;
use server_model::{HookRefusal, Profile, ServerConfig, Setting, SettingsOptions};
use smp_wire::cbor::MapForm;
use smp_wire::errors::{ErrorBody, GroupError, Rc, find_error};
use smp_wire::group::{SETTINGS, settings};
use smp_wire::header::{Header, put_len};
use smp_wire::settings::{NameRequest, ReadRequest, ReadResponse, WriteRequest};
use std::collections::BTreeMap;
use std::sync::Arc;
use support::World;
use support::requests::{READ, V2, WRITE};

const EMPTY: [u8; 2] = [0xbf, 0xff];

fn setting(name: &str, value: &[u8]) -> Setting {
    Setting { name: name.to_owned(), value: value.to_vec(), max_len: 40, ..Setting::default() }
}

fn options() -> SettingsOptions {
    let registered = vec![
        setting("app/a", b"1"),
        setting("app/b", b""),
        setting("id", b"x"),
        Setting { readable: false, ..setting("app/secret", b"s") },
        Setting { writable: false, ..setting("app/fixed", b"f") },
    ];
    SettingsOptions { registered, ..SettingsOptions::default() }
}

fn config(profile: Profile, options: SettingsOptions) -> ServerConfig {
    ServerConfig {
        profile,
        buf_size: 2048,
        settings: true,
        settings_options: Arc::new(options),
        ..ServerConfig::default()
    }
}

fn built(options: SettingsOptions) -> World {
    World::new(config(Profile::Z4x, options))
}

/// One request; the body of the response.
fn ask(world: &mut World, op: u8, id: u8, emit: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut frame = Vec::new();
    let header = Header { version: op >> 3, ..Header::request(op & 7, SETTINGS, id, 0) };
    smp_wire::begin(&mut frame, header);
    emit(&mut frame);
    put_len(&mut frame);
    world.body(&frame)
}

fn read(world: &mut World, op: u8, name: &str, max_size: Option<u32>) -> Vec<u8> {
    let request = ReadRequest { name: Some(name.as_bytes()), max_size };
    ask(world, op, settings::READ_WRITE, |out| request.emit(out, MapForm::Definite))
}

fn write(world: &mut World, op: u8, name: &str, val: &[u8]) -> Vec<u8> {
    let request = WriteRequest { name: Some(name.as_bytes()), val: Some(val) };
    ask(world, op, settings::READ_WRITE, |out| request.emit(out, MapForm::Definite))
}

fn delete(world: &mut World, op: u8, name: &str) -> Vec<u8> {
    let request = NameRequest { name: Some(name.as_bytes()) };
    ask(world, op, settings::DELETE, |out| request.emit(out, MapForm::Definite))
}

fn save(world: &mut World, op: u8, name: Option<&str>) -> Vec<u8> {
    let request = NameRequest { name: name.map(str::as_bytes) };
    ask(world, op, settings::LOAD_SAVE, |out| request.emit(out, MapForm::Definite))
}

fn value(world: &mut World, name: &str) -> Vec<u8> {
    let body = read(world, READ | V2, name, None);
    ReadResponse::decode(&body).expect("a value").val.to_vec()
}

fn group(rc: u16) -> ErrorBody {
    ErrorBody::Group { group: SETTINGS, rc }
}

#[test]
fn every_error_of_the_group_has_its_code_in_both_versions() {
    type Request = fn(&mut World, u8) -> Vec<u8>;
    let without_backend = || SettingsOptions { backend: false, ..options() };
    let too_much = || {
        let registered =
            (0..80).map(|n| Setting { value: vec![7; 250], ..setting(&format!("app/{n}"), b"") });
        SettingsOptions { registered: registered.collect(), ..SettingsOptions::default() }
    };
    let long = "n".repeat(32);
    let rows: [(&str, SettingsOptions, Request, i32, ErrorBody); 12] = [
        ("no room", too_much(), |w, v| save(w, WRITE | v, None), 1, group(1)),
        ("a long name", options(), |w, v| read(w, READ | v, &"n".repeat(32), None), 3, group(2)),
        (
            "a long subtree",
            options(),
            |w, v| save(w, WRITE | v, Some(&"n".repeat(32))),
            3,
            group(2),
        ),
        ("an unknown key", options(), |w, v| read(w, READ | v, "app/none", None), 5, group(3)),
        ("an unknown key", options(), |w, v| write(w, WRITE | v, "app/none", b"1"), 5, group(3)),
        ("nowhere to delete", without_backend(), |w, v| delete(w, WRITE | v, "id"), 5, group(3)),
        ("not readable", options(), |w, v| read(w, READ | v, "app/secret", None), 5, group(4)),
        ("an unknown handler", options(), |w, v| read(w, READ | v, "net/a", None), 1, group(5)),
        ("a long value", options(), |w, v| write(w, WRITE | v, "id", &[0; 41]), 1, group(5)),
        ("not writable", options(), |w, v| write(w, WRITE | v, "app/fixed", b""), 1, group(6)),
        ("no back end", without_backend(), |w, v| save(w, WRITE | v, None), 1, group(8)),
        ("an empty name", options(), |w, v| delete(w, WRITE | v, ""), 3, ErrorBody::Rc(3)),
    ];
    for (what, options, request, v1, v2) in rows {
        let answer =
            |version| find_error(&request(&mut built(options.clone()), version)).expect(what);
        assert_eq!((answer(0), answer(V2)), (ErrorBody::Rc(v1), v2), "{what}");
    }
    assert_eq!(value_of_name(&long[1..]), group(5), "31 characters are a name");
}

fn value_of_name(name: &str) -> ErrorBody {
    find_error(&read(&mut built(options()), READ | V2, name, None)).expect("no such setting")
}

#[test]
fn a_value_is_told_as_far_as_it_was_asked_for() {
    let options = SettingsOptions { value_len: 4, ..options() };
    let mut world = built(options);
    assert_eq!(write(&mut world, WRITE | V2, "app/a", b"123456"), EMPTY);
    for (asked, val, max_size) in [
        (None, "1234", None),
        (Some(0), "", None),
        (Some(2), "12", None),
        (Some(4), "1234", None),
        (Some(5), "1234", Some(4)),
        (Some(u32::MAX), "1234", Some(4)),
    ] {
        let body = read(&mut world, READ | V2, "app/a", asked);
        let expected = ReadResponse { val: val.as_bytes(), max_size };
        assert_eq!(ReadResponse::decode(&body), Ok(expected), "{asked:?}");
    }
}

#[test]
fn names_end_at_a_zero_or_an_equals_sign() {
    let mut world = built(options());
    for name in ["app/a\0b", "app/a=b"] {
        assert_eq!(value(&mut world, name), b"1");
    }
}

#[test]
fn what_was_saved_is_there_after_a_restart_and_the_rest_is_not() {
    let mut world = built(options());
    write(&mut world, WRITE | V2, "app/a", b"new");
    write(&mut world, WRITE | V2, "id", b"y");
    assert_eq!(save(&mut world, WRITE | V2, Some("app")), EMPTY);
    assert_eq!(world.erases_and_writes(), (0, 2), "blank flash takes a body and its header");
    write(&mut world, WRITE | V2, "app/b", b"late");
    world.start();
    assert_eq!(value(&mut world, "app/a"), b"new");
    assert_eq!(value(&mut world, "app/b"), b"");
    assert_eq!(value(&mut world, "id"), b"x");
}

#[test]
fn saving_what_is_stored_already_costs_nothing() {
    let mut world = built(options());
    save(&mut world, WRITE | V2, None);
    world.erases_and_writes();
    assert_eq!(save(&mut world, WRITE | V2, None), EMPTY);
    assert_eq!(world.erases_and_writes(), (0, 0));
}

#[test]
fn a_load_brings_back_what_is_stored() {
    let mut world = built(options());
    save(&mut world, WRITE | V2, None);
    write(&mut world, WRITE | V2, "app/a", b"other");
    assert_eq!(ask(&mut world, READ | V2, settings::LOAD_SAVE, |_| ()), EMPTY);
    assert_eq!(value(&mut world, "app/a"), b"1");
    assert_eq!(ask(&mut world, WRITE | V2, settings::COMMIT, |_| ()), EMPTY);
}

#[test]
fn a_deleted_setting_keeps_its_value_until_the_restart() {
    let mut world = built(options());
    write(&mut world, WRITE | V2, "id", b"y");
    save(&mut world, WRITE | V2, None);
    assert_eq!(delete(&mut world, WRITE | V2, "id"), EMPTY);
    assert_eq!(value(&mut world, "id"), b"y");
    world.start();
    assert_eq!(value(&mut world, "id"), b"x");
    world.erases_and_writes();
    assert_eq!(delete(&mut world, WRITE | V2, "anything"), EMPTY);
    assert_eq!(world.erases_and_writes(), (0, 0));
}

/// A server on a storage partition with these contents.
fn on_storage(contents: &[u8]) -> World {
    let config = config(Profile::Z4x, options());
    let mut flash = Device::new(Part::nrf52840(), RadioSync::None);
    flash.load(config.layout.storage.expect("a partition").start, contents);
    World::with_flash(config, flash)
}

#[test]
fn a_save_that_is_cut_short_leaves_the_settings_of_before() {
    let mut world = built(options());
    let storage = world.server.config().layout.storage.expect("a partition");
    let mut contents = Vec::new();
    for val in [&b"old"[..], b"new", b"third"] {
        let stored = value(&mut world, "id");
        write(&mut world, WRITE | V2, "id", val);
        save(&mut world, WRITE | V2, None);
        let before = std::mem::replace(
            &mut contents,
            world.flash.bytes(storage.start, storage.len).to_vec(),
        );
        if before.is_empty() {
            continue;
        }
        // The header of a half is written last: a cut leaves everything but that.
        let half = storage.len as usize / 2;
        let start = [0, half].into_iter().find(|&at| before[at..][..16] != contents[at..][..16]);
        let start = start.expect("a half that was written");
        for kept in [half, 40, 16] {
            let mut cut = contents.clone();
            cut[start..start + 16].fill(0xff);
            cut[start + kept..start + half].fill(0xff);
            assert_eq!(value(&mut on_storage(&cut), "id"), stored, "{kept} octets kept");
        }
        assert_eq!(value(&mut on_storage(&contents), "id"), val);
    }
}

#[test]
fn earlier_servers_report_every_save_as_done() {
    let options = SettingsOptions { backend: false, ..options() };
    let mut world = World::new(config(Profile::Z37, options));
    assert_eq!(save(&mut world, WRITE | V2, None), EMPTY);
    assert_eq!(ask(&mut world, WRITE | V2, settings::LOAD_SAVE, |out| out.push(0xff)), EMPTY);
    let mut world = World::new(config(Profile::Z32, SettingsOptions::default()));
    assert_eq!(find_error(&save(&mut world, WRITE, None)), Some(ErrorBody::Rc(8)));
}

#[test]
fn the_application_may_protect_settings() {
    let protected = vec![
        ("app/a".to_owned(), HookRefusal::Rc(Rc::AccessDenied)),
        ("id".to_owned(), HookRefusal::Group(GroupError::new(65, 7))),
    ];
    let mut world = built(SettingsOptions { protected, ..options() });
    let denied = read(&mut world, READ | V2, "app/a", None);
    assert_eq!(find_error(&denied), Some(ErrorBody::Rc(11)));
    let denied = write(&mut world, WRITE | V2, "id", b"");
    assert_eq!(find_error(&denied), Some(ErrorBody::Group { group: 65, rc: 7 }));
    assert_eq!(value(&mut world, "app/b"), b"");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn settings_survive_restarts_when_they_are_saved(
        rounds in prop::collection::vec(
            (prop::collection::vec((0..3_usize, prop::collection::vec(any::<u8>(), 0..40)), 0..5),
             any::<bool>()),
            1..8,
        ),
    ) {
        let names = ["app/a", "app/b", "id"];
        let mut world = built(options());
        let mut stored: BTreeMap<&str, Vec<u8>> =
            [("app/a", b"1".to_vec()), ("app/b", Vec::new()), ("id", b"x".to_vec())].into();
        for (writes, saves) in rounds {
            let mut current = stored.clone();
            for (n, val) in writes {
                prop_assert_eq!(write(&mut world, WRITE | V2, names[n], &val), EMPTY);
                current.insert(names[n], val);
            }
            for name in names {
                prop_assert_eq!(&value(&mut world, name), &current[name]);
            }
            if saves {
                prop_assert_eq!(save(&mut world, WRITE | V2, None), EMPTY);
                stored = current;
            }
            world.start();
            for name in names {
                prop_assert_eq!(&value(&mut world, name), &stored[name]);
            }
        }
    }
}
