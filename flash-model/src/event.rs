//! What flash and boot loader report to the trace.

use crate::{FlashOp, ImageVersion, SwapType};
use serde::Serialize;
use sim_core::Words;

/// Kind of a flash operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OpKind {
    /// Page erase.
    Erase,
    /// Write of given data.
    Write,
    /// Write of data from elsewhere in the flash.
    Copy,
}

/// What happens to the flash of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum FlashEvent {
    /// The radio is asked for time.
    Ask {
        /// What for.
        kind: OpKind,
        /// Whether with high priority.
        high: bool,
        /// How much, in microseconds.
        len_us: u32,
    },
    /// An operation begins.
    Start {
        /// What is done.
        kind: OpKind,
        /// First address erased or written.
        at: u32,
        /// Octets erased or written.
        len: u32,
        /// CRC-32 of the data; 0 for an erase.
        crc: u32,
    },
    /// The processor halts for a part of an operation, in a window that the radio leaves.
    Window {
        /// What is done.
        kind: OpKind,
        /// Words written, or slices of a page erase; 1 for a whole page.
        units: u16,
        /// How long, in microseconds.
        len_us: u32,
    },
    /// The operation is over.
    End {
        /// What was done.
        kind: OpKind,
        /// First address erased or written.
        at: u32,
    },
    /// The radio left no time for the operation within the limit of a flash call.
    Failed {
        /// What was to be done.
        kind: OpKind,
        /// First address to erase or write.
        at: u32,
    },
    /// The supply failed during the operation.
    Cut {
        /// What was going on.
        kind: OpKind,
        /// First address it would have erased or written.
        at: u32,
    },
}

/// What the boot loader does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum BootEvent {
    /// It runs.
    Start,
    /// It has read the trailers.
    Decision {
        /// What they ask for.
        swap: SwapType,
        /// Whether an earlier boot had begun the swap.
        resumed: bool,
    },
    /// An image is about to be hashed.
    Hash {
        /// 0 primary, 1 secondary.
        slot: u8,
        /// Octets to be hashed.
        len: u32,
    },
    /// An image is not accepted.
    Refused {
        /// 0 primary, 1 secondary.
        slot: u8,
    },
    /// One page of the image has been moved up inside the primary slot.
    Moved {
        /// Pages moved so far.
        done: u16,
        /// Pages of the larger image.
        of: u16,
    },
    /// One page of both images has changed places.
    Swapped {
        /// Pages swapped so far.
        done: u16,
        /// Pages of the larger image.
        of: u16,
    },
    /// Pages of the image have been copied over the primary slot.
    Copied {
        /// Pages copied so far.
        done: u16,
        /// Pages of the image.
        of: u16,
    },
    /// It jumps into the application.
    Done {
        /// What runs now.
        version: ImageVersion,
    },
    /// Nothing can be booted.
    Dead,
    /// It stops at an assertion: sizes in flash that no upgrade can have.
    Assertion,
}

impl OpKind {
    /// The kind of an operation.
    pub const fn of(op: &FlashOp) -> Self {
        match op {
            FlashOp::Erase { .. } => Self::Erase,
            FlashOp::Write { .. } => Self::Write,
            FlashOp::Copy { .. } => Self::Copy,
        }
    }
}

impl Words for FlashEvent {
    #[inline]
    fn words(&self) -> [u64; 2] {
        match *self {
            Self::Ask { kind, high, len_us } => pack(1, kind as u8, u8::from(high), len_us, 0),
            Self::Start { kind, at, len, crc } => pack(2, kind as u8, 0, at, wide(len, crc)),
            Self::End { kind, at } => pack(3, kind as u8, 0, at, 0),
            Self::Cut { kind, at } => pack(4, kind as u8, 0, at, 0),
            Self::Window { kind, units, len_us } => pack(5, kind as u8, 0, len_us, units.into()),
            Self::Failed { kind, at } => pack(6, kind as u8, 0, at, 0),
        }
    }
}

