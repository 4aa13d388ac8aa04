//! Figures of flash, by kind of row.

mod bench;
mod constant;
mod operations;
mod semantics;
mod stream;
mod windows;

use super::{Run, link};

/// What runs the rows of a kind.
pub(super) fn runs(kind: &str) -> Option<Run> {
    Some(match kind {
        "constant" => constant::constant,
        "erase_time" => operations::erase_time,
        "write_time" => operations::write_time,
        "qspi_erase" => operations::qspi_erase,
        "qspi_program" => operations::qspi_program,
        "stream_flash" => stream::stream_flash,
        "progressive_ingest" => stream::progressive_ingest,
        "rram_ingest" => stream::rram_ingest,
        "rate_bound" => stream::rate_bound,
        "partial_erase" => windows::partial_erase,
        "radio_sync" => windows::radio_sync,
        "words_per_window" => windows::words_per_window,
        "slices_per_window" => windows::slices_per_window,
        "sync_windows" => windows::sync_windows,
        "driver_timeout_ms" => windows::driver_timeout,
        "softdevice_flash" => windows::softdevice_flash,
        "nor_semantics" => semantics::nor_semantics,
        // What a stall of the processor costs is for the link to say.
        "missed_anchors" => link::missed_anchors,
        "stall_survives" => link::stall_survives,
        _ => return None,
    })
}
