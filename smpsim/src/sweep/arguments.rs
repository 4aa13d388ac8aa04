//! Arguments of `smpsim sweep` and `smpsim merge`.

#![expect(
    clippy::doc_markdown,
    reason = "these comments are the help text, which has no backticks"
)]

use super::environment;
use crate::Refusal;
use crate::cli::RunArguments;
use crate::run;
use clap::Args;
use sim::sweep::{Axis, Order, Plan, Seeds, Shard, command_line};
use std::path::PathBuf;

/// Runs each strategy with each combination of varied settings and each seed.
///
/// Without --strategy: the strategy of the scenario. Rows are the same at any number of threads.
///
/// Exit status: 0 all runs were carried out, whatever the transfers did; 1 it was stopped before (Ctrl-C):
/// the files have the rows that there are; 2 the input or usage was wrong.
#[derive(Args, Debug)]
pub(crate) struct SweepArguments {
    /// Preset name or scenario file; `smpsim presets` lists the presets
    pub(super) scenario: Option<String>,
    /// Strategies to compare, with commas between; `all` is all of them. exec:CMD, which stands last, is
    /// a program of yours
    #[arg(long, value_name = "A,B|all")]
    pub(super) strategy: Option<String>,
    /// Vary one setting, such as link.loss_ppm=0,20000,50000; may be repeated: each value with each
    #[arg(long, value_name = "KEY=V1,V2")]
    pub(super) vary: Vec<String>,
    /// Change one setting for all runs, such as link.interval_us=7500; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,
    /// Install this image instead of the generated one
    #[arg(long, value_name = "FILE")]
    pub(super) image: Option<PathBuf>,
    /// Take an image that is broken or too large, to see what the device does with it
    #[arg(long, requires = "image")]
    pub(super) force: bool,
    /// Take partitions from this file, or from the layout preset of this name
    #[arg(long, value_name = "FILE|NAME")]
    pub(super) layout: Option<PathBuf>,
    /// Take the server's options from a build's .config or a project's prj.conf; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(super) kconfig: Vec<PathBuf>,
    /// Seeds for each combination
    #[arg(long, default_value_t = 10, value_name = "N")]
    pub(super) seeds: u64,
    /// The first seed; the others follow it
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(super) first_seed: u64,
    /// Threads, 1024 at most; 0 takes all cores
    #[arg(long, default_value_t = 0, value_name = "N", value_parser = clap::value_parser!(u16).range(0..=1024))]
    pub(super) threads: u16,
    /// Carry out the Ith of N parts, I from 1. Without it the part comes from the environment of a Slurm
    /// array (SLURM_ARRAY_TASK_ID and _COUNT), a Kubernetes Indexed Job (JOB_COMPLETION_INDEX, with
    /// JOB_COMPLETIONS set by you) or GitLab's parallel jobs (CI_NODE_INDEX, CI_NODE_TOTAL)
    #[arg(long, value_name = "I/N")]
    pub(super) shard: Option<String>,
    #[command(flatten)]
    pub(super) outputs: Outputs,
}

/// Puts the shards of a sweep together: the same files as from the sweep in one piece.
///
/// Exit status: 0, or 2 when the files do not make one whole sweep.
#[derive(Args, Debug)]
pub(crate) struct MergeArguments {
    /// What each shard wrote with --csv or --jsonl
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) outputs: Outputs,
}

/// What is written.
#[derive(Args, Debug)]
pub(crate) struct Outputs {
    /// Write a row a run as CSV
    #[arg(long, value_name = "FILE")]
    pub(super) csv: Option<PathBuf>,
    /// Write a row a run as JSON lines
    #[arg(long, value_name = "FILE")]
    pub(super) jsonl: Option<PathBuf>,
    /// Write a row a run as Parquet; a program built with --features parquet can
    #[arg(long, value_name = "FILE")]
    pub(super) parquet: Option<PathBuf>,
    /// Write a report with plots: one page that needs no network
    #[arg(long, value_name = "FILE")]
    pub(super) html: Option<PathBuf>,
    /// Print one JSON document (schema smpsim.sweep/1)
    #[arg(long)]
    pub(super) json: bool,
}

