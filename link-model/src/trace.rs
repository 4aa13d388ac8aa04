//! What a link tells the trace.

use crate::channel::{ChannelMap, Reception};
use crate::control::UpdateProcedure;
use crate::params::ParamsRefusal;
use crate::phy::Phy;
use crate::pipe::PipeKind;
use serde::Serialize;
use sim_core::Words;

/// End of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The end that connects and sends first.
    Central,
    /// The end that advertises.
    Peripheral,
}

impl Role {
    /// The other end.
    #[must_use]
    pub const fn peer(self) -> Self {
        match self {
            Self::Central => Self::Peripheral,
            Self::Peripheral => Self::Central,
        }
    }
}

/// Why a connection event ended (Vol 6 Part B 4.5.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CloseCause {
    /// Neither side had more data.
    NoMoreData,
    /// A full pair no longer fits before the next anchor.
    NoTime,
    /// The limit of pairs per event is reached.
    PairLimit,
    /// A side heard nothing in its turn.
    Silence,
    /// A side received two packets with CRC errors in a row.
    CrcErrors,
    /// A full pair no longer fits the time that the central has for this connection: its event
    /// length, or the time until its radio is wanted by another connection.
    EventLength,
}

/// Reasons of a lost connection (Vol 1 Part F).
pub mod reason {
    /// Connection timeout.
    pub const TIMEOUT: u8 = 0x08;
    /// Remote user terminated the connection.
    pub const REMOTE_TERMINATED: u8 = 0x13;
    /// The own host terminated the connection.
    pub const LOCAL_TERMINATED: u8 = 0x16;
    /// No packet was heard within six intervals.
    pub const NOT_ESTABLISHED: u8 = 0x3e;
}

/// What becomes of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DatagramFate {
    /// It arrives.
    Delivered,
    /// It is lost.
    Lost,
    /// It is longer than the network carries in one piece, and its fragments are dropped.
    Fragmented,
}

