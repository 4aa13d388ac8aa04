//! Frames that fill link layer packets.

use super::upload::Idea;
use crate::fit::{ATT_HEADER, ExtraKeys, head, overhead};
use crate::strategy::{Limits, View};
use smp_wire::cbor::MapForm;

/// Octets of a full link layer packet (Core Specification Vol 6 Part B 2.4, with the data length
/// extension, which every controller of today has).
const PACKET: u32 = 251;
/// L2CAP and ATT header in front of a value.
const HEADERS: u32 = 4 + 3;

/// Cuts frames so that they end where a link layer packet ends: a write of `n` packets holds
/// 251 n - 7 octets. A longer frame keeps its full writes, and of its last one what fills packets.
/// A frame that is short of one packet stays as it is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PacketMatched;

/// The longest frame of at most `most` octets without a packet that is not full.
fn matched(most: u32, limits: Limits) -> u32 {
    let write = u32::from(limits.att_mtu.saturating_sub(ATT_HEADER)).max(1);
    let filled = |octets: u32| ((octets + HEADERS) / PACKET * PACKET).saturating_sub(HEADERS);
    if most > write {
        return most / write * write + filled(most % write);
    }
    match filled(most) {
        0 => most,
        filled => filled,
    }
}

/// The chunk of at most `most` octets whose frame is matched.
pub(super) fn chunk(off: u32, most: u32, limits: Limits) -> u32 {
    if off == 0 {
        return most;
    }
    let keys = overhead(MapForm::Definite, off, &ExtraKeys::default()) + head(most);
    matched(most + keys, limits).saturating_sub(keys).max(1)
}

impl Idea for PacketMatched {
    fn chunk(&self, view: &View<'_>, off: u32, most: u32) -> u32 {
        chunk(off, most, view.limits)
    }
}

#[cfg(test)]
mod tests {
    use super::{chunk, matched};
    use crate::strategy::Limits;

    fn limits(att_mtu: u16) -> Limits {
        Limits { att_mtu, ..Limits::default() }
    }

    #[test]
    fn writes_keep_what_fills_packets() {
        assert_eq!(matched(244, limits(247)), 244);
        assert_eq!(matched(2_475, limits(247)), 2_440, "ten writes, not eleven");
        assert_eq!(matched(2_475, limits(498)), 2_475, "five writes of two packets");
        assert_eq!(matched(384, limits(498)), 244);
        assert_eq!(matched(509, limits(512)), 495, "two packets, not two and a bit");
        assert_eq!(matched(100, limits(498)), 100, "not even one packet");
        assert_eq!(matched(2_475, limits(185)), 2_366, "a write of 182 octets is one packet");
    }

    #[test]
    fn chunks_leave_room_for_the_keys() {
        assert_eq!(chunk(70_000, 2_449, limits(247)), 2_414);
        assert_eq!(chunk(0, 2_406, limits(247)), 2_406, "the first one is rare");
        assert_eq!(chunk(70_000, 3, limits(247)), 3);
    }
}