impl Outputs {
    /// Refuses two outputs to one file.
    pub(super) fn differ(&self) -> Result<(), Refusal> {
        let all = [&self.csv, &self.jsonl, &self.parquet, &self.html];
        let mut seen: Vec<PathBuf> = Vec::new();
        for path in all.into_iter().flatten() {
            let place = std::path::absolute(path).unwrap_or_else(|_| path.clone());
            if path.is_file() || !path.exists() {
                if seen.contains(&place) {
                    let path = path.display();
                    return Err(Refusal(format!("{path}: two outputs to one file; name another")));
                }
                seen.push(place);
            }
        }
        Ok(())
    }

    /// Whether an output would take the place of this file.
    pub(super) fn names(&self, file: &std::path::Path) -> bool {
        let place = |path: &std::path::Path| std::fs::canonicalize(path).ok();
        let outputs = [&self.csv, &self.jsonl, &self.parquet, &self.html];
        let file = place(file);
        file.is_some() && outputs.into_iter().flatten().any(|output| place(output) == file)
    }
}

impl SweepArguments {
    /// What is to be run, and where the shard is from when the environment says it.
    pub(super) fn plan(&self) -> Result<(Plan, Option<&'static str>), Refusal> {
        let axes = self.vary.iter().map(|vary| Axis::parse(vary)).collect::<Result<Vec<_>, _>>();
        let axes = axes.map_err(Refusal::new)?;
        let strategies = self.strategy.as_deref().map(Plan::strategies).transpose();
        let strategies = strategies.map_err(Refusal::new)?;
        let (shard, from) = self.shard()?;
        let run = self.as_run();
        let settings = run::settings(&run)?.0;
        if strategies.is_some() && self.set.iter().any(|set| names_strategy(set)) {
            return Err(Refusal(
                "--set client.strategy and --strategy contradict each other; take one".to_owned(),
            ));
        }
        let strategies = match strategies {
            Some(strategies) => strategies,
            None => Plan::strategies(settings.get("client.strategy").to_string().trim_matches('"'))
                .map_err(Refusal::new)?,
        };
        let image = self.image.as_deref().map(|path| run::image(path, &run)).transpose()?;
        let order = Order {
            base: self.base(),
            settings,
            image,
            more_images: run::further_images(&run)?,
            force: self.force,
            strategies,
            axes,
            seeds: Seeds { first: self.first_seed, count: self.seeds },
            shard,
        };
        Ok((Plan::new(order).map_err(Refusal::new)?, from))
    }

    fn shard(&self) -> Result<(Shard, Option<&'static str>), Refusal> {
        match &self.shard {
            Some(text) => {
                let shard = Shard::parse(text).map_err(|e| Refusal(format!("--shard: {e}")))?;
                Ok((shard, None))
            }
            None => environment::shard(&|name| std::env::var(name).ok()).map_err(Refusal),
        }
    }

    /// The arguments of one run that all runs share.
    fn as_run(&self) -> RunArguments {
        RunArguments {
            scenario: self.scenario.clone(),
            image: self.image.clone(),
            force: self.force,
            layout: self.layout.clone(),
            kconfig: self.kconfig.clone(),
            set: self.set.clone(),
            ..RunArguments::default()
        }
    }

    /// The same as words on a command line.
    fn base(&self) -> String {
        let path = |path: &PathBuf| path.display().to_string();
        let mut words = vec![self.scenario.clone().unwrap_or_else(|| "reference".to_owned())];
        let mut option = |name: &str, value: String| words.extend([name.to_owned(), value]);
        self.image.iter().for_each(|image| option("--image", path(image)));
        self.layout.iter().for_each(|layout| option("--layout", path(layout)));
        self.kconfig.iter().for_each(|kconfig| option("--kconfig", path(kconfig)));
        self.set.iter().for_each(|set| option("--set", set.clone()));
        if self.force {
            words.push("--force".to_owned());
        }
        command_line(words.iter().map(String::as_str))
    }
}

fn names_strategy(set: &str) -> bool {
    set.split('=').next().is_some_and(|key| key.trim() == "client.strategy")
}
