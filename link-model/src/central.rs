//! The central: connecting, set-up, writing.

use crate::att::{ATT_HEADER, DEFAULT_MTU, L2CAP_HEADER, MAX_VALUE, Procedure};
use crate::channel::Reception;
use crate::config::DATA_LENGTH_DEFAULT;
use crate::connection::Connection;
use crate::controller::{Control, Payload};
use crate::link::{Initiating, Link, LinkOut};
use crate::phy::{Phy, T_IFS};
use crate::trace::{LinkEvent, Role, reason};
use sim_core::{Sdu, Span, Time};

/// Payload of an advertisement: address and 31 octets of data (Vol 6 Part B 2.3.1.1).
const ADV_IND_OCTETS: u8 = 6 + 31;
/// Payload of `CONNECT_IND` (Vol 6 Part B 2.3.3.1).
const CONNECT_IND_OCTETS: u8 = 6 + 6 + 22;
/// From the end of `CONNECT_IND` to the transmit window on LE 1M, window offset 0 (Vol 6 Part B
/// 4.5.3).
const TRANSMIT_WINDOW_DELAY: Span = Span::from_us(1_250);
/// Packet numbers of the channel's draws for advertising events, out of reach of data packets.
const ADV_DRAW: u32 = 1 << 30;

impl Link {
    pub(crate) fn connect(&mut self, now: Time, timeout: Span) {
        if self.connected(Role::Central).is_none() && self.initiating == Initiating::No {
            self.initiating = Initiating::Until(now + timeout);
        }
    }

    pub(crate) fn initiating_due(&self, now: Time) -> bool {
        match self.initiating {
            Initiating::No => false,
            Initiating::Until(end) | Initiating::ConnectInd { end, .. } => end <= now,
        }
    }

    /// The attempt is over: timed out, or `CONNECT_IND` has ended.
    pub(crate) fn initiating_over(&mut self, now: Time) {
        match std::mem::replace(&mut self.initiating, Initiating::No) {
            Initiating::No => {}
            Initiating::Until(_) => self.out.push_back(LinkOut::ConnectFailed),
            Initiating::ConnectInd { heard, .. } => self.create_connection(now, heard),
        }
    }

    /// An advertisement is on the air; a scanning central that hears it answers.
    pub(crate) fn hear_advertisement(&mut self, now: Time, deaf: bool) {
        if !matches!(self.initiating, Initiating::Until(_)) || deaf {
            return;
        }
        let draw = |n| self.channel.reception(u64::from(self.adv_events), ADV_DRAW + n);
        if draw(0) != Reception::Valid {
            return;
        }
        let end = now
            + Phy::OneM.air_time(ADV_IND_OCTETS, false)
            + T_IFS
            + Phy::OneM.air_time(CONNECT_IND_OCTETS, false);
        let heard = draw(1) == Reception::Valid;
        self.initiating = Initiating::ConnectInd { end, heard };
    }

    fn create_connection(&mut self, now: Time, heard: bool) {
        let heard = heard && self.advertising.is_some() && self.deaf_until < now;
        let params = self.config.params;
        let octets = self.config.data_length.min(DATA_LENGTH_DEFAULT);
        let mut connection =
            Connection::new(params, octets, now, now + TRANSMIT_WINDOW_DELAY, heard);
        if self.config.data_length > octets {
            connection.central.push_control(Control::LengthReq);
        }
        self.connection = Some(connection);
        if heard {
            self.advertising = None;
        }
        self.trace(LinkEvent::ConnectInd {
            interval_us: params.interval.as_us() as u32,
            timeout_ms: (params.timeout.as_us() / 1_000) as u16,
            heard,
        });
    }

    pub(crate) fn discover(&mut self) {
        self.request(Procedure::FIRST);
    }

    fn request(&mut self, procedure: Procedure) {
        if let Some(connection) = self.connected(Role::Central) {
            let len = procedure.request_len();
            connection.central.push(Payload::Request(procedure), len);
        }
    }

    /// The answer to a set-up request has arrived at the central.
    pub(crate) fn response(&mut self, procedure: Procedure) {
        let mtu = self.config.central_mtu.min(self.config.peripheral_mtu);
        let Some(connection) = self.connected(Role::Central) else { return };
        if procedure == Procedure::ExchangeMtu {
            connection.att_mtu = mtu.max(DEFAULT_MTU);
            let att_mtu = connection.att_mtu;
            self.trace(LinkEvent::Mtu { att_mtu });
        }
        if let Some(next) = procedure.next() {
            self.request(next);
        } else {
            let att_mtu = self.connection.as_ref().map_or(0, |c| c.att_mtu);
            self.out.push_back(LinkOut::Ready { att_mtu });
        }
    }

    pub(crate) fn write(&mut self, now: Time, sdu: Sdu) {
        if self.connected(Role::Central).is_none() {
            return;
        }
        if self.config.central_host_latency.is_zero() {
            self.hand_to_controller(sdu);
        } else {
            self.host_delay.push_back((now + self.config.central_host_latency, sdu));
        }
    }

    pub(crate) fn release_delayed_write(&mut self) {
        if let Some((_, sdu)) = self.host_delay.pop_front() {
            self.hand_to_controller(sdu);
        }
    }

    fn hand_to_controller(&mut self, sdu: Sdu) {
        let Some(connection) = self.connected(Role::Central) else { return };
        let longest = MAX_VALUE.min(usize::from(connection.att_mtu - ATT_HEADER));
        if sdu.bytes.len() > longest {
            let octets = sdu.bytes.len().min(usize::from(u16::MAX)) as u16;
            self.trace(LinkEvent::TooLong { tag: sdu.tag, octets });
            return;
        }
        let len = L2CAP_HEADER + ATT_HEADER + sdu.bytes.len() as u16;
        connection.central.push(Payload::Value(sdu), len);
    }

    pub(crate) fn disconnect(&mut self) {
        if self.initiating != Initiating::No {
            self.initiating = Initiating::No;
        }
        if let Some(connection) = self.connected(Role::Central) {
            connection.central.push_control(Control::TerminateInd);
        }
    }

    pub(crate) fn supervision_expired(&self, now: Time) -> Option<Role> {
        let connection = self.connection.as_ref()?;
        [Role::Central, Role::Peripheral]
            .into_iter()
            .find(|&role| connection.end(role).supervision <= now)
    }

    pub(crate) fn supervision_lost(&mut self, now: Time, role: Role) {
        let established = self.connection.as_ref().is_some_and(|c| c.end(role).established);
        self.lose(now, role, if established { reason::TIMEOUT } else { reason::NOT_ESTABLISHED });
    }
}