/// One thing that happened on a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum LinkEvent {
    /// The central created a connection from an advertisement.
    ConnectInd {
        /// Connection interval, us.
        interval_us: u32,
        /// Supervision timeout, ms.
        timeout_ms: u16,
        /// Whether the peripheral heard it.
        heard: bool,
    },
    /// How the connection that was just created hops: with the event counter and the map in force,
    /// the channel of each event follows.
    Channels {
        /// Access address.
        access_address: u32,
        /// Hop of channel selection algorithm #1.
        hop: u8,
        /// Number of the channel selection algorithm in use, 1 or 2.
        csa: u8,
    },
    /// This channel map is in force.
    ChannelMap {
        /// Data channels in use, bit 0 for channel 0.
        map: ChannelMap,
    },
    /// How strong each end hears the other, as a distance has it.
    Rssi {
        /// Level, dBm.
        dbm: i8,
    },
    /// A packet ended.
    Packet {
        /// Request that its payload belongs to; 0 for none.
        tag: u32,
        /// Connection event counter, modulo 65536 as on the air.
        counter: u16,
        /// Air time, us; the packet began this long before the record.
        air_us: u16,
        /// Link layer payload, octets.
        octets: u8,
        /// Octets of the attribute value of an SMP write or notification among them.
        value_octets: u8,
        /// Who sent it.
        from: Role,
        /// How it arrived.
        reception: Reception,
        /// The same payload was sent before.
        retransmission: bool,
        /// More data bit.
        md: bool,
        /// The receiver took its payload as new.
        taken: bool,
        /// The connection event closed with it, for this cause.
        closes: Option<CloseCause>,
    },
    /// A connection event closed because the end whose turn it was sent nothing: the central has
    /// left, or its radio serves another connection, or the peripheral is deaf.
    Silent {
        /// Connection event counter.
        counter: u16,
        /// Whose turn it was.
        role: Role,
    },
    /// An end's radio is switched off within a packet that it sends, which its own record, at the
    /// time when the whole packet would have ended, calls missed.
    BrokenOff {
        /// Connection event counter.
        counter: u16,
        /// Who sent it.
        role: Role,
    },
    /// A write was dropped because the attribute cannot hold it.
    TooLong {
        /// Request it belongs to.
        tag: u32,
        /// Attribute value, octets.
        octets: u16,
    },
    /// New connection parameters are in force.
    ParamsUpdated {
        /// Connection interval, us.
        interval_us: u32,
        /// Supervision timeout, ms.
        timeout_ms: u16,
    },
    /// The central sends an update for the first time.
    Update {
        /// What kind of update.
        procedure: UpdateProcedure,
        /// Event counter at which it will come into force.
        instant: u16,
        /// Event counter now.
        counter: u16,
    },
    /// The peripheral learns that the central refuses the parameters that it asked for.
    ParamsRefused {
        /// The rule that they break.
        reason: ParamsRefusal,
    },
    /// This physical layer is in force from now on. A connection starts on LE 1M unless this record
    /// follows its `ConnectInd`.
    Phy {
        /// Physical layer of both directions.
        phy: Phy,
    },
    /// The encryption start procedure is complete.
    Encrypted,
    /// The effective data length has changed.
    DataLength {
        /// Largest payload in either direction, octets.
        octets: u8,
    },
    /// The MTU exchange is complete.
    Mtu {
        /// ATT MTU, octets.
        att_mtu: u16,
    },
    /// The central enabled notifications.
    Subscribed,
    /// The peripheral's attribute server refuses the central, whose link is not secure enough for
    /// the SMP characteristic: its wish to be notified, which is answered, or a write command,
    /// which is dropped without a word.
    Refused {
        /// Request that the write belongs to; 0 for the wish to be notified.
        tag: u32,
        /// ATT error code, also where none is sent.
        code: u8,
    },
    /// Flash was given time between or instead of connection events.
    SlotGranted {
        /// Length, us.
        len_us: u32,
        /// Anchors inside it, which the peripheral will miss.
        anchors: u16,
    },
    /// An end considers the connection lost.
    Lost {
        /// Which end.
        role: Role,
        /// Reason code.
        reason: u8,
    },
    /// The client's socket or port is open. Only links that are no radio have this and what follows.
    Opened {
        /// What they carry.
        kind: PipeKind,
        /// Octets of the longest IP packet; 0 for a serial line.
        mtu: u16,
    },
    /// A datagram has been transmitted whole.
    Datagram {
        /// Request that it belongs to.
        tag: u32,
        /// Octets without headers.
        octets: u16,
        /// Time of the transmission, us, which began that long before the record.
        wire_us: u32,
        /// Who sent it.
        from: Role,
        /// What becomes of it.
        fate: DatagramFate,
        /// It is held back, so that later ones overtake it.
        held_back: bool,
        /// It arrives twice.
        doubled: bool,
    },
    /// A line has been transmitted whole.
    Line {
        /// Request that it belongs to.
        tag: u32,
        /// Octets, its end included.
        octets: u16,
        /// Those among them that arrive with an error, or find no room at the receiver.
        damaged: u16,
        /// Time of the transmission, us, which began that long before the record.
        wire_us: u32,
        /// Who sent it.
        from: Role,
    },
    /// A datagram or a line is in the hands of the other end.
    Arrived {
        /// Request that it belongs to.
        tag: u32,
        /// Octets.
        octets: u16,
        /// Who sent it.
        from: Role,
    },
    /// A datagram or a line arrived where nobody listens: the device is off, or the client's socket
    /// or port closed.
    Unheard {
        /// Request that it belongs to.
        tag: u32,
        /// Who sent it.
        from: Role,
    },
}

/// The first word of an event of one kind.
const fn w(kind: u64, a: u64) -> u64 {
    kind << 56 | a
}

impl Words for LinkEvent {
    // Most records are packets; what else there is must not take room beside them.
    #[inline]
    fn words(&self) -> [u64; 2] {
        let Self::Packet {
            tag,
            counter,
            air_us,
            octets,
            value_octets,
            from,
            reception,
            retransmission,
            md,
            taken,
            closes,
        } = *self
        else {
            return (*self).words_of_the_rest();
        };
        [
            w(2, u64::from(tag) << 16 | u64::from(counter)),
            u64::from(air_us) << 32
                | u64::from(octets) << 24
                | u64::from(value_octets) << 16
                | (from as u64) << 12
                | (reception as u64) << 8
                | u64::from(retransmission) << 7
                | u64::from(md) << 6
                | u64::from(taken) << 5
                | closes.map_or(0, |cause| cause as u64 + 1),
        ]
    }
}

