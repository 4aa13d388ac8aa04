//! Requests to the statistics, enumeration and basic groups and their answers, byte for byte.

mod support;

use flash_model::FlashView;
use server_model::{DropReason, Profile, ServerConfig};
use support::requests::{
    BASIC, EMPTY, ENUM, OS, RC_1, RC_3, RC_5, RC_7, RC_8, RC_9, READ, STAT, V2, WRITE, answer_of,
    ask, config, err, frame, in_both, map_of, text,
};
use support::{World, hex};

#[test]
fn counters_are_told_by_the_name_of_their_group() {
    let radio = format!("{}{}", text("name"), text("radio"));
    let fields = format!("{}bf{}19012c{}00ff", text("fields"), text("tx"), text("rx"));
    let told = format!("bf{radio}{fields}ff");
    let told_with_rc = format!("bf62726300{radio}{fields}ff");
    let body = map_of("name", &text("radio"));
    assert_eq!(ask(&config(Profile::Z30), READ, STAT, 0, &body), told_with_rc);
    for profile in [Profile::Z32, Profile::Z37, Profile::Z4x] {
        let config = config(profile);
        assert_eq!(ask(&config, READ, STAT, 0, &body), told, "{profile:?}");
        let legacy = ServerConfig { legacy_rc: true, ..config };
        assert_eq!(ask(&legacy, READ, STAT, 0, &body), told_with_rc, "{profile:?}");
    }
    let none = ask(&config(Profile::Z4x), READ, STAT, 0, &map_of("name", &text("none")));
    assert_eq!(none, format!("bf{}{}{}bfffff", text("name"), text("none"), text("fields")));
    let ended = ask(&config(Profile::Z4x), READ, STAT, 0, &map_of("name", "67726164696f0078"));
    assert_eq!(ended, format!("bf{}67726164696f0078{fields}ff", text("name")));
}

#[test]
fn groups_of_statistics_are_listed_whatever_the_payload() {
    let list = format!("{}9f{}{}ff", text("stat_list"), text("radio"), text("none"));
    for (profile, rc) in [
        (Profile::Z30, "62726300"),
        (Profile::Z32, "62726300"),
        (Profile::Z37, "62726300"),
        (Profile::Z4x, ""),
    ] {
        for body in ["", "a0", "ff"] {
            let told = ask(&config(profile), READ, STAT, 1, body);
            assert_eq!(told, format!("bf{rc}{list}ff"), "{profile:?}");
        }
    }
}

#[test]
fn a_name_that_nothing_has_is_refused_by_each_era_in_its_way() {
    let body = map_of("name", &text("nobody"));
    assert_eq!(ask(&config(Profile::Z32), READ, STAT, 0, &body), RC_1);
    let [v1, v2] = in_both(&config(Profile::Z4x), READ, STAT, 0, &body);
    assert_eq!((v1, v2), (RC_5.to_owned(), err(STAT, 3)));
    let z37 = config(Profile::Z37);
    assert_eq!(ask(&z37, READ | V2, STAT, 0, &body), err(BASIC, 3));
    // The basic group translates its own error 3 to success, after which nothing is sent; where it
    // is not built in, nobody translates.
    let mut world = World::new(z37.clone());
    assert!(world.exchange(&[&frame(READ, STAT, 0, &body)]).is_empty());
    assert_eq!(world.drops(), [DropReason::NoResponse]);
    assert_eq!(hex(&world.body(&frame(READ, OS, 0, "a1616460"))), "bf617260ff");
    let without = ServerConfig { erase_storage: false, ..z37 };
    assert_eq!(ask(&without, READ, STAT, 0, &body), RC_1);
}

#[test]
fn the_request_for_counters_is_read_by_hand_in_early_servers() {
    let name = |len: usize| format!("a1{}78{len:02x}{}", text("name"), "79".repeat(len));
    let behind = format!("a2{}{}01", text("name"), text("none"));
    let before = format!("a201{}{}", text("name"), text("none"));
    for (body, early, later) in [
        ("", RC_1, RC_3),
        ("80", RC_1, RC_3),
        ("a0", RC_3, RC_3),
        (&map_of("name", "01"), RC_3, RC_3),
        (&map_of("name", "60"), RC_3, RC_3),
        (&name(32), RC_3, RC_3),
        (&before, RC_3, RC_3),
    ] {
        assert_eq!(ask(&config(Profile::Z32), READ, STAT, 0, body), early, "{body}");
        assert_eq!(in_both(&config(Profile::Z4x), READ, STAT, 0, body), [later, later], "{body}");
    }
    assert_ne!(ask(&config(Profile::Z32), READ, STAT, 0, &behind), RC_3);
    assert_eq!(ask(&config(Profile::Z4x), READ, STAT, 0, &behind), RC_3);
    assert_eq!(ask(&config(Profile::Z4x), READ | V2, STAT, 0, &name(31)), err(STAT, 3));
}

