//! The two commands of the OS group that time has to do with.

mod support;

use server_model::{HookRefusal, Profile, Rtc, ServerConfig};
use sim_core::Span;
use smp_wire::errors::{GroupError, Rc};
use support::requests::{
    EMPTY, OS, RC_1, RC_3, RC_5, READ, V2, WRITE, answer_of, ask, config, err, frame, in_both,
    map_of, text,
};
use support::{World, hex};

#[test]
fn the_clock_keeps_the_time_that_it_is_set_to_until_the_next_reset() {
    let mut world = World::new(config(Profile::Z4x));
    let read = frame(READ | V2, OS, 4, "");
    let shown = |world: &mut World| hex(&world.body(&frame(READ | V2, OS, 4, "")));
    assert_eq!(hex(&world.body(&read)), err(OS, 4));
    assert_eq!(hex(&world.body(&frame(READ, OS, 4, ""))), RC_5);

    let set = format!("a1{}73{}", text("datetime"), hex(b"2024-02-28T23:59:58"));
    assert_eq!(hex(&world.body(&frame(WRITE | V2, OS, 4, &set))), EMPTY);
    let at = |when: &str| answer_of("datetime", &text(when));
    assert_eq!(shown(&mut world), at("2024-02-28T23:59:58"));
    world.advance(Span::from_ms(1999));
    assert_eq!(shown(&mut world), at("2024-02-28T23:59:59"));
    world.advance(Span::from_ms(1));
    assert_eq!(shown(&mut world), at("2024-02-29T00:00:00"));
    world.advance(Span::from_s(86_400));
    assert_eq!(shown(&mut world), at("2024-03-01T00:00:00"));

    world.start();
    assert_eq!(shown(&mut world), err(OS, 4));
}

#[test]
fn a_running_clock_goes_on_through_a_reset() {
    let rtc = Rtc::Running { epoch_ms: 1_709_251_199_500 };
    let mut world = World::new(ServerConfig { rtc, datetime_ms: true, ..config(Profile::Z37) });
    let mut shown = |advance, start| {
        world.advance(advance);
        if start {
            world.start();
        }
        hex(&world.body(&frame(READ, OS, 4, "a0")))
    };
    let at = |when: &str| answer_of("datetime", &text(when));
    assert_eq!(shown(Span::ZERO, false), at("2024-02-29T23:59:59.500"));
    assert_eq!(shown(Span::from_ms(501), true), at("2024-03-01T00:00:00.001"));
}

#[test]
fn what_is_no_date_and_time_is_refused() {
    let config = config(Profile::Z4x);
    let refused =
        |body: &str| assert_eq!(in_both(&config, WRITE, OS, 4, body), [RC_3, RC_3], "{body}");
    refused("");
    refused("a0");
    refused("a1686461746574696d6501");
    for when in [
        "2024-02-28T23:59:5",
        "1899-12-31T23:59:59",
        "2024-13-01T00:00:00",
        "2024-01-01T00:00:61",
        "2024-01-01 at noon.",
    ] {
        refused(&map_of("datetime", &text(when)));
    }
    let long = format!("a1{}781a{}", text("datetime"), hex(&[b'2'; 26]));
    refused(&long);
}

#[test]
fn a_broken_clock_fails() {
    let config = ServerConfig { rtc: Rtc::Broken, ..config(Profile::Z4x) };
    let set = map_of("datetime", &text("2024-02-28T23:59:58"));
    for (op, body) in [(READ, ""), (WRITE, &*set)] {
        let [v1, v2] = in_both(&config, op, OS, 4, body);
        assert_eq!((v1, v2), (RC_1.to_owned(), err(OS, 5)));
    }
    assert_eq!(ask(&config, WRITE, OS, 4, "a0"), RC_3, "the request is read first");
}

