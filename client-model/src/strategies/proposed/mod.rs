//! Strategies that no known client has: each one idea, and all that help together.
//!
//! All are the plain upload of [`upload`] with something changed: each strategy of one file has
//! one idea, so that its own gain shows against the others. `docs/strategies.md` tells what each gains.

mod adaptive_window;
mod erase_ahead;
mod flash_aligned;
mod go_back;
mod interval_control;
mod packet_matched;
mod pen;
mod pipeline;
mod resume_update;
mod rtt_timeout;
mod smpsim_best;
mod tuner;
mod upload;

use crate::config::ClientConfig;
use crate::kind::StrategyKind as Kind;
use crate::strategy::Strategy;
use upload::{Idea, Upload};

/// The proposed strategy that the settings name.
pub(super) fn build(config: &ClientConfig) -> Box<dyn Strategy> {
    fn with<I: Idea>(config: &ClientConfig, idea: I) -> Box<dyn Strategy> {
        Box::new(Upload::new(config.window, idea))
    }
    match config.strategy {
        Kind::AdaptiveWindow => with(config, adaptive_window::AdaptiveWindow::default()),
        Kind::GoBack => with(config, go_back::GoBack),
        Kind::RttTimeout => with(config, rtt_timeout::RttTimeout::default()),
        Kind::FlashAligned => with(config, flash_aligned::FlashAligned),
        Kind::PacketMatched => with(config, packet_matched::PacketMatched),
        Kind::EraseAhead => with(config, erase_ahead::EraseAhead),
        Kind::IntervalControl => with(config, interval_control::IntervalControl::default()),
        Kind::ResumeUpdate => with(config, resume_update::ResumeUpdate),
        _ => with(config, smpsim_best::SmpsimBest::default()),
    }
}
