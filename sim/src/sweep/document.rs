//! The JSON document of a sweep.

use super::cell::word;
use super::summary::{CellSummary, Spread, Summary};
use crate::report::seconds;
use crate::scenario::value::Value;
use serde::Serialize;
use sim_core::Span;

/// `smpsim.sweep/1`: what the runs of each cell came to. It holds no wall time.
#[derive(Clone, Debug, Serialize)]
pub struct SweepDoc {
    /// `smpsim.sweep/1`.
    pub schema: &'static str,
    /// Version of the program.
    pub version: String,
    /// Digest of the plan.
    pub plan: String,
    /// Arguments of `smpsim run` that all runs share.
    pub base: String,
    /// The part of the plan that was run.
    pub shard: String,
    /// Runs of the whole plan.
    pub runs: u64,
    /// Seeds of each cell.
    pub seeds: u64,
    /// Rows that there are.
    pub rows: u64,
    /// Runs that were carried out.
    pub done: u64,
    /// Runs that failed.
    pub failed: u64,
    /// Strategies in order.
    pub strategies: Vec<String>,
    /// Varied settings.
    pub vary: Vec<VaryDoc>,
    /// Cells in order.
    pub cells: Vec<CellDoc>,
}

/// A varied setting.
#[derive(Clone, Debug, Serialize)]
pub struct VaryDoc {
    /// Its key.
    pub key: &'static str,
    /// Its values in order.
    pub values: Vec<serde_json::Value>,
}

/// A cell.
#[derive(Clone, Debug, Serialize)]
pub struct CellDoc {
    /// Its number, from 0.
    pub cell: u64,
    /// Who uploads.
    pub strategy: String,
    /// Values of the varied settings, in the order of `vary`.
    pub values: Vec<serde_json::Value>,
    /// Why it cannot be run, or null.
    pub not_applicable: Option<String>,
    /// Runs that were carried out.
    pub done: u64,
    /// Runs that failed.
    pub failed: u64,
    /// Why.
    pub failures: Vec<FailureDoc>,
    /// From start to end, of runs that did not fail; null without any.
    pub duration_s: Option<SpanDoc>,
    /// Upload, of runs that completed it; null without any.
    pub upload_s: Option<SpanDoc>,
    /// Image size by the median of the upload time, octets a second, or null.
    #[serde(rename = "goodput_Bps")]
    pub goodput_bps: Option<u64>,
    /// Image octets sent again, or null without runs.
    pub wasted_octets: Option<CountDoc>,
    /// Size of the image.
    pub image_octets: u64,
    /// Packet buffers of the server.
    pub ram_octets: u64,
    /// The first run that failed, or else the longest; null without runs.
    pub worst: Option<WorstDoc>,
}

/// Failures of one kind.
#[derive(Clone, Debug, Serialize)]
pub struct FailureDoc {
    /// Name of the error.
    pub error: &'static str,
    /// Runs.
    pub runs: u64,
}

/// A spread of times, seconds.
#[derive(Clone, Debug, Serialize)]
pub struct SpanDoc {
    /// Least.
    #[serde(serialize_with = "seconds")]
    pub min: Span,
    /// Of half of the runs.
    #[serde(serialize_with = "seconds")]
    pub median: Span,
    /// Of nine tenths.
    #[serde(serialize_with = "seconds")]
    pub p90: Span,
    /// Of 99 of 100.
    #[serde(serialize_with = "seconds")]
    pub p99: Span,
    /// Most.
    #[serde(serialize_with = "seconds")]
    pub max: Span,
}

/// A spread of numbers.
#[derive(Clone, Debug, Serialize)]
pub struct CountDoc {
    /// Of half of the runs.
    pub median: u64,
    /// Of 99 of 100.
    pub p99: u64,
    /// Most.
    pub max: u64,
}

/// A run to look at.
#[derive(Clone, Debug, Serialize)]
pub struct WorstDoc {
    /// Its seed.
    pub seed: u64,
    /// Why it failed, or null.
    pub error: Option<&'static str>,
    /// How long it was.
    #[serde(serialize_with = "seconds")]
    pub duration_s: Span,
    /// The command that carries it out again.
    pub command: String,
}

impl Summary {
    /// The document.
    pub fn document(&self) -> SweepDoc {
        let (heading, counts) = (&self.heading, self.counts());
        let mut strategies = Vec::new();
        for cell in &self.cells {
            let name = cell.cell.strategy.name();
            if strategies.last().is_none_or(|last| last != name) {
                strategies.push(name.to_owned());
            }
        }
        let vary = |(i, key): (usize, &&'static str)| {
            let mut values: Vec<&Value> = Vec::new();
            for cell in &self.cells {
                let value = &cell.cell.values[i];
                if !values.contains(&value) {
                    values.push(value);
                }
            }
            VaryDoc { key, values: values.into_iter().map(json).collect() }
        };
        SweepDoc {
            schema: "smpsim.sweep/1",
            version: heading.version.clone(),
            plan: heading.plan.clone(),
            base: heading.base.clone(),
            shard: heading.shard.to_string(),
            runs: heading.runs,
            seeds: heading.seeds,
            rows: counts.rows,
            done: counts.done(),
            failed: counts.failed,
            strategies,
            vary: heading.axes.iter().enumerate().map(vary).collect(),
            cells: self.cells.iter().map(cell).collect(),
        }
    }
}

fn cell(summary: &CellSummary) -> CellDoc {
    let failures = summary.failures_by_number();
    CellDoc {
        cell: summary.cell.index,
        strategy: summary.cell.strategy.name().to_owned(),
        values: summary.cell.values.iter().map(json).collect(),
        not_applicable: summary.reason.as_deref().map(str::to_owned),
        done: summary.counts.done(),
        failed: summary.counts.failed,
        failures: failures.into_iter().map(|(error, runs)| FailureDoc { error, runs }).collect(),
        duration_s: summary.duration.as_ref().map(times),
        upload_s: summary.upload.as_ref().map(times),
        goodput_bps: summary.goodput_bps,
        wasted_octets: summary.wasted.as_ref().map(|wasted| CountDoc {
            median: wasted.median,
            p99: wasted.p99,
            max: wasted.max,
        }),
        image_octets: summary.image_octets,
        ram_octets: summary.ram_octets,
        worst: summary.worst.as_ref().map(|worst| WorstDoc {
            seed: worst.seed,
            error: worst.failure,
            duration_s: worst.duration,
            command: worst.command.clone(),
        }),
    }
}

fn times(spread: &Spread<Span>) -> SpanDoc {
    let Spread { min, median, p90, p99, max, .. } = *spread;
    SpanDoc { min, median, p90, p99, max }
}

fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Int(number) => (*number).into(),
        Value::Bool(truth) => (*truth).into(),
        value => word(value).into(),
    }
}
