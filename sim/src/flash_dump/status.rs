//! The swap status of a trailer: one entry of a write unit for each page and state of a swap.

use super::Setup;
use flash_model::{Area, BootMode, FlashView, Interrupted};
use serde::Serialize;

/// Entries in a row that hold the same octet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct StatusRun {
    /// Number of the first entry, from 0.
    pub first: u32,
    /// How many they are.
    pub count: u32,
    /// Address of the first entry.
    pub at: u32,
    /// Their first octet; 0xff means not written.
    pub value: u8,
}

/// How far a swap had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum Progress {
    /// No page has moved.
    NotBegun,
    /// Pages of the primary image are moving up by one.
    Moving {
        /// Pages moved.
        done: u32,
        /// Pages of the larger image, when known.
        of: Option<u32>,
    },
    /// Pages are changing places.
    Swapping {
        /// Pages, or with a scratch area steps, that are through.
        done: u32,
        /// Parts of the next one that are through.
        parts: u32,
        /// Pages of the larger image, when known; with a scratch area always `None`.
        of: Option<u32>,
    },
}

/// The entries of an area's status, run-length coded.
pub(super) fn runs(view: &dyn FlashView, setup: &Setup, area: Area) -> Vec<StatusRun> {
    let geometry = view.geometry();
    let map = setup.boot.trailer_map(area, &geometry);
    let sectors = setup.boot.status_sectors(&setup.layout, area);
    let per_sector = setup.boot.entries_per_sector();
    let mut runs: Vec<StatusRun> = Vec::new();
    for first in 0..sectors * per_sector {
        let at = map.status_at(first, sectors, per_sector);
        let value = view.bytes(at, 1)[0];
        match runs.last_mut() {
            Some(run) if run.value == value => run.count += 1,
            _ => runs.push(StatusRun { first, count: 1, at, value }),
        }
    }
    runs
}

/// What the number of entries means.
pub(super) fn progress(setup: &Setup, found: &Interrupted) -> Progress {
    let page = setup.geometry().page;
    let of = found.swap_size.filter(|size| *size != u32::MAX);
    let of = of.map(|size| size.div_ceil(page).max(1));
    let swapping = |entries: u32, per_page, of| Progress::Swapping {
        done: entries / per_page,
        parts: entries % per_page,
        of,
    };
    match (setup.boot.mode, found.entries) {
        (_, 0) => Progress::NotBegun,
        (BootMode::SwapMove, entries) => match entries.checked_sub(setup.boot.max_sectors) {
            None => Progress::Moving { done: entries, of },
            Some(entries) => swapping(entries, 2, of),
        },
        (BootMode::SwapOffset, entries) => swapping(entries, 2, of),
        (_, entries) => swapping(entries, 3, None),
    }
}
