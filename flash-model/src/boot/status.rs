//! How far an interrupted swap had come.

use super::plan::Plan;
use crate::{Flag, Magic, SwapType};

/// What the primary trailer says about a swap that has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Interrupted {
    /// Type of the swap.
    pub(super) swap: SwapType,
    /// Octets to be swapped.
    pub(super) swap_size: u32,
    /// Number of the last status entry written, from 1; 0 when there is none yet.
    pub(super) entries: u32,
}

/// The swap that had begun, if the trailers show one (MCUboot `swap_status_source` of swap-move and
/// `swap_read_status`): primary magic good, copy not done, and the request in the secondary slot
/// gone. `swap_info` counts here and nowhere else.
pub(super) fn interrupted(plan: &Plan<'_>) -> Option<Interrupted> {
    let [primary, secondary] = plan.layout.slots.map(|slot| plan.trailer(slot));
    let begun = primary.magic == Magic::Good
        && primary.copy_done == Flag::Unset
        && secondary.magic != Magic::Good;
    begun.then(|| Interrupted {
        swap: SwapType::from_swap_info(primary.swap_info),
        swap_size: primary.swap_size,
        entries: last_entry(plan),
    })
}

/// Looks from the end for an entry that is not erased. Entries before it may be erased: moving
/// fills only as many as there are pages.
fn last_entry(plan: &Plan<'_>) -> u32 {
    let count = plan.config.max_sectors * plan.config.entries_per_sector();
    let write_size = plan.view.geometry().write_size;
    let status = plan.view.bytes(plan.status_at(0), count * write_size);
    let mut entries = status.chunks_exact(write_size as usize);
    entries.rposition(|entry| entry[0] != 0xff).map_or(0, |last| last as u32 + 1)
}
