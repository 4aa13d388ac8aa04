//! `--strategy exec:CMD` with small programs of the shell; `.ci/peers` runs whole updates in Python
//! and C.

use crate::smpsim;

fn exec(program: &str) -> crate::Seen {
    smpsim(&["run", "--strategy", &format!("exec:{program}")])
}

#[test]
fn a_program_that_gives_up_ends_the_run_with_its_words() {
    let seen =
        exec(r#"read line; echo '{"do":"failed","reason":"no luck","code":7}'"#).with_status(1);
    assert!(seen.out.contains("external: the client program gave up: no luck"), "{}", seen.out);
    assert!(seen.out.contains("exec:read line"), "{}", seen.out);
    assert!(!seen.out.contains("what would shorten"), "{}", seen.out);
}

#[test]
fn a_program_is_told_the_image_and_then_the_connection() {
    let program = r#"read a; echo '{"do":"connect"}'; echo '{"do":"wait"}'; read b;
        printf '{"do":"failed","reason":"%s"}\n' "$(echo "$a$b" | tr -d '"{}')""#;
    let seen = exec(program).with_status(1);
    for part in ["event:start,now_us:0", "image_size:373928", "event:connected", "write_max:495"] {
        assert!(seen.out.contains(part), "{part} is missing in\n{}", seen.out);
    }
}

#[test]
fn time_stands_still_while_a_program_thinks_and_moves_by_its_timers() {
    let program = r#"read a; echo '{"do":"timer","after_us":5000000}'; echo '{"do":"wait"}'; read b;
        sleep 0; echo '{"do":"failed","reason":"enough"}'"#;
    let seen = exec(program).with_status(1);
    assert!(seen.out.starts_with("reference: failed after 5.000 s"), "{}", seen.out);
}

#[test]
fn a_program_that_breaks_the_rules_is_an_error_that_shows_the_line() {
    for (program, part) in [
        ("exit 3", "it ended"),
        ("true", "it ended"),
        ("no-such-program-anywhere", "it ended"),
        ("read a; echo hello; read b", "in the line \"hello\""),
        (r#"read a; echo '{"do":"dance"}'; read b"#, "unknown variant"),
        (r#"read a; echo '{"do":"send","hex":"0x"}'; echo '{"do":"wait"}'; read b"#, "hex digits"),
        (
            r#"read a; echo '{"do":"send","hex":"0a"}'; echo '{"do":"wait"}'; read b"#,
            "no SMP frame",
        ),
        (
            r#"read a; echo '{"do":"send","hex":"0200000500010001a0"}'; echo '{"do":"wait"}'; read b"#,
            "whose header tells 13",
        ),
        (
            r#"read a; echo '{"do":"timer","at_us":1,"after_us":1}'; echo '{"do":"wait"}'; read b"#,
            "not both",
        ),
        (
            r#"read a; echo '{"do":"timer","after_us":18446744073709551615}'; echo '{"do":"wait"}'; read b"#,
            "more than a year",
        ),
        (
            r#"while read a; do echo '{"do":"timer","after_us":0}'; echo '{"do":"wait"}'; done"#,
            "give its timers time",
        ),
        ("", "names no program"),
    ] {
        let seen = exec(program).with_status(2);
        assert!(seen.err.contains(part), "{program}: {}", seen.err);
        assert!(seen.out.is_empty(), "{program}: {}", seen.out);
    }
}

#[test]
fn a_program_that_waits_for_nothing_has_stalled() {
    let seen = exec(r#"read a; echo '{"do":"wait"}'; read b"#).with_status(1);
    assert!(seen.out.contains("strategy_stalled"), "{}", seen.out);
}

#[test]
fn a_program_plays_one_client_only() {
    let seen =
        smpsim(&["run", "--set", "fleet.devices=2", "--strategy", "exec:true"]).with_status(2);
    assert!(seen.err.contains("fleet.devices=1"), "{}", seen.err);
}

#[test]
fn a_sweep_compares_a_program_with_strategies() {
    let program = r#"exec:read a; echo '{"do":"failed","reason":"a, b"}'"#;
    let list = format!("android,{program}");
    let small = ["--set", "image.size=8000", "--set", "slot0.size=8000", "--seeds", "2"];
    let arguments = [&["sweep", "--strategy", &list, "--json"], &small[..]].concat();
    let document = smpsim(&arguments).with_status(0).json();
    assert_eq!(document["strategies"], serde_json::json!(["android", program]));
    let cells = document["cells"].as_array().expect("a list");
    assert_eq!((&cells[0]["failed"], &cells[1]["failed"]), (&0.into(), &2.into()));
    assert_eq!(cells[1]["failures"][0]["error"], "external");
    let command = cells[1]["worst"]["command"].as_str().expect("a text");
    assert!(command.contains("--strategy 'exec:read a; echo"), "{command}");
    let broken = [&["sweep", "--strategy", "exec:echo hello"], &small[..]].concat();
    let seen = smpsim(&broken).with_status(2);
    assert!(seen.err.contains("in the line \"hello\""), "{}", seen.err);
    assert!(seen.out.is_empty(), "{}", seen.out);
}
