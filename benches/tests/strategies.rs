//! What `docs/strategies.md` shows of measurements is what the models give. With `UPDATE_SNAPSHOTS=1`
//! it is written anew.

use benches::strategy_table::{MARKERS, table};

#[test]
fn the_table_of_the_strategies_is_what_its_command_prints() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/strategies.md");
    let document = std::fs::read_to_string(path).expect("docs/strategies.md is there");
    let [first, second] = MARKERS;
    let (head, rest) = document.split_once(first).expect("it has the first marker");
    let (shown, tail) = rest.split_once(second).expect("it has the second marker");
    let made = table();
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(path, format!("{head}{first}\n{made}{second}{tail}")).expect("writable");
    } else {
        assert!(shown.trim() == made.trim(), "docs/strategies.md should have:\n{made}");
    }
}
