//! An upload strategy of one's own, compared with a real client: `cargo run --release -p
//! smpsim-example-own-strategy`. Copy this folder, change `two_ahead.rs`, run it again.

mod two_ahead;

use client_model::Client;
use sim::report::{RunDoc, run, run_client};
use sim::scenario::{Scenario, Settings};
use sim::trace::Null;
use sim::world::Prepared;
use sim_core::Seed;
use two_ahead::TwoAhead;

fn main() {
    println!("{:>14}  {:>24}  {:>24}", "loss", "android, window 3", "two ahead");
    for loss_ppm in [0, 20_000, 50_000] {
        let scenario = prepared(&[&format!("link.loss_ppm={loss_ppm}")]);
        let real = run(&scenario, 1, Null).0.document;
        let own = own(&scenario, 1);
        println!("{:>12} %  {}  {}", loss_ppm / 10_000, line(&real), line(&own));
    }
}

/// The reference scenario with these settings.
fn prepared(settings: &[&str]) -> Prepared {
    let mut all = Settings::preset("reference").expect("a preset of the program");
    for setting in settings {
        all.set(setting).expect("a lawful setting");
    }
    let scenario = Scenario::resolve(&all).expect("values that fit together");
    Prepared::new(scenario, None, false).expect("images that fit their slots")
}

/// The scenario with the strategy of this crate instead of its own.
fn own(scenario: &Prepared, seed: u64) -> RunDoc {
    let config = scenario.client_config(Seed(seed));
    let client = Client::with_strategy(config, Box::new(TwoAhead::default()));
    run_client(scenario, seed, client, Null).0.document
}

/// Outcome, upload time and requests.
fn line(run: &RunDoc) -> String {
    let ms = run.upload_s.as_us() / 1_000;
    format!("{:>9} {:>3}.{:03} s {:>5}", run.outcome, ms / 1_000, ms % 1_000, run.smp.requests)
}

#[cfg(test)]
mod tests {
    use super::{own, prepared};
    use sim::report::run;
    use sim::trace::Null;

    #[test]
    fn it_updates_the_reference_as_fast_as_a_window_of_two_does() {
        let scenario = prepared(&["client.window=2"]);
        let (real, own) = (run(&scenario, 1, Null).0.document, own(&scenario, 1));
        assert_eq!((own.outcome, own.smp.timeouts), ("confirmed", 0));
        assert!(own.upload_s <= real.upload_s, "{:?}, {:?}", own.upload_s, real.upload_s);
    }

    #[test]
    fn bad_air_does_not_stop_it() {
        for seed in 1..=5 {
            let run = own(&prepared(&["link.loss_ppm=100000", "image.size=60000"]), seed);
            assert_eq!(run.outcome, "confirmed", "{:?}", run.error_text);
        }
    }

    #[test]
    fn a_chunk_that_the_server_has_no_buffer_for_ends_it_with_an_error() {
        let run = own(&prepared(&["server.buf_size=384", "expect.outcome=failed"]), 1);
        assert_eq!((run.outcome, run.error.as_deref()), ("failed", Some("not_acknowledged")));
    }
}
