//! Link layer control procedures (Vol 6 Part B 5.1), a file each. An end runs one procedure of its
//! own at a time (5.1, 5.3): the central's wait for each other here.

mod channel_map;
mod encryption;
mod instant;
mod length;
mod params;
mod pdu;
mod phy;

pub(crate) use encryption::Held;
use instant::Change;
pub(crate) use instant::Update;
pub use instant::UpdateProcedure;
pub(crate) use pdu::Control;

use crate::channel::ChannelMap;
use crate::link::Link;
use crate::params::ConnParams;
use crate::phy::Phy;
use crate::trace::{LinkEvent, Role};

/// What the central's link layer does and will do.
#[derive(Clone, Debug, Default)]
pub(crate) struct Procedures {
    /// A procedure of the central is under way.
    running: bool,
    /// What it starts when that is over.
    wanted: Wanted,
}

/// Procedures that wait, in the order in which they start: encryption before anything that it should
/// protect; the data length before the PHY, since it needs no instant and helps while the PHY waits
/// for its own (model choice; a Zephyr host asks for the PHY first).
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) encryption: bool,
    pub(crate) length: bool,
    pub(crate) phy: Option<Phy>,
    pub(crate) map: Option<ChannelMap>,
    pub(crate) params: Option<ConnParams>,
}

impl Link {
    /// The central wants a procedure; it starts at once unless another one is under way.
    #[cold]
    #[inline(never)]
    pub(crate) fn want(&mut self, add: impl FnOnce(&mut Wanted)) {
        if let Some(connection) = self.connected(Role::Central) {
            add(&mut connection.procedures.wanted);
            self.start_procedure();
        }
    }

    /// The procedure under way is over.
    fn procedure_over(&mut self) {
        if let Some(connection) = self.connection.as_mut() {
            connection.procedures.running = false;
            self.start_procedure();
        }
    }

    fn start_procedure(&mut self) {
        let Some(connection) = self.connected(Role::Central) else { return };
        if connection.procedures.running {
            return;
        }
        connection.procedures.running = true;
        let wanted = &mut connection.procedures.wanted;
        if std::mem::take(&mut wanted.encryption) {
            self.start_encryption();
        } else if std::mem::take(&mut wanted.length) {
            connection.central.push_control(Control::LengthReq);
        } else if let Some(phy) = wanted.phy.take() {
            self.start_phy_update(phy);
        } else if let Some(map) = wanted.map.take() {
            self.start_channel_map_update(map);
        } else if let Some(params) = wanted.params.take() {
            self.start_connection_update(params);
        } else {
            connection.procedures.running = false;
        }
    }

    /// A control PDU has arrived.
    #[cold]
    #[inline(never)]
    pub(crate) fn take_control(&mut self, to: Role, control: Control) {
        let Some(connection) = self.connection.as_mut() else { return };
        match control {
            Control::LengthReq => connection.end_mut(to).push_control(Control::LengthRsp),
            Control::LengthRsp => self.length_agreed(),
            Control::PhyReq(phy) => connection.end_mut(to).push_control(Control::PhyRsp(phy)),
            Control::PhyRsp(phy) => connection.send_update(Change::Phy(phy)),
            Control::ConnectionParamReq(request) => self.take_params_request(request),
            Control::RejectExtInd(reason) => self.trace(LinkEvent::ParamsRefused { reason }),
            Control::PhyUpdateInd | Control::ChannelMapInd | Control::ConnectionUpdateInd => {
                if let Some(update) = &mut connection.update {
                    update.heard = true;
                }
            }
            Control::EncReq | Control::EncRsp | Control::StartEncReq | Control::StartEncRsp => {
                self.take_encryption_pdu(to, control);
            }
            Control::TerminateInd => connection.leaver = Some(to),
        }
    }
}
