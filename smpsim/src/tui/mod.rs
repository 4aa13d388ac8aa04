//! `smpsim tui`: an update on the screen as it happens.
//!
//! `model` folds the trace into what is to be shown, `view` draws it, `session` moves time,
//! `screen` owns the terminal and the clock, `keys` says what each key does.

mod keys;
mod look;
mod model;
mod screen;
mod session;
mod speed;
#[cfg(test)]
mod tests;
mod view;

use crate::cli::RunArguments;
use crate::{Refusal, Verdict, run as update};
use clap::Args;
use look::Look;
use session::Session;
use speed::Speed;
use std::io::IsTerminal;
use std::path::PathBuf;

#[expect(clippy::doc_markdown, reason = "these comments are the help text")]
mod arguments {
    use super::{Args, PathBuf, Speed};

    #[derive(Args, Debug)]
    pub(crate) struct TuiArguments {
        /// Preset name or scenario file; `smpsim presets` lists the presets
        pub(crate) scenario: Option<String>,
        /// Install this image instead of the generated one
        #[arg(long, value_name = "FILE")]
        pub(crate) image: Option<PathBuf>,
        /// Seed of all randomness
        #[arg(long, default_value_t = 1, value_name = "N")]
        pub(crate) seed: u64,
        /// Change one setting, such as link.interval_us=7500; may be repeated
        #[arg(long, value_name = "KEY=VALUE")]
        pub(crate) set: Vec<String>,
        /// Virtual time per wall time, 0.01 to 1000, or max
        #[arg(long, value_name = "X", default_value = "10", value_parser = Speed::parse)]
        pub(crate) speed: Speed,
    }
}
pub(crate) use arguments::TuiArguments;

/// Shows one update until the user leaves.
pub(crate) fn run(arguments: &TuiArguments) -> Result<Verdict, Refusal> {
    let prepared = update::prepare(&RunArguments {
        scenario: arguments.scenario.clone(),
        image: arguments.image.clone(),
        set: arguments.set.clone(),
        seed: arguments.seed,
        ..RunArguments::default()
    })?;
    if prepared.scenario().fleet.devices > 1 {
        let hint = "the screen shows one device; set fleet.devices=1, or take smpsim run";
        return Err(Refusal(format!("tui: fleet.devices: {hint}")));
    }
    if !std::io::stdout().is_terminal() {
        let hint = "standard output is no terminal; smpsim run tells the same as text";
        return Err(Refusal(format!("tui: {hint}")));
    }
    let session = Session::new(&prepared, arguments.seed, arguments.speed);
    let expected = screen::show(session, Look::of_environment())
        .map_err(|e| Refusal(format!("tui: the terminal cannot be used: {e}")))?;
    Ok(if expected { Verdict::Yes } else { Verdict::No })
}
