//! What the documents show of measurements of strategies is what the models give. With
//! `UPDATE_SNAPSHOTS=1` it is written anew.

use benches::{fault_table, strategy_table};

/// Holds what stands between two markers of a document against what was made.
fn held(document: &str, markers: [&str; 2], made: &str) {
    let path = format!("{}/../docs/{document}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect("the document is there");
    let [first, second] = markers;
    let (head, rest) = text.split_once(first).expect("it has the first marker");
    let (shown, tail) = rest.split_once(second).expect("it has the second marker");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        let all = format!("{head}{first}\n{made}{second}{tail}");
        std::fs::write(path, all).expect("writable");
    } else {
        assert!(shown.trim() == made.trim(), "docs/{document} should have:\n{made}");
    }
}

#[test]
fn the_table_of_the_strategies_is_what_its_command_prints() {
    held("strategies.md", strategy_table::MARKERS, &strategy_table::table());
}

#[test]
fn the_table_of_lost_answers_is_what_the_models_give() {
    held("sweep.md", fault_table::MARKERS, &fault_table::table());
}
