//! What a client tells the trace.

use crate::error::{ClientError, Outcome};
use serde::Serialize;
use sim_core::Words;
use std::fmt;

/// A part of the update, in the order in which they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The first connection is being made.
    Connect,
    /// MTU exchange, service discovery, subscription.
    Discover,
    /// The server is asked for its buffers.
    Params,
    /// The image list is asked for.
    List,
    /// The image is sent.
    Upload,
    /// The application's settings are erased.
    EraseSettings,
    /// The image is marked for a trial boot.
    Test,
    /// The reset is asked for, until the link is down.
    Reset,
    /// The swap is waited for.
    Wait,
    /// A further connection is being made.
    Reconnect,
    /// The image is marked for good.
    Confirm,
    /// The update is over.
    Done,
    /// Before all: a gateway waits until enough of the image has come from its host. Last here, so
    /// that the numbers of the others stay.
    Buffer,
    /// The slot is erased by a command of its own.
    EraseSlot,
    /// The boot loader's name and mode are asked for.
    BootLoader,
}

impl Phase {
    /// The name in reports, snake case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Discover => "discover",
            Self::Params => "params",
            Self::List => "list",
            Self::Upload => "upload",
            Self::EraseSettings => "erase_settings",
            Self::Test => "test",
            Self::Reset => "reset",
            Self::Wait => "wait",
            Self::Reconnect => "reconnect",
            Self::Confirm => "confirm",
            Self::Done => "done",
            Self::Buffer => "buffer",
            Self::EraseSlot => "erase_slot",
            Self::BootLoader => "boot_loader",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One thing that a client did or saw. Requests are numbered from 1 (`tag`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum ClientEvent {
    /// A phase begins; the one before it is over.
    Phase {
        /// Which.
        phase: Phase,
    },
    /// A request is handed to the link, whole.
    Send {
        /// Its number.
        tag: u32,
        /// Management group.
        group: u16,
        /// Command.
        id: u8,
        /// Operation.
        op: u8,
        /// Sequence number.
        seq: u8,
        /// Octets of the frame, header included.
        len: u16,
        /// CRC-32 of the frame.
        crc32: u32,
    },
    /// The request just sent is an upload request.
    UploadChunk {
        /// Its number.
        tag: u32,
        /// Where in the image its data begin.
        off: u32,
        /// Octets of data.
        len: u32,
    },
    /// A request is answered.
    Answer {
        /// Its number.
        tag: u32,
        /// Result code; 0 for success.
        rc: i32,
        /// The group that the code belongs to, for SMP v2's `err`.
        #[serde(skip_serializing_if = "Option::is_none")]
        group: Option<u16>,
        /// Octets of the frame, header included.
        len: u16,
    },
    /// A request was not answered in time.
    Timeout {
        /// Its number.
        tag: u32,
    },
    /// A request's answer is no longer waited for.
    GiveUp {
        /// Its number.
        tag: u32,
    },
    /// A notification was dropped: a late answer, or octets that are no frame.
    Stale {
        /// The request it answers, as the link tells; 0 when it does not.
        tag: u32,
    },
    /// The update is over.
    Finish {
        /// How it ended.
        outcome: Outcome,
        /// Why it did not end well.
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<ClientError>,
    },
    /// The gateway asks its host for the image.
    HostAsk {
        /// The first octet that it asks for.
        off: u32,
    },
    /// A block has come from the host.
    Buffered {
        /// Octets of the image that have come so far.
        end: u32,
        /// Octets in the ring that the server has not acknowledged.
        held: u32,
    },
    /// Octets from the host find no room in the ring, or follow such octets: they are dropped.
    Overflow {
        /// Where in the image they begin.
        off: u32,
        /// How many they are.
        len: u32,
    },
    /// The upload has to wait for octets from the host.
    Starved {
        /// Where the chunk begins that would go next.
        off: u32,
        /// Octets of it that have not come.
        missing: u32,
    },
    /// Of several images, the one that the next steps are about.
    Image {
        /// Its number.
        number: u32,
        /// Its length, octets.
        len: u32,
    },
    /// The upload goes on: what it waited for has come, or is no longer what goes next.
    Fed {
        /// Octets of the image that have come so far.
        end: u32,
    },
}

impl Words for ClientEvent {
    #[inline]
    fn words(&self) -> [u64; 2] {
        let first = |kind: u64, tag: u32| kind | u64::from(tag) << 8;
        match *self {
            Self::Phase { phase } => [1, phase as u64],
            Self::Send { tag, group, id, op, seq, len, crc32 } => [
                first(2, tag) | u64::from(group) << 40 | u64::from(id) << 56,
                u64::from(crc32)
                    | u64::from(len) << 32
                    | u64::from(seq) << 48
                    | u64::from(op) << 56,
            ],
            Self::UploadChunk { tag, off, len } => {
                [first(3, tag), u64::from(off) | u64::from(len) << 32]
            }
            Self::Answer { tag, rc, group, len } => {
                let group = group.map_or(0, |group| u64::from(group) + 1);
                [first(4, tag) | u64::from(len) << 40, u64::from(rc.cast_unsigned()) | group << 32]
            }
            Self::Timeout { tag } => [first(5, tag), 0],
            Self::GiveUp { tag } => [first(6, tag), 0],
            Self::Stale { tag } => [first(7, tag), 0],
            Self::Finish { outcome, error } => {
                [8 | (outcome as u64) << 8, error.map_or(0, |error| error.word())]
            }
            Self::HostAsk { off } => [first(9, off), 0],
            Self::Buffered { end, held } => [first(10, end), held.into()],
            Self::Overflow { off, len } => [first(11, off), len.into()],
            Self::Starved { off, missing } => [first(12, off), missing.into()],
            Self::Fed { end } => [first(13, end), 0],
            Self::Image { number, len } => [first(14, number), len.into()],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ClientEvent as E, Phase};
    use crate::{ClientError, Outcome};
    use sim_core::Words;

    #[test]
    fn an_event_has_at_most_twenty_octets() {
        assert!(size_of::<E>() <= 20, "{}", size_of::<E>());
    }

    #[test]
    fn every_field_reaches_a_word() {
        let send = |tag, group, id, op, seq, len, crc32| {
            E::Send { tag, group, id, op, seq, len, crc32 }.words()
        };
        let answer = |tag, rc, group, len| E::Answer { tag, rc, group, len }.words();
        let chunk = |tag, off, len| E::UploadChunk { tag, off, len }.words();
        let finish = |outcome, error| E::Finish { outcome, error }.words();
        let all = [
            E::Phase { phase: Phase::Connect }.words(),
            E::Phase { phase: Phase::Done }.words(),
            send(1, 0, 0, 0, 0, 0, 0),
            send(2, 0, 0, 0, 0, 0, 0),
            send(1, 1, 0, 0, 0, 0, 0),
            send(1, 0, 1, 0, 0, 0, 0),
            send(1, 0, 0, 1, 0, 0, 0),
            send(1, 0, 0, 0, 1, 0, 0),
            send(1, 0, 0, 0, 0, 1, 0),
            send(1, 0, 0, 0, 0, 0, 1),
            chunk(1, 0, 0),
            chunk(2, 0, 0),
            chunk(1, 1, 0),
            chunk(1, 0, 1),
            answer(1, 0, None, 0),
            answer(2, 0, None, 0),
            answer(1, -1, None, 0),
            answer(1, 0, Some(0), 0),
            answer(1, 0, Some(u16::MAX), 0),
            answer(1, 0, None, 1),
            E::Timeout { tag: 1 }.words(),
            E::GiveUp { tag: 1 }.words(),
            E::Stale { tag: 1 }.words(),
            E::Stale { tag: 0 }.words(),
            finish(Outcome::Confirmed, None),
            finish(Outcome::Failed, None),
            finish(Outcome::Failed, Some(ClientError::MatchFailed)),
            E::HostAsk { off: 1 }.words(),
            E::HostAsk { off: 2 }.words(),
            E::Buffered { end: 1, held: 0 }.words(),
            E::Buffered { end: 2, held: 0 }.words(),
            E::Buffered { end: 1, held: 1 }.words(),
            E::Overflow { off: 1, len: 0 }.words(),
            E::Overflow { off: 2, len: 0 }.words(),
            E::Overflow { off: 1, len: 1 }.words(),
            E::Starved { off: 1, missing: 0 }.words(),
            E::Starved { off: 2, missing: 0 }.words(),
            E::Starved { off: 1, missing: 1 }.words(),
            E::Fed { end: 1 }.words(),
            E::Image { number: 1, len: 0 }.words(),
            E::Image { number: 1, len: 1 }.words(),
            E::Fed { end: 2 }.words(),
        ];
        let distinct: std::collections::BTreeSet<[u64; 2]> = all.into_iter().collect();
        assert_eq!(distinct.len(), all.len());
    }

    #[test]
    fn a_phase_has_one_name_in_text_and_in_json() {
        for phase in [Phase::Connect, Phase::EraseSettings, Phase::Done] {
            assert_eq!(serde_json::to_value(phase).unwrap(), phase.name());
        }
    }
}
