//! What goes from one end to the other: frames as they wait, packets as they go on the air, and
//! what they bring.

use crate::att::Procedure;
use crate::control::Control;
use sim_core::Sdu;

/// What a queued frame means to the other end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Payload {
    /// An SMP write (from the central) or notification (from the peripheral).
    Value(Sdu),
    /// An SMP write that is answered.
    WriteRequest(Sdu),
    /// Its answer.
    WriteResponse {
        /// Request it belongs to.
        tag: u32,
    },
    /// An SMP value from the peripheral that is confirmed.
    Indication(Sdu),
    /// Its confirmation.
    Confirmation {
        /// Indication it belongs to.
        tag: u32,
    },
    /// An ATT request of the set-up.
    Request(Procedure),
    /// Its answer.
    Response(Procedure),
    /// A link layer control PDU.
    Control(Control),
}

impl Payload {
    /// Whether a controller made it, not a host.
    pub(crate) fn is_control(&self) -> bool {
        matches!(self, Self::Control(_))
    }
}

/// A frame on its way into packets.
#[derive(Clone, Debug)]
pub(super) struct Queued {
    pub(super) payload: Payload,
    /// Octets of the L2CAP frame, or of the control PDU.
    pub(super) len: u16,
    /// Octets that the other end has acknowledged.
    pub(super) acknowledged: u16,
    /// Octets that lie in the controller, where its buffers are counted.
    pub(super) loaded: u16,
}

impl Queued {
    pub(super) fn new(payload: Payload, len: u16) -> Self {
        Self { payload, len, acknowledged: 0, loaded: 0 }
    }

    pub(super) fn is_control(&self) -> bool {
        self.payload.is_control()
    }
}

/// The PDU that waits for its acknowledgement.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unacknowledged {
    /// Octets of the front frame from here ...
    pub(super) from: u16,
    /// ... to here; both 0 for an empty PDU.
    pub(super) to: u16,
    pub(super) sent_before: bool,
}

/// A packet as it goes on the air. Eight octets, so that it travels in a register.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packet {
    pub(crate) tag: u32,
    pub(crate) octets: u8,
    pub(crate) value_octets: u8,
    bits: u8,
}

impl Packet {
    pub(super) const MD: u8 = 1;
    pub(super) const SN: u8 = 1 << 1;
    pub(super) const NESN: u8 = 1 << 2;
    /// Made by the controller, not by a host.
    pub(super) const CONTROL: u8 = 1 << 3;
    /// Holds the last octets of its frame.
    pub(super) const COMPLETES: u8 = 1 << 4;
    /// Built for the first time.
    pub(super) const FIRST: u8 = 1 << 5;

    pub(super) fn new(tag: u32, octets: u8, value_octets: u8, bits: u8) -> Self {
        Self { tag, octets, value_octets, bits }
    }

    fn has(self, bit: u8) -> bool {
        self.bits & bit != 0
    }

    /// The more-data bit.
    pub(crate) fn md(self) -> bool {
        self.has(Self::MD)
    }

    pub(super) fn sn(self) -> bool {
        self.has(Self::SN)
    }

    pub(super) fn nesn(self) -> bool {
        self.has(Self::NESN)
    }

    pub(super) fn is_control(self) -> bool {
        self.has(Self::CONTROL)
    }

    pub(super) fn completes(self) -> bool {
        self.has(Self::COMPLETES)
    }

    pub(super) fn is_first(self) -> bool {
        self.has(Self::FIRST)
    }

    /// The same packet with this more-data bit.
    pub(super) fn with_md(self, md: bool) -> Self {
        let others = self.bits & !Self::MD;
        Self { bits: if md { others | Self::MD } else { others }, ..self }
    }

    /// Whether the same payload was sent before.
    pub(crate) fn is_retransmission(self) -> bool {
        !self.is_first() && self.octets > 0
    }
}

/// A frame of ours that is acknowledged to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Acknowledged {
    /// The write or notification of this request.
    Value { tag: u32 },
    /// The end of the connection.
    Terminate,
    /// Something that nobody waits for.
    Other,
}

/// What a valid packet brought.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Heard {
    /// A frame of ours is now acknowledged to its end.
    pub(crate) acknowledged: Option<Acknowledged>,
    /// The packet was new.
    pub(crate) taken: bool,
    /// The packet was new and completes a frame of the other end.
    pub(crate) completes_frame: bool,
}
