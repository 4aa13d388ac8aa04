//! `smpsim sweep` and `smpsim merge`.

mod arguments;
mod environment;
mod files;
mod html;
mod parquet;
mod progress;
mod table;

pub(crate) use arguments::{MergeArguments, SweepArguments};

use crate::{Refusal, Verdict};
use files::Files;
use progress::Progress;
use sim::sweep::{self, Heading, MergeError};
use std::fs::File;
use std::io::BufReader;

/// Carries out a sweep, or the shard of it that is asked for.
pub(crate) fn run(arguments: &SweepArguments) -> Result<Verdict, Refusal> {
    let (plan, from) = arguments.plan()?;
    let heading = Heading::of(&plan);
    let mut files = Files::create(&arguments.outputs, &heading)?;
    if let Some(variable) = from {
        eprintln!("smpsim: shard {}, from {variable}", plan.shard());
    }
    let progress = Progress::new(heading, plan.share())?;
    let done = sweep::carry_out(&plan, arguments.threads.into(), &progress, |row| files.row(&row));
    progress.finish()?;
    let done = done?;
    let summary = files.keep()?;
    files::tell(&arguments.outputs, &summary)?;
    if done.is_complete() {
        return Ok(Verdict::Yes);
    }
    eprintln!("smpsim: stopped: {} of {} runs were carried out and are kept", done.rows, done.of);
    Ok(Verdict::No)
}

/// Puts shards together.
pub(crate) fn merge(arguments: &MergeArguments) -> Result<Verdict, Refusal> {
    let mut inputs = Vec::with_capacity(arguments.files.len());
    for path in &arguments.files {
        let name = path.display().to_string();
        if arguments.outputs.names(path) {
            return Err(Refusal(format!(
                "{name}: an output would replace this shard; name another"
            )));
        }
        let file = File::open(path).map_err(|e| Refusal(format!("{name}: {e}")))?;
        inputs.push((name, BufReader::new(file)));
    }
    let files =
        sweep::merge(inputs, |heading| Files::create(&arguments.outputs, heading), Files::row);
    let files = files.map_err(|e| match e {
        MergeError::Row(refusal) => refusal,
        MergeError::Input(problem) => Refusal(problem),
    })?;
    let summary = files.keep()?;
    files::tell(&arguments.outputs, &summary)?;
    Ok(Verdict::Yes)
}
