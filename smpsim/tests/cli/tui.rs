//! `smpsim tui` where it cannot show anything.

use super::smpsim;

#[test]
fn without_a_terminal_it_refuses_and_says_what_to_use_instead() {
    let parts = ["tui: standard output is no terminal", "smpsim run"];
    smpsim(&["tui"]).refuses(&parts);
    smpsim(&["tui", "reference-lossy", "--set", "client.window=1", "--speed", "max"])
        .refuses(&parts);
}

#[test]
fn what_is_wrong_with_a_scenario_is_said_before_the_screen_is_touched() {
    smpsim(&["tui", "refrence"]).refuses(&["no preset \"refrence\""]);
    smpsim(&["tui", "--set", "client.windou=1"]).refuses(&["did you mean client.window?"]);
    smpsim(&["tui", "--image", "nowhere.bin"]).refuses(&["nowhere.bin"]);
    smpsim(&["tui", "--set", "fleet.devices=3"]).refuses(&["fleet.devices", "smpsim run"]);
    let seen = smpsim(&["tui", "--speed", "0"]).with_status(2);
    assert!(seen.err.contains("max, or a factor from 0.01 to 1000"), "{}", seen.err);
}