/// Details of a group as they are told.
fn details(group: u16, name: &str, handlers: u8) -> String {
    let group = if group < 24 { format!("{group:02x}") } else { format!("18{group:02x}") };
    format!(
        "bf{}{group}{}{}{}{handlers:02x}ff",
        text("group"),
        text("name"),
        text(name),
        text("handlers")
    )
}

#[test]
fn groups_are_told_in_the_order_of_their_registration() {
    let config = config(Profile::Z4x);
    for body in ["", "a0", "ff"] {
        assert_eq!(ask(&config, READ, ENUM, 0, body), answer_of("count", "05"));
        assert_eq!(ask(&config, READ, ENUM, 1, body), answer_of("groups", "9f0a010002183fff"));
    }
    let all = [
        details(10, "enum mgmt", 4),
        details(1, "img mgmt", 6),
        details(0, "os mgmt", 9),
        details(2, "stat mgmt", 2),
        details(63, "zephyr basic mgmt", 1),
    ];
    let told = answer_of("groups", &format!("9f{}ff", all.concat()));
    for body in ["a0", "bfff", "a1617801", "a16667726f75707380", "a16667726f757073626f73"] {
        assert_eq!(ask(&config, READ, ENUM, 3, body), told, "{body}");
    }
}

#[test]
fn a_table_of_commands_is_as_long_as_its_highest_number_asks_for() {
    let os = |config: ServerConfig| ask(&config, READ, ENUM, 3, &map_of("groups", "8100"));
    let told = |handlers| answer_of("groups", &format!("9f{}ff", details(0, "os mgmt", handlers)));
    let config = || ServerConfig { bootloader_info: false, ..config(Profile::Z4x) };
    assert_eq!(os(config()), told(8));
    assert_eq!(os(ServerConfig { info: false, ..config() }), told(7));
    assert_eq!(os(ServerConfig { info: false, params: false, ..config() }), told(6));
    let plain = ServerConfig { enum_names: false, enum_handlers: false, ..config() };
    assert_eq!(os(plain), answer_of("groups", &format!("9fbf{}00ffff", text("group"))));
    assert_eq!(ask(&ServerConfig { enum_details: false, ..config() }, READ, ENUM, 3, "a0"), RC_8);
}

#[test]
fn one_group_is_told_by_its_place() {
    let config = config(Profile::Z4x);
    let index = |value: &str| map_of("index", value);
    let group = |value: &str| answer_of("group", value);
    for (body, told) in [
        ("a0".to_owned(), group("0a")),
        (index("00"), group("0a")),
        (index("01"), group("01")),
        (index("04"), format!("bf{}183f{}f5ff", text("group"), text("end"))),
        (index("1a00010000"), RC_3.to_owned()),
        (index("1b0000000000000000"), RC_3.to_owned()),
        (index("20"), RC_3.to_owned()),
        (index("f6"), RC_3.to_owned()),
        (String::new(), RC_3.to_owned()),
        (format!("a2{0}00{0}00", text("index")), RC_3.to_owned()),
    ] {
        let both = [told.clone(), told];
        assert_eq!(in_both(&config, READ, ENUM, 2, &body), both, "{body}");
    }
    for body in [index("05"), index("19ffff")] {
        assert_eq!(in_both(&config, READ, ENUM, 2, &body), [RC_1.to_owned(), err(ENUM, 4)]);
    }
    // Vector: index 1 of two groups.
    let two = ServerConfig { stat: false, erase_storage: false, image: false, ..config };
    let last = format!("bf{}00{}f5ff", text("group"), text("end"));
    assert_eq!(ask(&two, READ | V2, ENUM, 2, &index("01")), last);
}

