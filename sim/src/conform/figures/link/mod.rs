//! Figures of a link, by kind of row.

mod air;
mod bench;
mod bit_errors;
mod channel;
mod config;
mod ideal;
mod listening;
mod measure;
mod monte_carlo;
mod parameters;
mod stall;
mod throughput;
mod update;

use super::Run;

pub(super) use stall::{missed_anchors, stall_survives};

/// What runs the rows of a kind.
pub(super) fn runs(kind: &str) -> Option<Run> {
    Some(match kind {
        "air_time_us" => air::air_time,
        "throughput_kbps" => throughput::throughput,
        "pairs_per_event" => throughput::pairs_per_event,
        "ideal_rate" => ideal::ideal_rate,
        "infeasible" => ideal::infeasible,
        "csa1" => channel::csa1,
        "csa2" => channel::csa2,
        "per_from_ber" => bit_errors::packet_error_rate,
        "ber_curve" => bit_errors::ber_curve,
        "sensitivity_dbm" => bit_errors::sensitivity,
        "throughput_vs_ber" => monte_carlo::throughput_vs_ber,
        "listen_window_us" => listening::listen_window,
        "core_params_ok" => parameters::core_params,
        "apple_params_ok" => parameters::apple_params,
        "android_priority" => parameters::android_priority,
        "update_instant" => update::update_instant,
        _ => return None,
    })
}
