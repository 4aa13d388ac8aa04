//! Requests of the central's GATT client: the attribute protocol allows one at a time.

use crate::att::{ATT_HEADER, L2CAP_HEADER, MAX_VALUE, WRITE_RESPONSE_LEN};
use crate::connection::Connection;
use crate::controller::Payload;
use crate::host::HostWork;
use crate::link::{Link, LinkOut};
use crate::trace::Role;
use sim_core::{Sdu, Time};
use std::collections::VecDeque;

/// Requests that are not answered (Vol 3 Part F 3.3.2: one, until its response has come).
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

    /// Sends a request with `len` octets on its L2CAP channel, or keeps it until the one before is
    /// answered.
    pub(crate) fn request(&mut self, payload: Payload, len: u16) {
        if self.requests.outstanding {
            self.requests.waiting.push_back((payload, len));
        } else {
            self.requests.outstanding = true;
            self.push_data(Role::Central, payload, len);
        }
    }

    /// The outstanding request is answered: the one that `follows`, if any, goes next, else one
    /// that waits.
    pub(crate) fn request_answered(&mut self, follows: Option<(Payload, u16)>) {
        self.requests.outstanding = false;
        let next = follows.or_else(|| self.requests.waiting.pop_front());
        if let Some((payload, len)) = next {
            self.request(payload, len);
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
        connection.request(Payload::WriteRequest(sdu), len);
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
            connection.request_answered(None);
            self.out.push_back(LinkOut::WriteAnswered { tag });
        }
    }
}
