//! Prints the table of `docs/strategies.md` between its markers; `cargo test -p smpsim-benches` holds
//! the two against each other.

use benches::strategy_table::{MARKERS, table};

fn main() {
    print!("{}\n{}{}\n", MARKERS[0], table(), MARKERS[1]);
}
