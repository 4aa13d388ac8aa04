//! Requests to the OS group and their answers, byte for byte, in every era that answers differently.

mod support;

use flash_model::BootMode;
use server_model::{DeviceFacts, Profile, ServerConfig, Thread};
use std::sync::Arc;
use support::requests::{
    BASIC, ENUM, OS, RC_1, RC_3, RC_5, RC_7, RC_8, READ, Row, STAT, V2, WRITE, answer_of, ask,
    check, config, err, frame, in_both, map_of, text,
};
use support::{World, hex, unhex};

#[test]
fn an_early_echo_takes_nothing_behind_its_text() {
    let rows = [
        Row("good", WRITE, OS, 0, "a16164626869", "bf6172626869ff"),
        Row("read", READ, OS, 0, "a16164626869", "bf6172626869ff"),
        Row("key before", WRITE, OS, 0, "a261780161646179", "bf61726179ff"),
        Row("key behind", WRITE, OS, 0, "a261646179617801", RC_1),
        Row("no d", WRITE, OS, 0, "a0", RC_1),
        Row("no payload", WRITE, OS, 0, "", RC_1),
        Row("bytes", WRITE, OS, 0, "a161644179", RC_1),
        Row("no break", WRITE, OS, 0, "bf61646179", RC_1),
        Row("twice", WRITE, OS, 0, "a26164617961646179", RC_1),
    ];
    check(&config(Profile::Z30), &rows);
    check(&config(Profile::Z32), &rows);
}

#[test]
fn a_later_echo_is_a_map_like_any_other() {
    let rows = [
        Row("good", WRITE, OS, 0, "a16164626869", "bf6172626869ff"),
        Row("v2", WRITE | V2, OS, 0, "a16164626869", "bf6172626869ff"),
        Row("key before", WRITE, OS, 0, "a261780161646179", "bf61726179ff"),
        Row("key behind", WRITE, OS, 0, "a261646179617801", "bf61726179ff"),
        Row("no d", WRITE, OS, 0, "a0", "bf617260ff"),
        Row("no payload", WRITE, OS, 0, "", RC_3),
        Row("no payload, v2", WRITE | V2, OS, 0, "", RC_3),
        Row("bytes", WRITE, OS, 0, "a161644179", RC_3),
        Row("no break", WRITE, OS, 0, "bf61646179", RC_3),
        Row("twice", WRITE, OS, 0, "a26164617961646179", RC_3),
    ];
    check(&config(Profile::Z37), &rows);
    check(&config(Profile::Z4x), &rows);
}

#[test]
fn what_is_not_built_in_does_not_exist() {
    let bare = ServerConfig { echo: false, reset: false, ..ServerConfig::default() };
    for profile in Profile::ALL {
        let bare = ServerConfig { profile, ..bare.clone() };
        for (group, ids) in [(OS, 0..=9), (STAT, 0..=2), (ENUM, 0..=4), (BASIC, 0..=1)] {
            for id in ids {
                for op in [READ, WRITE] {
                    assert_eq!(ask(&bare, op, group, id, "a0"), RC_8, "{profile:?} {group} {id}");
                }
            }
        }
    }
}

#[test]
fn console_echo_and_memory_pools_exist_nowhere() {
    for profile in Profile::ALL {
        let config = config(profile);
        assert_eq!(ask(&config, WRITE, OS, 1, &map_of("echo", "01")), RC_8);
        assert_eq!(ask(&config, READ, OS, 3, "a0"), RC_8);
        assert_eq!(ask(&config, READ, OS, 9, "a0"), RC_8);
    }
}

#[test]
fn early_servers_have_neither_clock_nor_boot_loader_information_nor_enumeration() {
    let config = config(Profile::Z32);
    for (group, id) in [(OS, 4), (OS, 8), (ENUM, 0), (ENUM, 1), (ENUM, 2), (ENUM, 3)] {
        assert_eq!(ask(&config, READ, group, id, "a0"), RC_8, "{group} {id}");
    }
}

