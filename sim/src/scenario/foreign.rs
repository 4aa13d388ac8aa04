//! Protocols other than SMP: what the device has when the client speaks one.

use super::resolve::Resolver;
use client_model::{OtherOptions, StrategyKind};
use server_model::foreign::{ForeignProtocol, OwnArea, OwnErase, OwnProtocolConfig};
use sim_core::Ppm;

impl Resolver<'_> {
    /// The protocol of the device; `None` for SMP.
    pub(super) fn foreign(&self) -> Option<ForeignProtocol> {
        match self.strategy() {
            StrategyKind::SeedOwnProtocol => {
                Some(ForeignProtocol::OwnProtocol(self.own_protocol()))
            }
            StrategyKind::NordicSecureDfu => Some(ForeignProtocol::SecureDfu),
            StrategyKind::TiOad => Some(ForeignProtocol::Oad),
            _ => None,
        }
    }

    fn own_protocol(&self) -> OwnProtocolConfig {
        OwnProtocolConfig {
            ring: self.number("own_protocol.ring_size") as u32,
            erase: match self.word("own_protocol.erase") {
                "writer" => OwnErase::InWriter,
                _ => OwnErase::First,
            },
            area: match self.word("own_protocol.area") {
                "slot0" => OwnArea::Slot0,
                "storage" => OwnArea::Storage,
                _ => OwnArea::Slot1,
            },
            error_first: self.number("own_protocol.error_first") as u32,
            overwrite: Ppm::new(self.number("own_protocol.overwrite_ppm") as u32),
            draw: 0,
            self_confirm: self.truth("own_protocol.self_confirm"),
            lost_packet: self.number("own_protocol.lost_packet") as u32,
        }
    }

    /// What clients of such protocols are told.
    pub(super) fn other_options(&self) -> OtherOptions {
        OtherOptions {
            receipts: self.number("client.receipts") as u16,
            error_first: self.number("own_protocol.error_first") as u32,
            spoilt_octet: self.number("own_protocol.spoilt_octet") as u32,
        }
    }
}
