//! The encryption start procedure (Vol 6 Part B 5.1.3.1), as bonded devices run it when they
//! reconnect. From its start to its end no data PDU is sent: the hosts' frames are held back. The
//! peripheral's host has the long term key at once (model choice).

use super::Control;
use crate::connection::Connection;
use crate::controller::Payload;
use crate::link::Link;
use crate::phy::AirTimes;
use crate::trace::{LinkEvent, Role};
use std::collections::VecDeque;

/// Frames of the hosts, with their lengths, that wait until encryption is on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held {
    central: Option<VecDeque<(Payload, u16)>>,
    peripheral: Option<VecDeque<(Payload, u16)>>,
}

impl Held {
    fn of(&mut self, role: Role) -> &mut Option<VecDeque<(Payload, u16)>> {
        match role {
            Role::Central => &mut self.central,
            Role::Peripheral => &mut self.peripheral,
        }
    }
}

impl Connection {
    /// Queues a frame of `len` octets from the host of `role`.
    #[inline]
    pub(crate) fn push_data(&mut self, role: Role, payload: Payload, len: u16) {
        match self.held.of(role) {
            None => self.end_mut(role).push(payload, len),
            Some(held) => held.push_back((payload, len)),
        }
    }

    /// Sends what the host of `role` has handed over meanwhile.
    fn release(&mut self, role: Role) {
        for (payload, len) in self.held.of(role).take().into_iter().flatten() {
            self.end_mut(role).push(payload, len);
        }
    }
}

impl Link {
    pub(super) fn start_encryption(&mut self) {
        let Some(connection) = self.connection.as_mut() else { return };
        connection.held.central = Some(VecDeque::new());
        connection.held.peripheral = Some(VecDeque::new());
        connection.central.push_control(Control::EncReq);
    }

    pub(super) fn take_encryption_pdu(&mut self, to: Role, control: Control) {
        let Some(connection) = self.connection.as_mut() else { return };
        match (to, control) {
            (Role::Peripheral, Control::EncReq) => {
                connection.peripheral.push_control(Control::EncRsp);
                connection.peripheral.push_control(Control::StartEncReq);
            }
            (Role::Central, Control::StartEncReq) => {
                connection.central.push_control(Control::StartEncRsp);
                self.encryption_on();
            }
            (Role::Peripheral, Control::StartEncRsp) => {
                connection.peripheral.push_control(Control::StartEncRsp);
                connection.release(Role::Peripheral);
            }
            (Role::Central, Control::StartEncRsp) => {
                connection.release(Role::Central);
                self.trace(LinkEvent::Encrypted);
                self.procedure_over();
            }
            _ => {}
        }
    }

    /// The central has received `LL_START_ENC_REQ`, the last PDU that is sent in the clear; what
    /// follows has a MIC. Its repeat, when the acknowledgement is lost, is taken to have one, too.
    fn encryption_on(&mut self) {
        if let Some(connection) = self.connection.as_mut() {
            connection.encrypted = true;
            self.air = AirTimes::new(connection.phy, true);
        }
    }
}