impl LinkEvent {
    #[inline(never)]
    fn words_of_the_rest(self) -> [u64; 2] {
        match self {
            Self::Packet { .. } => unreachable!("its words are made in line"),
            Self::ConnectInd { interval_us, timeout_ms, heard } => {
                [w(1, u64::from(interval_us)), u64::from(timeout_ms) << 1 | u64::from(heard)]
            }
            Self::Channels { access_address, hop, csa } => {
                [w(20, u64::from(access_address)), u64::from(hop) << 8 | u64::from(csa)]
            }
            Self::ChannelMap { map } => [w(21, 0), map.bits()],
            Self::Rssi { dbm } => [w(22, 0), u64::from(dbm.cast_unsigned())],
            Self::Silent { counter, role } => [w(3, u64::from(counter)), role as u64],
            Self::BrokenOff { counter, role } => [w(16, u64::from(counter)), role as u64],
            Self::TooLong { tag, octets } => [w(5, u64::from(tag)), u64::from(octets)],
            Self::ParamsUpdated { interval_us, timeout_ms } => {
                [w(6, u64::from(interval_us)), u64::from(timeout_ms)]
            }
            Self::DataLength { octets } => [w(7, u64::from(octets)), 0],
            Self::Mtu { att_mtu } => [w(8, u64::from(att_mtu)), 0],
            Self::Subscribed => [w(9, 0), 0],
            Self::SlotGranted { len_us, anchors } => [w(10, u64::from(len_us)), u64::from(anchors)],
            Self::Lost { role, reason } => [w(11, role as u64), u64::from(reason)],
            Self::Update { procedure, instant, counter } => {
                [w(12, procedure as u64), u64::from(instant) << 16 | u64::from(counter)]
            }
            Self::ParamsRefused { reason } => [w(13, reason as u64), 0],
            Self::Phy { phy } => [w(14, phy as u64), 0],
            Self::Encrypted => [w(15, 0), 0],
            Self::Refused { tag, code } => [w(30, u64::from(tag)), u64::from(code)],
            Self::Opened { kind, mtu } => [w(23, kind as u64), u64::from(mtu)],
            Self::Datagram { tag, octets, wire_us, from, fate, held_back, doubled } => [
                w(24, u64::from(tag) << 16 | u64::from(octets)),
                u64::from(wire_us) << 32
                    | (from as u64) << 16
                    | (fate as u64) << 8
                    | u64::from(held_back) << 1
                    | u64::from(doubled),
            ],
            Self::Line { tag, octets, damaged, wire_us, from } => [
                w(25, u64::from(tag) << 16 | u64::from(octets)),
                u64::from(wire_us) << 32 | u64::from(damaged) << 16 | from as u64,
            ],
            Self::Arrived { tag, octets, from } => {
                [w(26, u64::from(tag)), u64::from(octets) << 16 | from as u64]
            }
            Self::Unheard { tag, from } => [w(27, u64::from(tag)), from as u64],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{DatagramFate, LinkEvent, Role};
    use crate::pipe::PipeKind;
    use sim_core::Words;

    #[test]
    fn every_field_of_a_pipes_events_reaches_a_word() {
        let datagram = |tag, octets, wire_us, from, fate, held_back, doubled| LinkEvent::Datagram {
            tag,
            octets,
            wire_us,
            from,
            fate,
            held_back,
            doubled,
        };
        let line = |tag, octets, damaged, wire_us, from| LinkEvent::Line {
            tag,
            octets,
            damaged,
            wire_us,
            from,
        };
        let (to, back) = (Role::Central, Role::Peripheral);
        let delivered = DatagramFate::Delivered;
        let events = [
            LinkEvent::Opened { kind: PipeKind::Datagrams, mtu: 0 },
            LinkEvent::Opened { kind: PipeKind::Lines, mtu: 0 },
            LinkEvent::Opened { kind: PipeKind::Datagrams, mtu: 1 },
            datagram(0, 0, 0, to, delivered, false, false),
            datagram(1, 0, 0, to, delivered, false, false),
            datagram(0, 1, 0, to, delivered, false, false),
            datagram(0, 0, 1, to, delivered, false, false),
            datagram(0, 0, 0, back, delivered, false, false),
            datagram(0, 0, 0, to, DatagramFate::Lost, false, false),
            datagram(0, 0, 0, to, DatagramFate::Fragmented, false, false),
            datagram(0, 0, 0, to, delivered, true, false),
            datagram(0, 0, 0, to, delivered, false, true),
            line(0, 0, 0, 0, to),
            line(1, 0, 0, 0, to),
            line(0, 1, 0, 0, to),
            line(0, 0, 1, 0, to),
            line(0, 0, 0, 1, to),
            line(0, 0, 0, 0, back),
            LinkEvent::Arrived { tag: 0, octets: 0, from: to },
            LinkEvent::Arrived { tag: 1, octets: 0, from: to },
            LinkEvent::Arrived { tag: 0, octets: 1, from: to },
            LinkEvent::Arrived { tag: 0, octets: 0, from: back },
            LinkEvent::Unheard { tag: 0, from: to },
            LinkEvent::Unheard { tag: 1, from: to },
            LinkEvent::Unheard { tag: 0, from: back },
        ];
        for (n, a) in events.iter().enumerate() {
            for b in &events[n + 1..] {
                assert_ne!(a.words(), b.words(), "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn an_event_is_small_enough_for_a_trace_record() {
        assert!(size_of::<LinkEvent>() <= 20, "{}", size_of::<LinkEvent>());
    }
}