#[test]
fn a_command_has_no_handler_for_the_other_operation() {
    for profile in [Profile::Z32, Profile::Z4x] {
        let config = config(profile);
        for (op, group, id) in [
            (WRITE, OS, 2),
            (READ, OS, 5),
            (WRITE, OS, 6),
            (WRITE, OS, 7),
            (WRITE, OS, 8),
            (WRITE, STAT, 0),
            (WRITE, STAT, 1),
            (WRITE, ENUM, 0),
            (WRITE, ENUM, 1),
            (WRITE, ENUM, 2),
            (WRITE, ENUM, 3),
            (READ, BASIC, 0),
        ] {
            assert_eq!(ask(&config, op, group, id, "a0"), RC_8, "{profile:?} {op} {group} {id}");
        }
    }
}

#[test]
fn buffers_are_told_whatever_the_payload() {
    let told = "bf686275665f73697a651909ab696275665f636f756e7404ff";
    for profile in Profile::ALL {
        for body in ["a0", "", "ffff"] {
            assert_eq!(ask(&config(profile), READ, OS, 6, body), told);
        }
    }
    let canonical = ServerConfig { canonical: true, ..config(Profile::Z32) };
    let told = "a2686275665f73697a651909ab696275665f636f756e7404";
    assert_eq!(ask(&canonical, READ, OS, 6, "a0"), told);
}

#[test]
fn information_is_told_in_a_fixed_order() {
    let facts = DeviceFacts {
        node_name: "node".to_owned(),
        kernel_release: "r".to_owned(),
        kernel_version: "3.2.99".to_owned(),
        build_date: None,
        machine: "m".to_owned(),
        processor: "p".to_owned(),
        board: "b@1".to_owned(),
        ..DeviceFacts::default()
    };
    let dated = DeviceFacts { build_date: Some("today".to_owned()), ..facts.clone() };
    let rows = [
        ("", "Zephyr", "Zephyr"),
        ("s", "Zephyr", "Zephyr"),
        ("vs", "Zephyr 3.2.99", "Zephyr 3.2.99"),
        ("sss", "Zephyr", "Zephyr"),
        ("on", "node Zephyr", "node Zephyr"),
        ("ipm", "m p b@1", "m p b@1"),
        ("a", "Zephyr node r 3.2.99 m p b@1 Zephyr", "Zephyr node r 3.2.99 today m p b@1 Zephyr"),
        ("va", "Zephyr node r 3.2.99 m p b@1 Zephyr", "Zephyr node r 3.2.99 today m p b@1 Zephyr"),
    ];
    for profile in Profile::ALL {
        for (format, undated, told_date) in rows {
            for (facts, told) in [(&facts, undated), (&dated, told_date)] {
                let config = ServerConfig { facts: Arc::new(facts.clone()), ..config(profile) };
                let got =
                    World::new(config).body(&frame(READ, OS, 7, &map_of("format", &text(format))));
                let got = String::from_utf8_lossy(&got).into_owned();
                assert!(got.ends_with(&format!("{told}\u{fffd}")), "{format}: {got}");
            }
        }
    }
    let config = config(Profile::Z32);
    assert_eq!(ask(&config, READ, OS, 7, "a0"), "bf666f7574707574665a6570687972ff");
}

#[test]
fn a_letter_without_a_fact_is_refused() {
    for format in ["z", "sz", "s ", "A", "b"] {
        let body = map_of("format", &text(format));
        assert_eq!(ask(&config(Profile::Z32), READ, OS, 7, &body), RC_3, "{format}");
        for profile in [Profile::Z37, Profile::Z4x] {
            let [v1, v2] = in_both(&config(profile), READ, OS, 7, &body);
            assert_eq!((v1, v2), (RC_3.to_owned(), err(OS, 2)), "{format}");
        }
    }
    for profile in Profile::ALL {
        for body in ["", "a166666f726d61744173", "a166666f726d617401"] {
            assert_eq!(ask(&config(profile), READ, OS, 7, body), RC_3, "{body}");
        }
    }
}

#[test]
fn information_must_fit_its_buffer_with_the_closing_zero() {
    let told = |len: usize, info_max| {
        let facts = DeviceFacts { node_name: "n".repeat(len), ..DeviceFacts::default() };
        let config = ServerConfig { info_max, facts: Arc::new(facts), ..config(Profile::Z4x) };
        ask(&config, READ, OS, 7, &map_of("format", &text("n")))
    };
    assert_ne!(told(255, 256), RC_7);
    assert_eq!(told(256, 256), RC_7);
    assert_ne!(told(31, 32), RC_7);
    assert_eq!(told(32, 32), RC_7);
}

