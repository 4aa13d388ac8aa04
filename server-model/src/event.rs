//! What a server tells the trace.

use serde::Serialize;
use sim_core::Words;

/// One thing that the server did. Payloads appear as length and CRC-32 only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum ServerEvent {
    /// The work queue takes a request.
    Take {
        /// Number of the request.
        tag: u32,
        /// Group of the header.
        group: u16,
        /// Operation of the header, 0 to 7.
        op: u8,
        /// Command of the header.
        id: u8,
        /// Sequence number of the header.
        seq: u8,
        /// Payload length that the header states, in octets.
        len: u16,
    },
    /// A response goes to the transport.
    Reply {
        /// Number of the request.
        tag: u32,
        /// 0, or the error that it carries.
        rc: i16,
        /// Length of the frame in octets.
        len: u16,
        /// CRC-32 of the frame.
        crc32: u32,
    },
    /// Bytes or a response are dropped; the client is not told.
    Drop {
        /// Number of the request, 0 where that is unknown.
        tag: u32,
        /// Why.
        reason: DropReason,
    },
    /// A chunk was answered.
    Upload {
        /// Number of the request.
        tag: u32,
        /// The offset in the answer: where the upload goes on.
        off: u32,
        /// Octets of the chunk that were taken; 0 when it was a repetition, out of order, or known.
        len_accepted: u16,
    },
    /// A stretch of flash will now be erased, page by page.
    Erase {
        /// Number of the request.
        tag: u32,
        /// First address.
        at: u32,
        /// Length in octets.
        len: u32,
    },
    /// The device resets.
    Reset,
    /// The application faults; a reset follows.
    Crash,
}

/// Why bytes came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DropReason {
    /// No application runs.
    NotRunning,
    /// All buffers are taken.
    NoBuffer,
    /// The first write of a request is shorter than an SMP header.
    NoHeader,
    /// The request is longer than a buffer, by its own size or by what its header announces.
    TooLong,
    /// A write brings more than the header announced; the partial request goes with it.
    Overrun,
    /// A partial request ends with its connection.
    Partial,
    /// Less than an SMP header is left in the packet.
    Stub,
    /// Bytes behind a request that was answered with an error.
    AfterError,
    /// A response whose connection is gone, or whose client does not listen.
    Unreachable,
    /// The error has no code in version 1 of the protocol, or its reason makes the response too
    /// long for a buffer: nothing of use is sent.
    NoResponse,
    /// A line or datagram that cannot be decoded.
    BadFraming,
}

impl DropReason {
    /// Whether a request, or its response, is gone with it, so that its client waits in vain.
    pub const fn loses_request(self) -> bool {
        !matches!(self, Self::Stub | Self::AfterError)
    }
}

impl Words for ServerEvent {
    #[inline]
    fn words(&self) -> [u64; 2] {
        let first =
            |kind: u64, tag: u32, small: u16| kind << 56 | u64::from(small) << 32 | u64::from(tag);
        match *self {
            Self::Take { tag, group, op, id, seq, len } => [
                first(1, tag, len),
                u64::from(group) << 24 | u64::from(op) << 16 | u64::from(id) << 8 | u64::from(seq),
            ],
            Self::Reply { tag, rc, len, crc32 } => {
                [first(2, tag, len), u64::from(rc.cast_unsigned()) << 32 | u64::from(crc32)]
            }
            Self::Drop { tag, reason } => [first(3, tag, reason as u16), 0],
            Self::Upload { tag, off, len_accepted } => [first(4, tag, len_accepted), off.into()],
            Self::Erase { tag, at, len } => {
                [first(5, tag, 0), u64::from(at) << 32 | u64::from(len)]
            }
            Self::Reset => [first(6, 0, 0), 0],
            Self::Crash => [first(7, 0, 0), 0],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{DropReason, ServerEvent};
    use sim_core::Words;

    #[test]
    fn an_event_is_small() {
        assert!(size_of::<ServerEvent>() <= 20);
    }

    #[test]
    fn every_field_reaches_a_word() {
        let take =
            |tag, group, op, id, seq, len| ServerEvent::Take { tag, group, op, id, seq, len };
        let reply = |tag, rc, len, crc32| ServerEvent::Reply { tag, rc, len, crc32 };
        let upload = |tag, off, len_accepted| ServerEvent::Upload { tag, off, len_accepted };
        let erase = |tag, at, len| ServerEvent::Erase { tag, at, len };
        let drop = |tag, reason| ServerEvent::Drop { tag, reason };
        let events = [
            take(0, 0, 0, 0, 0, 0),
            take(1, 0, 0, 0, 0, 0),
            take(0, 1, 0, 0, 0, 0),
            take(0, 0, 1, 0, 0, 0),
            take(0, 0, 0, 1, 0, 0),
            take(0, 0, 0, 0, 1, 0),
            take(0, 0, 0, 0, 0, 1),
            reply(0, 0, 0, 0),
            reply(1, 0, 0, 0),
            reply(0, -1, 0, 0),
            reply(0, 0, 1, 0),
            reply(0, 0, 0, 1),
            drop(0, DropReason::NotRunning),
            drop(1, DropReason::NotRunning),
            drop(0, DropReason::Unreachable),
            upload(0, 0, 0),
            upload(1, 0, 0),
            upload(0, 1, 0),
            upload(0, 0, 1),
            erase(0, 0, 0),
            erase(1, 0, 0),
            erase(0, 1, 0),
            erase(0, 0, 1),
            ServerEvent::Reset,
            ServerEvent::Crash,
        ];
        for (n, a) in events.iter().enumerate() {
            for b in &events[n + 1..] {
                assert_ne!(a.words(), b.words(), "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn events_name_themselves_in_json() {
        let event = ServerEvent::Drop { tag: 7, reason: DropReason::NoBuffer };
        let json = serde_json::to_string(&event).unwrap();
        assert_eq!(json, r#"{"event":"drop","tag":7,"reason":"no_buffer"}"#);
    }
}