impl Words for BootEvent {
    #[inline]
    fn words(&self) -> [u64; 2] {
        match *self {
            Self::Start => pack(1, 0, 0, 0, 0),
            Self::Decision { swap, resumed } => pack(2, swap as u8, u8::from(resumed), 0, 0),
            Self::Hash { slot, len } => pack(3, slot, 0, len, 0),
            Self::Refused { slot } => pack(4, slot, 0, 0, 0),
            Self::Moved { done, of } => pack(5, 0, 0, u32::from(done), u64::from(of)),
            Self::Swapped { done, of } => pack(6, 0, 0, u32::from(done), u64::from(of)),
            Self::Done { version: v } => pack(7, v.major, v.minor, v.build, u64::from(v.revision)),
            Self::Dead => pack(8, 0, 0, 0, 0),
            Self::Copied { done, of } => pack(9, 0, 0, u32::from(done), u64::from(of)),
            Self::Assertion => pack(10, 0, 0, 0, 0),
        }
    }
}

fn pack(tag: u8, a: u8, b: u8, high: u32, second: u64) -> [u64; 2] {
    let first = u64::from(tag) | u64::from(a) << 8 | u64::from(b) << 16 | u64::from(high) << 32;
    [first, second]
}

fn wide(high: u32, low: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

#[cfg(test)]
mod tests {
    use super::{BootEvent, FlashEvent, OpKind};
    use crate::{ImageVersion, SwapType};
    use sim_core::Words;

    #[test]
    fn events_stay_small() {
        assert!(size_of::<FlashEvent>() <= 20);
        assert!(size_of::<BootEvent>() <= 20);
    }

    /// Flipping any field of an event must change its words.
    #[test]
    fn every_field_reaches_a_word() {
        let kind = OpKind::Copy;
        let start = FlashEvent::Start { kind, at: 1, len: 2, crc: 3 };
        let version = ImageVersion { major: 1, minor: 2, revision: 3, build: 4 };
        let flash = [
            FlashEvent::Ask { kind, high: false, len_us: 1 },
            FlashEvent::Ask { kind: OpKind::Erase, high: false, len_us: 1 },
            FlashEvent::Ask { kind, high: true, len_us: 1 },
            FlashEvent::Ask { kind, high: false, len_us: 2 },
            start,
            FlashEvent::Start { kind: OpKind::Write, at: 1, len: 2, crc: 3 },
            FlashEvent::Start { kind, at: 2, len: 2, crc: 3 },
            FlashEvent::Start { kind, at: 1, len: 3, crc: 3 },
            FlashEvent::Start { kind, at: 1, len: 2, crc: 4 },
            FlashEvent::End { kind, at: 1 },
            FlashEvent::End { kind: OpKind::Write, at: 1 },
            FlashEvent::End { kind, at: 2 },
            FlashEvent::Cut { kind, at: 1 },
            FlashEvent::Cut { kind: OpKind::Write, at: 1 },
            FlashEvent::Cut { kind, at: 2 },
        ];
        let boot = [
            BootEvent::Start,
            BootEvent::Decision { swap: SwapType::Test, resumed: false },
            BootEvent::Decision { swap: SwapType::Perm, resumed: false },
            BootEvent::Decision { swap: SwapType::Test, resumed: true },
            BootEvent::Hash { slot: 0, len: 1 },
            BootEvent::Hash { slot: 1, len: 1 },
            BootEvent::Hash { slot: 0, len: 2 },
            BootEvent::Refused { slot: 0 },
            BootEvent::Refused { slot: 1 },
            BootEvent::Moved { done: 1, of: 2 },
            BootEvent::Moved { done: 2, of: 2 },
            BootEvent::Moved { done: 1, of: 3 },
            BootEvent::Swapped { done: 1, of: 2 },
            BootEvent::Swapped { done: 2, of: 2 },
            BootEvent::Swapped { done: 1, of: 3 },
            BootEvent::Done { version },
            BootEvent::Done { version: ImageVersion { major: 2, ..version } },
            BootEvent::Done { version: ImageVersion { minor: 3, ..version } },
            BootEvent::Done { version: ImageVersion { revision: 4, ..version } },
            BootEvent::Done { version: ImageVersion { build: 5, ..version } },
            BootEvent::Dead,
        ];
        all_differ(&flash.map(|event| event.words()));
        all_differ(&boot.map(|event| event.words()));
    }

    fn all_differ(words: &[[u64; 2]]) {
        for (n, one) in words.iter().enumerate() {
            assert!(!words[n + 1..].contains(one), "event {n} is not told apart");
        }
    }
}