#[test]
fn threads_are_told_with_what_the_kernel_knows_of_them() {
    let thread = |stack_size, stack_used, runtime| Thread {
        name: "idle".to_owned(),
        priority: -1,
        tid: 0,
        state: 130,
        stack_size,
        stack_used,
        runtime,
    };
    let told = |thread: Thread, config: &ServerConfig| {
        let facts = DeviceFacts { threads: vec![thread], ..DeviceFacts::default() };
        ask(&ServerConfig { facts: Arc::new(facts), ..config.clone() }, READ, OS, 2, "")
    };
    let entry = |prio: &str, rest: &str| {
        let keys = format!("{}{prio}{}00{}1882", text("prio"), text("tid"), text("state"));
        format!("bf{}bf{}bf{keys}{rest}ffffff", text("tasks"), text("idle"))
    };
    let supported = config(Profile::Z4x);
    assert_eq!(told(thread(None, None, None), &supported), entry("20", ""));
    let stack = format!("{}190200{}06", text("stksiz"), text("stkuse"));
    assert_eq!(told(thread(Some(512), Some(6), None), &supported), entry("20", &stack));
    let unknown = format!("{}190200{}00", text("stksiz"), text("stkuse"));
    assert_eq!(told(thread(Some(512), None, None), &supported), entry("20", &unknown));
    let runtime = format!("{}1a00010000", text("runtime"));
    assert_eq!(told(thread(None, None, Some(65_536)), &supported), entry("20", &runtime));

    let all = ServerConfig { taskstat_only_supported: false, ..supported.clone() };
    let keys = ["runtime", "cswcnt", "last_checkin", "next_checkin"];
    let zeros: String = keys.iter().map(|key| text(key) + "00").collect();
    assert_eq!(told(thread(None, None, None), &all), entry("20", &zeros));

    let unsigned = ServerConfig { taskstat_signed_priority: false, ..supported };
    assert_eq!(told(thread(None, None, None), &unsigned), entry("1affffffff", ""));
}

#[test]
fn a_list_of_threads_that_outgrows_the_buffer_is_too_large() {
    for profile in Profile::ALL {
        let small = ServerConfig { buf_size: 96, ..config(profile) };
        assert_eq!(ask(&small, READ, OS, 2, "a0"), RC_7, "{profile:?}");
    }
}

#[test]
fn the_boot_loader_introduces_itself_and_tells_its_mode() {
    let name = answer_of("bootloader", &text("MCUboot"));
    let query = |what| map_of("query", &text(what));
    for profile in [Profile::Z37, Profile::Z4x] {
        let config = config(profile);
        assert_eq!(ask(&config, READ | V2, OS, 8, "a0"), name);
        assert_eq!(ask(&config, READ, OS, 8, "a1617801"), name);
        assert_eq!(ask(&config, READ, OS, 8, ""), RC_3);
        assert_eq!(ask(&config, READ, OS, 8, "a165717565727901"), RC_3);
        for (mode, number) in [
            (BootMode::SingleSlot, "00"),
            (BootMode::SwapScratch, "01"),
            (BootMode::OverwriteOnly { fast: true }, "02"),
            (BootMode::SwapMove, "03"),
            (BootMode::DirectXip { revert: false }, "04"),
            (BootMode::DirectXip { revert: true }, "05"),
            (BootMode::FirmwareLoader, "07"),
            (BootMode::RamLoad, "20"),
            (BootMode::SwapOffset, if profile == Profile::Z4x { "09" } else { "20" }),
        ] {
            let config = ServerConfig { boot_mode: mode, ..config.clone() };
            let told = ask(&config, READ, OS, 8, &query("mode"));
            assert_eq!(told, answer_of("mode", number), "{mode:?}");
        }
        let strict = ServerConfig { no_downgrade: true, ..config };
        let told = ask(&strict, READ, OS, 8, &query("mode"));
        assert_eq!(told, format!("bf{}03{}f5ff", text("mode"), text("no-downgrade")));
    }
    for what in ["", "modes", "name"] {
        let plain = in_both(&config(Profile::Z37), READ, OS, 8, &query(what));
        assert_eq!(plain, [RC_3, RC_3], "{what}");
        let [v1, v2] = in_both(&config(Profile::Z4x), READ, OS, 8, &query(what));
        assert_eq!((v1, v2), (RC_5.to_owned(), err(OS, 3)), "{what}");
    }
}

