//! Connection parameters for what the server is about to do.

use super::upload::Idea;
use crate::strategy::{LinkParams, View};
use sim_core::Span;

/// While the first chunk may have a whole slot erased, nothing else happens: a long interval saves
/// the central's radio. The supervision timeout is longer than any stretch of deafness.
const ERASING: LinkParams =
    LinkParams { interval: Span::from_ms(30), latency: 0, timeout: Span::from_s(20) };

/// For data: at LE 1M the packets of 512 octets and the flash write that they cause fit 12.5 ms, so
/// that the radio hears again when the next event begins. Half a millisecond less, and every other
/// event is lost.
pub(super) const DATA: LinkParams =
    LinkParams { interval: Span::from_us(12_500), latency: 0, timeout: Span::from_s(4) };

/// A long supervision timeout before the first chunk, a short interval for the rest.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct IntervalControl {
    asked: Option<LinkParams>,
}

impl Idea for IntervalControl {
    fn begin(&mut self, _: &View<'_>) {
        *self = Self::default();
    }

    fn params(&mut self, _: &View<'_>, reached: u32) -> Option<LinkParams> {
        let wanted = if reached == 0 { ERASING } else { DATA };
        (self.asked.replace(wanted) != Some(wanted)).then_some(wanted)
    }
}