#[test]
fn details_are_told_of_the_groups_asked_for() {
    let config = config(Profile::Z4x);
    let groups = |list: &str| map_of("groups", list);
    let told = |groups: &[String]| answer_of("groups", &format!("9f{}ff", groups.concat()));
    let os = || details(0, "os mgmt", 9);
    let stat = || details(2, "stat mgmt", 2);
    for (list, answer) in [
        ("8100", told(&[os()])),
        ("820200", told(&[os(), stat()])),
        ("9f0002ff", told(&[os(), stat()])),
        ("83000000", told(&[os()])),
        ("82184d00", told(&[os()])),
        ("81184d", told(&[])),
        ("811a00010000", told(&[os()])),
        ("811affffffff", told(&[])),
        ("8100ff", told(&[os()])),
        ("8120", RC_3.to_owned()),
        ("81f6", RC_3.to_owned()),
        ("818100", RC_3.to_owned()),
        ("81626f73", RC_3.to_owned()),
        ("8200f6", RC_3.to_owned()),
        ("811b0000000000000000", RC_3.to_owned()),
        ("00", RC_3.to_owned()),
        ("f6", RC_3.to_owned()),
        ("4100", RC_3.to_owned()),
        ("a0", RC_3.to_owned()),
    ] {
        let both = [answer.clone(), answer];
        assert_eq!(in_both(&config, READ, ENUM, 3, &groups(list)), both, "{list}");
    }
    let twice = format!("a2{0}8100{0}8100", text("groups"));
    assert_eq!(ask(&config, READ, ENUM, 3, &twice), RC_3);
    assert_eq!(ask(&config, READ, ENUM, 3, ""), RC_3);
}

#[test]
fn more_groups_than_there_is_room_for_are_refused_before_they_are_read() {
    let config = config(Profile::Z4x);
    let sixteen = map_of("groups", &format!("90{}", "00".repeat(16)));
    assert!(ask(&config, READ, ENUM, 3, &sixteen).contains(&text("os mgmt")));
    for element in ["00", "f6"] {
        let seventeen = map_of("groups", &format!("91{}", element.repeat(17)));
        let both = in_both(&config, READ, ENUM, 3, &seventeen);
        assert_eq!(both, [RC_3.to_owned(), err(ENUM, 2)]);
    }
}

#[test]
fn a_list_that_ends_before_its_elements_is_never_answered() {
    for body in [
        "a16667726f7570738200",
        "bf6667726f7570738403ff",
        "a16667726f7570739f00",
        "a16667726f75707381",
        "a16667726f75707398c800",
    ] {
        let mut world = World::new(config(Profile::Z4x));
        assert!(world.exchange(&[&frame(READ | V2, ENUM, 3, body)]).is_empty(), "{body}");
        assert_eq!(world.drops(), [DropReason::NoResponse]);
        assert_eq!(hex(&world.body(&frame(READ, OS, 0, "a1616460"))), "bf617260ff", "{body}");
    }
}

#[test]
fn details_that_outgrow_the_buffer_are_corrupt_and_the_last_break_is_too_large() {
    let with = |buf_size| {
        let config = ServerConfig { buf_size, ..config(Profile::Z4x) };
        ask(&config, READ, ENUM, 3, "a0")
    };
    let whole = with(2475).len() as u32 / 2 + 8;
    assert_ne!(with(whole), RC_7);
    assert_ne!(with(whole), RC_9);
    assert_eq!(with(whole - 1), RC_7);
    assert_eq!(with(whole - 2), RC_9);
    assert_eq!(with(96), RC_9);
}

#[test]
fn the_storage_partition_is_erased_whatever_the_payload() {
    for profile in Profile::ALL {
        for body in ["", "a0", "ff01", "a1617801"] {
            let mut world = World::new(config(profile));
            let storage = world.server.config().layout.storage.expect("the board has one");
            world.flash.load(storage.start, &[0; 16]);
            assert_eq!(hex(&world.body(&frame(WRITE, BASIC, 0, body))), EMPTY);
            assert_eq!(world.erases_and_writes(), (8, 0));
            assert!(world.flash.bytes(storage.start, storage.len).iter().all(|&b| b == 0xff));
        }
        assert_eq!(ask(&config(profile), WRITE, BASIC, 1, "a0"), RC_8);
        let mut without = config(profile);
        without.layout.storage = None;
        assert_eq!(ask(&without, WRITE, BASIC, 0, "a0"), RC_8);
    }
}
