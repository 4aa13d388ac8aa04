//! Link layer control PDUs.

use crate::params::{ParamsRefusal, ParamsRequest};
use crate::phy::Phy;

/// Link layer control PDUs (Vol 6 Part B 2.4.2). What an update brings stands in the connection's
/// [`super::Update`], which both ends share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Control {
    LengthReq,
    LengthRsp,
    PhyReq(Phy),
    PhyRsp(Phy),
    PhyUpdateInd,
    ChannelMapInd,
    ConnectionParamReq(ParamsRequest),
    ConnectionUpdateInd,
    RejectExtInd(ParamsRefusal),
    EncReq,
    EncRsp,
    StartEncReq,
    StartEncRsp,
    TerminateInd,
}

impl Control {
    /// Payload with opcode, octets.
    pub(crate) const fn len(self) -> u16 {
        1 + match self {
            Self::LengthReq | Self::LengthRsp => 8,
            Self::PhyReq(_) | Self::PhyRsp(_) | Self::RejectExtInd(_) => 2,
            Self::PhyUpdateInd => 4,
            Self::ChannelMapInd => 7,
            Self::ConnectionParamReq(_) => 23,
            Self::ConnectionUpdateInd => 11,
            Self::EncReq => 22,
            Self::EncRsp => 12,
            Self::StartEncReq | Self::StartEncRsp => 0,
            Self::TerminateInd => 1,
        }
    }

    /// Whether it brings an update that comes into force at an instant.
    pub(crate) const fn is_update(self) -> bool {
        matches!(self, Self::PhyUpdateInd | Self::ChannelMapInd | Self::ConnectionUpdateInd)
    }
}
