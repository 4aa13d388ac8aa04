//! How far an interrupted swap had come.

use super::BootMode;
use super::plan::Plan;
use crate::{Area, Flag, Magic, SwapType};

/// What a trailer says about a swap that has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interrupted {
    /// The area whose trailer holds the status.
    pub source: Area,
    /// Type of the swap.
    pub swap: SwapType,
    /// Octets to be swapped; `None` when no trailer with a magic holds them.
    pub swap_size: Option<u32>,
    /// Status entries that count as written; 0 when there is none yet.
    pub entries: u32,
}

/// The swap that had begun, if the trailers show one (MCUboot `swap_read_status`). `swap_info` counts
/// here and nowhere else.
pub(super) fn interrupted(plan: &Plan<'_>) -> Option<Interrupted> {
    let source = source(plan)?;
    let entries = match plan.config.mode {
        BootMode::SwapScratch => first_gap(plan, source),
        _ => last_entry(plan, source),
    };
    let swap = SwapType::from_swap_info(plan.trailer(source).swap_info);
    Some(Interrupted { source, swap, swap_size: swap_size(plan), entries })
}

/// The area whose trailer holds the status (MCUboot `swap_status_source` of each mode).
fn source(plan: &Plan<'_>) -> Option<Area> {
    let primary = plan.trailer(plan.layout.primary());
    match plan.config.mode {
        BootMode::SwapMove | BootMode::SwapOffset => {
            let begun = primary.magic == Magic::Good
                && primary.copy_done == Flag::Unset
                && plan.trailer(plan.layout.secondary()).magic != Magic::Good;
            begun.then_some(plan.layout.primary())
        }
        BootMode::SwapScratch => {
            let scratch = plan.layout.scratch?;
            let in_scratch = plan.trailer(scratch).magic == Magic::Good;
            match (primary.magic, primary.copy_done) {
                _ if in_scratch => Some(scratch),
                (Magic::Good | Magic::Unset, Flag::Unset) => Some(plan.layout.primary()),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Looks for the size where the first good magic is (MCUboot `boot_find_status`).
fn swap_size(plan: &Plan<'_>) -> Option<u32> {
    let areas = [plan.layout.scratch, Some(plan.layout.primary())];
    let scratch_counts = plan.config.mode == BootMode::SwapScratch;
    areas
        .into_iter()
        .skip(usize::from(!scratch_counts))
        .flatten()
        .map(|area| plan.trailer(area))
        .find(|trailer| trailer.magic == Magic::Good)
        .map(|trailer| trailer.swap_size)
}

/// Number of the last entry that is not erased, from 1. Entries before it may be erased: swap-move
/// fills only as many as there are pages.
fn last_entry(plan: &Plan<'_>, area: Area) -> u32 {
    let (entries, write_size) = entries(plan, area);
    let mut entries = entries.chunks_exact(write_size);
    entries.rposition(|entry| entry[0] != 0xff).map_or(0, |last| last as u32 + 1)
}

/// Index of the first erased entry behind a written one.
fn first_gap(plan: &Plan<'_>, area: Area) -> u32 {
    let (entries, write_size) = entries(plan, area);
    let written = |entry: &[u8]| entry[0] != 0xff;
    let mut all = entries.chunks_exact(write_size).enumerate();
    if !all.any(|(_, entry)| written(entry)) {
        return 0;
    }
    let count = (entries.len() / write_size) as u32;
    all.find(|(_, entry)| !written(entry)).map_or(count, |(gap, _)| gap as u32)
}

/// The status entries of an area and the length of each.
fn entries<'a>(plan: &'a Plan<'_>, area: Area) -> (&'a [u8], usize) {
    let write_size = plan.view.geometry().write_size;
    let count = plan.config.status_sectors(plan.layout, area) * plan.config.entries_per_sector();
    (plan.view.bytes(plan.status_at(area, 0), count * write_size), write_size as usize)
}
