//! The shards of a sweep put together, in the order of the plan.

use super::read::Reader;
use super::row::{Heading, Row};
use super::shard::Shard;
use std::io::BufRead;

/// Why files are not put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MergeError<E> {
    /// A file is not that of a whole shard, or files do not belong together: which, and why.
    Input(String),
    /// The rows could not be given away.
    Row(E),
}

/// One file of a shard.
struct Part<R> {
    file: String,
    reader: Reader<R>,
    heading: Heading,
    /// Rows read so far.
    rows: u64,
}

impl<R: BufRead> Part<R> {
    fn wrong<E>(&self, problem: &str) -> MergeError<E> {
        MergeError::Input(format!("{}: {problem}", self.file))
    }

    /// The next row, which must be the shard's next run.
    fn next<E>(&mut self) -> Result<Row, MergeError<E>> {
        let shard = self.heading.shard;
        match self.reader.next_row() {
            Err(problem) => Err(self.wrong(&problem)),
            Ok(Some(row)) if row.run == shard.run(self.rows) => {
                self.rows += 1;
                Ok(row)
            }
            // A run is left out, or the file ends early: a sweep that was stopped.
            Ok(_) => {
                let (expected, of) = (shard.run(self.rows), shard.share(self.heading.runs));
                Err(self.wrong(&format!(
                    "run {expected} is missing: shard {shard} has {of} runs, and the sweep was \
                     stopped before all were carried out; run the shard again"
                )))
            }
        }
    }

    fn end<E>(&mut self) -> Result<(), MergeError<E>> {
        match self.reader.next_row() {
            Err(problem) => Err(self.wrong(&problem)),
            Ok(Some(row)) => {
                Err(self.wrong(&format!("run {} comes after the last of the shard", row.run)))
            }
            Ok(None) => Ok(()),
        }
    }
}

/// Puts files together that hold all shards of one sweep, by name. `begin` is told what the rows of
/// the whole have in common, then `row` takes them in the order of the plan.
///
/// # Errors
/// When the files do not belong together, are not complete, or do not make a whole: which and why.
/// Rows may have been given away by then.
pub fn merge<R: BufRead, E, T>(
    files: Vec<(String, R)>,
    begin: impl FnOnce(&Heading) -> Result<T, E>,
    mut row: impl FnMut(&mut T, &Row) -> Result<(), E>,
) -> Result<T, MergeError<E>> {
    let mut parts = Vec::with_capacity(files.len());
    for (file, from) in files {
        let reader =
            Reader::new(from).map_err(|problem| MergeError::Input(format!("{file}: {problem}")))?;
        // A shard of a sweep with fewer runs than shards has none.
        let Some(heading) = reader.heading().cloned() else { continue };
        parts.push(Part { file, reader, heading, rows: 0 });
    }
    let whole = together(&mut parts)?;
    let mut taken = begin(&whole).map_err(MergeError::Row)?;
    let of = parts.len() as u64;
    for run in 0..whole.runs {
        let part = &mut parts[(run % of) as usize];
        let next = part.next()?;
        row(&mut taken, &next).map_err(MergeError::Row)?;
    }
    for part in &mut parts {
        part.end()?;
    }
    Ok(taken)
}

/// Orders parts by their shards, and checks that they are all of one sweep.
fn together<R: BufRead, E>(parts: &mut [Part<R>]) -> Result<Heading, MergeError<E>> {
    let version = env!("CARGO_PKG_VERSION");
    for part in parts.iter() {
        if part.heading.version != version {
            return Err(part.wrong(&format!(
                "it was written by version {}, this is {version}; merge with the program that ran \
                 the shards",
                part.heading.version
            )));
        }
    }
    parts.sort_by_key(|part| part.heading.shard);
    let Some(first) = parts.first() else {
        return Err(MergeError::Input("no file has any rows".to_owned()));
    };
    let whole = Heading { shard: Shard::WHOLE, ..first.heading.clone() };
    for part in &parts[1..] {
        let heading = &part.heading;
        let pair = format!("{} and {}", first.file, part.file);
        if heading.plan != whole.plan {
            return Err(MergeError::Input(format!(
                "{pair} are of different sweeps: their plans are {} ({}) and {} ({})",
                whole.plan, whole.base, heading.plan, heading.base
            )));
        }
        if heading.shard.of() != first.heading.shard.of() {
            return Err(MergeError::Input(format!(
                "{pair} overlap: they are shards {} and {}",
                first.heading.shard, heading.shard
            )));
        }
        if (Heading { shard: Shard::WHOLE, ..heading.clone() }) != whole {
            return Err(MergeError::Input(format!(
                "{pair} have the same plan and differ in their last columns: one was edited"
            )));
        }
    }
    if let Some(two) = parts.windows(2).find(|two| two[0].heading.shard == two[1].heading.shard) {
        return Err(MergeError::Input(format!(
            "{} and {} overlap: both are shard {}",
            two[0].file, two[1].file, two[0].heading.shard
        )));
    }
    missing(parts, &whole)?;
    Ok(whole)
}

fn missing<R, E>(parts: &[Part<R>], whole: &Heading) -> Result<(), MergeError<E>> {
    let of = parts.first().map_or(1, |part| part.heading.shard.of());
    let missing: Vec<String> = (1..=of.min(whole.runs))
        .filter(|number| parts.iter().all(|part| part.heading.shard.number() != *number))
        .map(|number| format!("{number}/{of}"))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let shown = missing.iter().take(10).cloned().collect::<Vec<_>>().join(", ");
    let more = match missing.len() {
        11.. => format!(" and {} more", missing.len() - 10),
        _ => String::new(),
    };
    Err(MergeError::Input(format!("missing: shard {shown}{more}")))
}