#[test]
fn a_reset_takes_any_payload_and_comes_after_the_delay() {
    for profile in Profile::ALL {
        for body in ["", "a0", "ff00", "a165666f72636501", "80", "a165666f726365f5"] {
            let mut world = World::new(config(profile));
            assert_eq!(hex(&world.body(&frame(WRITE, OS, 5, body))), EMPTY, "{body}");
            world.advance(Span::from_ms(249));
            assert_eq!(hex(&world.body(&frame(READ, OS, 0, "a1616460"))), "bf617260ff");
            assert_eq!(world.resets, 0);
            world.advance(Span::from_ms(1));
            assert_eq!(world.resets, 1, "{profile:?} {body}");
        }
    }
}

#[test]
fn a_second_reset_request_starts_the_delay_over_in_early_servers_only() {
    for (profile, resets) in [(Profile::Z32, 0), (Profile::Z37, 1), (Profile::Z4x, 1)] {
        let mut world = World::new(config(profile));
        let reset = frame(WRITE, OS, 5, "a0");
        world.ask(&reset);
        world.advance(Span::from_ms(100));
        world.ask(&reset);
        world.advance(Span::from_ms(150));
        assert_eq!(world.resets, resets, "{profile:?}");
        world.advance(Span::from_ms(100));
        assert_eq!(world.resets, 1, "{profile:?}");
    }
}

#[test]
fn a_boot_mode_must_fit_an_octet_where_it_is_looked_at() {
    let known = config(Profile::Z4x);
    let unknown = ServerConfig { reset_boot_mode: false, ..known.clone() };
    let mode = |value: &str| map_of("boot_mode", value);
    for (body, with_option) in [
        (mode("01"), EMPTY),
        (mode("18ff"), EMPTY),
        (mode("190100"), RC_3),
        (mode("61"), EMPTY),
        // What stands before a fault counts, what is at fault or behind it does not.
        (format!("a2{}19012c01", text("boot_mode")), RC_3),
        (format!("a201{}19012c", text("boot_mode")), EMPTY),
        (format!("a2{}01{}19012c", text("boot_mode"), text("boot_mode")), EMPTY),
    ] {
        assert_eq!(in_both(&known, WRITE, OS, 5, &body), [with_option, with_option], "{body}");
        assert_eq!(in_both(&unknown, WRITE, OS, 5, &body), [EMPTY, EMPTY], "{body}");
    }
    let mut refused = World::new(known);
    refused.ask(&frame(WRITE, OS, 5, &mode("190100")));
    refused.advance(Span::from_s(1));
    assert_eq!(refused.resets, 0);
}

#[test]
fn an_application_may_refuse_a_reset() {
    let force = "a165666f726365f5";
    let busy = HookRefusal::Rc(Rc::Busy);
    let resets = |config: &ServerConfig, body: &str| {
        let mut world = World::new(config.clone());
        let told = hex(&world.body(&frame(WRITE, OS, 5, body)));
        world.advance(Span::from_s(1));
        (told, world.resets)
    };
    let refused = ("bf6272630aff".to_owned(), 0);
    let done = (EMPTY.to_owned(), 1);
    let early = ServerConfig { reset_hook: Some(busy), ..config(Profile::Z32) };
    assert_eq!(resets(&early, "a0"), refused);
    assert_eq!(resets(&early, force), refused);
    let later = ServerConfig { reset_hook: Some(busy), ..config(Profile::Z4x) };
    assert_eq!(resets(&later, "a0"), refused);
    assert_eq!(resets(&later, force), done);
    assert_eq!(resets(&later, &format!("a2{}f501", text("force"))), done);
    assert_eq!(resets(&later, &format!("a201{}f5", text("force"))), refused);
    let firm = ServerConfig { reset_hook_yields: false, ..later.clone() };
    assert_eq!(resets(&firm, force), refused);
    let group = HookRefusal::Group(GroupError::new(OS, 6));
    let with_error = ServerConfig { reset_hook: Some(group), ..later };
    assert_eq!(in_both(&with_error, WRITE, OS, 5, ""), [RC_5.to_owned(), err(OS, 6)]);
}