/// Whole frames: what is asked of which servers, request, response.
struct Vector(&'static str, &'static [Profile], &'static str, &'static str);

const EARLY: &[Profile] = &[Profile::Z30, Profile::Z32];
const LATER: &[Profile] = &[Profile::Z37, Profile::Z4x];

const VECTORS: &[Vector] = &[
    Vector("params, no payload", &Profile::ALL, "0000000000000106", PARAMS),
    Vector(
        "echo (write)",
        &Profile::ALL,
        "0200000600000500a16164626869",
        "0300000700000500bf6172626869ff",
    ),
    Vector(
        "echo (read)",
        &Profile::ALL,
        "0000000600000400a16164626869",
        "0100000700000400bf6172626869ff",
    ),
    Vector(
        "echo, flags",
        &Profile::ALL,
        "02aa000600000800a16164626869",
        "0300000700000800bf6172626869ff",
    ),
    Vector(
        "echo, version 2",
        EARLY,
        "0a00000600000800a16164626869",
        "0300000700000800bf6172626869ff",
    ),
    Vector(
        "echo, version 2",
        LATER,
        "0a00000600000100a16164626869",
        "0b00000700000100bf6172626869ff",
    ),
    Vector("echo, no break", EARLY, "0200000600000500bf6164626869", "0300000600000500bf62726301ff"),
    Vector("echo, no payload", EARLY, "0200000000000500", "0300000600000500bf62726301ff"),
    Vector("unknown id", &Profile::ALL, "0000000100000763a0", "0100000600000763bf62726308ff"),
    Vector("unknown group", &Profile::ALL, "00000001004d0700a0", "01000006004d0700bf62726308ff"),
    Vector("unknown group, v2", LATER, "08000001004d0200a0", "09000006004d0200bf62726308ff"),
    Vector("op 1", EARLY, "0100000600000800a16164626869", "0300000600000800bf62726303ff"),
    Vector("op 1", LATER, "0100000600000800a16164626869", "0300000600000800bf62726308ff"),
    Vector("version 3", LATER, "1200000600000300a16164626869", "0b00000600000300bf6272630dff"),
    Vector("reset", &Profile::ALL, "0200000000000705", "0300000200000705bfff"),
    Vector("reset, read", &Profile::ALL, "0000000100000705a0", "0100000600000705bf62726308ff"),
    Vector(
        "info",
        &Profile::ALL,
        "0000000100000607a0",
        "0100001000000607bf666f7574707574665a6570687972ff",
    ),
    Vector(
        "info vs",
        &Profile::ALL,
        "0000000b00000607a166666f726d6174627673",
        "0100001700000607bf666f75747075746d5a657068797220332e322e3939ff",
    ),
    Vector(
        "info z",
        &Profile::ALL,
        "0000000a00000607a166666f726d6174617a",
        "0100000600000607bf62726303ff",
    ),
    Vector(
        "info z, v2",
        LATER,
        "0800000a00000907a166666f726d6174617a",
        "0900001300000907bf63657272bf6567726f75700062726302ffff",
    ),
    Vector(
        "boot loader",
        LATER,
        "0800000100000a08a0",
        "0900001500000a08bf6a626f6f746c6f61646572674d4355626f6f74ff",
    ),
    Vector(
        "boot loader's mode",
        LATER,
        "0800000c00000b08a1657175657279646d6f6465",
        "0900000800000b08bf646d6f646503ff",
    ),
];

const PARAMS: &str = "0100001900000106bf686275665f73697a651909ab696275665f636f756e7404ff";

#[test]
fn whole_frames_are_answered_byte_for_byte() {
    for &Vector(what, profiles, request, response) in VECTORS {
        for &profile in profiles {
            let got = hex(&World::new(config(profile)).ask(&unhex(request)));
            assert_eq!(got, response, "{what} ({profile:?})");
        }
    }
}
