//! Prints the table of the README between its markers; `cargo test -p smpsim-benches` holds the two
//! against each other.

use benches::radio_table::{MARKERS, table};

fn main() {
    print!("{}\n{}{}\n", MARKERS[0], table(), MARKERS[1]);
}
