//! What waits for an answer: requests of the central's GATT client, indications of the peripheral's
//! server. The attribute protocol allows one of each at a time.

use crate::att::{ATT_HEADER, CONFIRMATION_LEN, L2CAP_HEADER, MAX_VALUE, WRITE_RESPONSE_LEN};
use crate::connection::Connection;
use crate::controller::Payload;
use crate::host::HostWork;
use crate::link::{Link, LinkOut};
use crate::trace::Role;
use sim_core::{Sdu, Time};
use std::collections::VecDeque;

/// One end's requests or indications that are not answered (Vol 3 Part F 3.3.2: one, until its
/// response or confirmation has come).
#[derive(Clone, Debug, Default)]
pub(crate) struct Requests {
    outstanding: bool,
    waiting: VecDeque<(Payload, u16)>,
}

impl Connection {
    /// Longest value that a write can carry, octets: what the attribute holds and the MTU lets
    /// through.
    pub(crate) fn longest_write(&self) -> usize {
        MAX_VALUE.min(usize::from(self.att_mtu - ATT_HEADER))
    }

    fn unanswered(&mut self, role: Role) -> &mut Requests {
        match role {
            Role::Central => &mut self.requests,
            Role::Peripheral => &mut self.indications,
        }
    }

    /// Sends a request of the central, or an indication, with `len` octets on its L2CAP channel, or
    /// keeps it until the one before is answered.
    pub(crate) fn request(&mut self, role: Role, payload: Payload, len: u16) {
        let requests = self.unanswered(role);
        if requests.outstanding {
            requests.waiting.push_back((payload, len));
        } else {
            requests.outstanding = true;
            self.push_data(role, payload, len);
        }
    }

    /// What `role` had outstanding is answered: what `follows`, if anything, goes next, else what
    /// waits.
    pub(crate) fn request_answered(&mut self, role: Role, follows: Option<(Payload, u16)>) {
        let requests = self.unanswered(role);
        requests.outstanding = false;
        let next = follows.or_else(|| requests.waiting.pop_front());
        if let Some((payload, len)) = next {
            self.request(role, payload, len);
        }
    }
}

impl Link {
    /// The central's host writes the SMP characteristic and wants an answer.
    pub(crate) fn write_request(&mut self, now: Time, sdu: Sdu) {
        if self.connected(Role::Central).is_none() {
            return;
        }
        if self.config.central_host_latency.is_zero() {
            self.request_write(sdu);
        } else {
            self.put_off(now + self.config.central_host_latency, HostWork::WriteRequest(sdu));
        }
    }

    pub(crate) fn request_write(&mut self, sdu: Sdu) {
        let Some(connection) = self.connected(Role::Central) else { return };
        if sdu.bytes.len() > connection.longest_write() {
            self.drop_too_long(&sdu);
            return;
        }
        let len = L2CAP_HEADER + ATT_HEADER + sdu.bytes.len() as u16;
        connection.request(Role::Central, Payload::WriteRequest(sdu), len);
    }

    /// A write request has arrived at the peripheral, whose GATT server answers at once.
    #[cold]
    #[inline(never)]
    pub(crate) fn answer_write(&mut self, sdu: Sdu) {
        let tag = sdu.tag;
        if let Some(connection) = self.connected(Role::Peripheral) {
            let answer = Payload::WriteResponse { tag };
            connection.push_data(Role::Peripheral, answer, L2CAP_HEADER + WRITE_RESPONSE_LEN);
            self.out.push_back(LinkOut::Wrote(sdu));
        }
    }

    /// The answer to a write request has arrived at the central.
    #[cold]
    #[inline(never)]
    pub(crate) fn write_answered(&mut self, tag: u32) {
        if let Some(connection) = self.connected(Role::Central) {
            connection.request_answered(Role::Central, None);
            self.out.push_back(LinkOut::WriteAnswered { tag });
        }
    }

    /// The peripheral's host sends a value of the SMP characteristic and wants a confirmation.
    ///
    /// # Panics
    /// When the value does not fit the MTU.
    pub(crate) fn indicate(&mut self, sdu: Sdu) {
        let Some(connection) = self.connected(Role::Peripheral) else { return };
        let longest = connection.longest_write();
        assert!(sdu.bytes.len() <= longest, "an indication of {} octets", sdu.bytes.len());
        let len = L2CAP_HEADER + ATT_HEADER + sdu.bytes.len() as u16;
        connection.request(Role::Peripheral, Payload::Indication(sdu), len);
    }

    /// An indication has arrived at the central, whose GATT client confirms it at once.
    #[cold]
    #[inline(never)]
    pub(crate) fn confirm(&mut self, sdu: Sdu) {
        let tag = sdu.tag;
        if let Some(connection) = self.connected(Role::Central) {
            let answer = Payload::Confirmation { tag };
            connection.push_data(Role::Central, answer, L2CAP_HEADER + CONFIRMATION_LEN);
            self.out.push_back(LinkOut::Received(sdu));
        }
    }

    /// The confirmation of an indication has arrived at the peripheral.
    #[cold]
    #[inline(never)]
    pub(crate) fn confirmed(&mut self, tag: u32) {
        if let Some(connection) = self.connected(Role::Peripheral) {
            connection.request_answered(Role::Peripheral, None);
            self.out.push_back(LinkOut::Confirmed { tag });
        }
    }
}
