//! What the README shows of measurements is what the models give. With `UPDATE_SNAPSHOTS=1` it is
//! written anew.

use benches::radio_table::{MARKERS, table};

#[test]
fn the_radio_table_of_the_readme_is_what_its_command_prints() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");
    let readme = std::fs::read_to_string(path).expect("there is a README");
    let [first, second] = MARKERS;
    let (head, rest) = readme.split_once(first).expect("the README has the first marker");
    let (shown, tail) = rest.split_once(second).expect("the README has the second marker");
    let made = table();
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(path, format!("{head}{first}\n{made}{second}{tail}")).expect("writable");
    } else {
        assert!(shown.trim() == made.trim(), "the README's table should be:\n{made}");
    }
}
