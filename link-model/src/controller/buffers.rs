//! A controller whose buffers are few, and a host that takes its time.

use super::{Controller, Packet, Queued};
use crate::end::EndConfig;
use crate::phy::T_IFS;
use sim_core::Time;
use std::collections::VecDeque;

/// What holds data back in one end. Control and empty PDUs need no buffer.
#[derive(Clone, Debug)]
pub(super) struct Buffers {
    config: EndConfig,
    /// Octets of each data PDU in the controller that are not acknowledged, oldest first.
    loaded: VecDeque<u8>,
    /// When the host can fill the buffers that acknowledgements have freed, oldest first.
    freed: VecDeque<Time>,
    /// When the host will have fetched the PDUs that were received, oldest first.
    fetches: VecDeque<Time>,
    /// When it will have fetched the last of them.
    fetched: Time,
}

impl EndConfig {
    /// Whether data may wait for a buffer, or for the host.
    pub(crate) fn bounds_buffers(&self) -> bool {
        self.tx_buffers > 0 || self.rx_buffers > 0 || !self.host_rx.is_zero()
    }
}

impl Buffers {
    /// `None` when nothing of the end holds data back.
    pub(super) fn new(config: &EndConfig) -> Option<Box<Self>> {
        config.bounds_buffers().then(|| {
            Box::new(Self {
                config: *config,
                loaded: VecDeque::new(),
                freed: VecDeque::new(),
                fetches: VecDeque::new(),
                fetched: Time::ZERO,
            })
        })
    }

    /// A data PDU has arrived: takes it when there is room.
    fn admit(&mut self, now: Time) -> bool {
        while self.fetches.front().is_some_and(|fetched| *fetched <= now) {
            self.fetches.pop_front();
        }
        if self.config.rx_buffers > 0 {
            if self.fetches.len() >= usize::from(self.config.rx_buffers) {
                return false;
            }
            self.fetches.push_back(self.fetched.max(now) + self.config.host_rx);
        }
        self.fetched = self.fetched.max(now) + self.config.host_rx;
        true
    }

    /// `octets` of the oldest data PDU are acknowledged.
    fn complete(&mut self, octets: u16, now: Time) {
        let Some(left) = self.loaded.front_mut() else { return };
        *left = left.saturating_sub(octets as u8);
        if *left == 0 {
            self.loaded.pop_front();
            self.freed.push_back(now + self.config.host_turnaround);
        }
    }
}

impl Controller {
    /// Lets the host fill the buffers that were freed in time for a packet that starts at `start`,
    /// and returns how many octets the next PDU may have. A packet is built `T_IFS` before it
    /// starts: a buffer freed at that very moment, by the packet that has just ended, comes too
    /// late, since the host learns of it afterwards.
    #[cold]
    #[inline(never)]
    pub(super) fn load(&mut self, max_octets: u8, start: Time) -> u8 {
        let Some(buffers) = &mut self.buffers else { return max_octets };
        let capacity = usize::from(buffers.config.tx_buffers);
        if capacity == 0 {
            return max_octets;
        }
        while buffers.freed.front().is_some_and(|usable| *usable + T_IFS < start) {
            buffers.freed.pop_front();
        }
        for frame in self.queue.iter_mut().filter(|frame| !frame.is_control()) {
            while frame.loaded < frame.len && buffers.loaded.len() + buffers.freed.len() < capacity
            {
                let octets = (frame.len - frame.loaded).min(max_octets.into());
                frame.loaded += octets;
                buffers.loaded.push_back(octets as u8);
            }
            if frame.loaded < frame.len {
                break;
            }
        }
        match self.queue.front() {
            Some(frame) if !frame.is_control() => {
                max_octets.min(buffers.loaded.front().copied().unwrap_or(0))
            }
            _ => max_octets,
        }
    }

    /// Whether more than this packet, which was just built, is in the controller.
    #[cold]
    #[inline(never)]
    pub(super) fn holds_more(&self, packet: Packet) -> bool {
        let Some(buffers) = self.buffers.as_ref().filter(|b| b.config.tx_buffers > 0) else {
            return packet.md();
        };
        let after = usize::from(packet.octets > 0 && (packet.is_control() || packet.completes()));
        let control_follows = self.queue.get(after).is_some_and(Queued::is_control);
        let data = buffers.loaded.iter().map(|octets| usize::from(*octets)).sum::<usize>();
        let own = if packet.is_control() { 0 } else { usize::from(packet.octets) };
        control_follows || data > own
    }

    /// Whether a new PDU with this payload can be taken.
    #[cold]
    #[inline(never)]
    pub(super) fn admits(&mut self, packet: Packet, now: Time) -> bool {
        packet.octets == 0
            || packet.is_control()
            || self.buffers.as_mut().is_none_or(|buffers| buffers.admit(now))
    }

    /// `octets` of the front frame, whose payload is given, are acknowledged.
    #[cold]
    #[inline(never)]
    pub(super) fn completed(&mut self, octets: u16, now: Time) {
        let control = self.queue.front().is_some_and(Queued::is_control);
        if let Some(buffers) = self.buffers.as_mut().filter(|b| !control && b.config.tx_buffers > 0)
        {
            buffers.complete(octets, now);
        }
    }

    /// When the host has the data that arrived last, if it takes time to fetch them.
    pub(crate) fn fetched(&self) -> Option<Time> {
        self.buffers.as_ref().filter(|b| !b.config.host_rx.is_zero()).map(|b| b.fetched)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Control, Controller, Payload};
    use crate::end::EndConfig;
    use crate::phy::T_IFS;
    use sim_core::{Sdu, Span, Time};

