//! A cell of a sweep: one strategy with one value for each varied setting.

use super::contender::Contender;
use super::plan::{Plan, SweepError};
use crate::scenario::value::Value;
use crate::scenario::{Scenario, ScenarioError};
use crate::world::{PrepareError, Prepared};

/// A strategy and a value for each varied setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Its number, from 0.
    pub index: u64,
    /// Who uploads.
    pub strategy: Contender,
    /// Values of the varied settings, in their order.
    pub values: Vec<Value>,
}

/// What a run of a cell starts from, or why it has none.
pub(super) type Start = Result<Prepared, NotApplicable>;

/// Why a cell cannot be run. Its rows say so, which is no failure of the strategy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotApplicable {
    /// The strategy has no such transport.
    #[error("{strategy} does not send over link.kind = {kind}")]
    Transport { strategy: String, kind: Value },
    /// The values do not fit together, or not with the images.
    #[error("{0}")]
    Values(String),
}

/// A varied value as words of `--set` have it.
pub(super) fn word(value: &Value) -> String {
    match value {
        Value::Path(text) | Value::Text(text) => text.clone(),
        value => value.to_string().trim_matches('"').to_owned(),
    }
}

fn scenario(plan: &Plan, cell: &Cell) -> Result<Scenario, NotApplicable> {
    let unlawful = |e: ScenarioError| NotApplicable::Values(e.to_string());
    let mut settings = plan.settings().clone();
    if let Contender::Strategy(kind) = &cell.strategy {
        settings.set(&format!("client.strategy={}", kind.name())).map_err(unlawful)?;
    }
    for (axis, value) in plan.axes().iter().zip(&cell.values) {
        settings.set(&format!("{}={}", axis.key, word(value))).map_err(unlawful)?;
    }
    if cell.strategy.command().is_none() && !settings.strategy_applies() {
        let kind = settings.get("link.kind").clone();
        return Err(NotApplicable::Transport { strategy: cell.strategy.name().to_owned(), kind });
    }
    Scenario::resolve(&settings).map_err(unlawful)
}

/// Prepares a cell, with the images of `near` where they are the same.
pub(super) fn prepare(plan: &Plan, cell: &Cell, near: Option<&Prepared>) -> Start {
    let scenario = scenario(plan, cell)?;
    if let Some(prepared) = near.and_then(|near| near.with(scenario.clone())) {
        return Ok(prepared);
    }
    let does_not_fit = |e: PrepareError| NotApplicable::Values(e.to_string());
    let several = !scenario.server.more_images.is_empty();
    let prepared =
        Prepared::new(scenario, plan.image().cloned(), plan.force()).map_err(does_not_fit)?;
    match plan.more_images() {
        [_, ..] if several => prepared.with_more(plan.more_images().to_vec()).map_err(does_not_fit),
        _ => Ok(prepared),
    }
}

/// Refuses a plan none of whose cells can be run, but for one whose strategies do not send over its
/// link: that is told in rows.
pub(super) fn check(plan: &Plan) -> Result<(), SweepError> {
    let mut first = None;
    for index in 0..plan.cells() {
        match prepare(plan, &plan.cell(index), None) {
            Ok(_) => return Ok(()),
            Err(NotApplicable::Transport { .. }) => {}
            Err(NotApplicable::Values(reason)) => {
                first.get_or_insert(reason);
            }
        }
    }
    first.map_or(Ok(()), |reason| Err(SweepError::NothingToRun { reason }))
}