    const TIMEOUT: Span = Span::from_s(4);

    fn end(config: EndConfig) -> Controller {
        Controller::new(&config, true, Time::ZERO)
    }

    fn value(octets: u16) -> Payload {
        Payload::Value(Sdu { tag: 1, bytes: vec![7; usize::from(octets)] })
    }

    fn at(us: u64) -> Time {
        Time::ZERO + Span::from_us(us)
    }

    /// `a` sends at `start`, `b` takes it 2 ms later and answers; returns octets and more-data bit
    /// of the packet of `a`.
    fn pair(a: &mut Controller, b: &mut Controller, start: Time) -> (u8, bool) {
        let packet = a.build(251, start);
        let end = start + Span::from_ms(2);
        b.hear(packet, end, TIMEOUT);
        let answer = b.build(251, end + T_IFS);
        a.hear(answer, end + T_IFS, TIMEOUT);
        (packet.octets, packet.md())
    }

    /// Pairs until a more-data bit is 0, a packet every 2.3 ms from `start` on.
    fn event(a: &mut Controller, b: &mut Controller, start: Time) -> Vec<u8> {
        let mut sent = Vec::new();
        loop {
            // The next packet starts T_IFS after the answer.
            let (octets, more) =
                pair(a, b, start + (Span::from_ms(2) + T_IFS * 2) * sent.len() as u64);
            sent.push(octets);
            if !more || sent.len() > 20 {
                return sent;
            }
        }
    }

    #[test]
    fn two_buffers_refilled_on_completion_give_two_packets_an_event_and_three_keep_it_open() {
        for (tx_buffers, packets) in [(1, 1), (2, 2), (3, 21)] {
            let mut a = end(EndConfig { tx_buffers, ..EndConfig::default() });
            let mut b = end(EndConfig::default());
            for _ in 0..40 {
                a.push(value(244), 251);
            }
            assert_eq!(event(&mut a, &mut b, at(100_000)).len(), packets, "{tx_buffers}");
            if packets < 21 {
                assert_eq!(event(&mut a, &mut b, at(200_000)).len(), packets, "{tx_buffers}");
            }
        }
    }

    #[test]
    fn a_slow_host_leaves_the_freed_buffer_empty_for_its_turn_round_time() {
        let host_turnaround = Span::from_ms(7);
        let config = EndConfig { tx_buffers: 1, host_turnaround, ..EndConfig::default() };
        let (mut a, mut b) = (end(config), end(EndConfig::default()));
        a.push(value(244), 251);
        a.push(value(244), 251);
        assert_eq!(pair(&mut a, &mut b, at(10_000)), (251, false));
        // Acknowledged at 12.15 ms, refilled at 19.15 ms.
        assert_eq!(pair(&mut a, &mut b, at(15_000)), (0, false));
        assert_eq!(pair(&mut a, &mut b, at(19_300)), (0, false), "built when it was freed");
        assert_eq!(pair(&mut a, &mut b, at(19_301)), (251, false));
    }

    #[test]
    fn what_the_controller_does_not_hold_is_not_promised() {
        let mut a = end(EndConfig { tx_buffers: 1, ..EndConfig::default() });
        a.push(value(495), 502);
        let packet = a.build(251, at(1_000));
        assert!(!packet.md() && !packet.completes(), "the other fragment lies in the host");
        let mut free = end(EndConfig::default());
        free.push(value(495), 502);
        assert!(free.build(251, at(1_000)).md());
    }

    #[test]
    fn control_pdus_need_no_buffer() {
        let mut a = end(EndConfig { tx_buffers: 1, ..EndConfig::default() });
        let mut b = end(EndConfig { rx_buffers: 1, host_rx: TIMEOUT, ..EndConfig::default() });
        a.push(value(244), 251);
        a.push_control(Control::LengthRsp);
        assert_eq!(pair(&mut a, &mut b, at(1_000)), (9, true));
        assert_eq!(pair(&mut a, &mut b, at(4_000)), (251, false));
        a.push_control(Control::LengthRsp);
        let taken = b.hear(a.build(251, at(7_000)), at(9_000), TIMEOUT);
        assert!(taken.taken && taken.completes_frame, "though the only buffer is full");
    }

    #[test]
    fn without_a_buffer_data_are_refused_until_the_host_has_fetched_what_came_before() {
        let host_rx = Span::from_ms(5);
        let mut b = end(EndConfig { rx_buffers: 2, host_rx, ..EndConfig::default() });
        let mut a = end(EndConfig::default());
        for _ in 0..4 {
            a.push(value(244), 251);
        }
        let taken = |b: &mut Controller, a: &mut Controller, ms: u64| {
            let now = at(ms * 1_000);
            let taken = b.hear(a.build(251, now), now, TIMEOUT).taken;
            a.hear(b.build(251, now), now, TIMEOUT);
            taken
        };
        // The host fetches one PDU after the other, from 10 to 15 and from 15 to 20 ms.
        assert!(taken(&mut b, &mut a, 10));
        assert!(taken(&mut b, &mut a, 12));
        assert!(!taken(&mut b, &mut a, 14), "both buffers are full");
        let again = a.build(251, at(14_500));
        assert!(again.is_retransmission());
        assert!(taken(&mut b, &mut a, 15));
        assert!(!taken(&mut b, &mut a, 19));
        assert!(taken(&mut b, &mut a, 20));
        assert_eq!(b.fetched(), Some(at(30_000)));
    }
}
