//! The first line of a session: what was recorded.

use flash_model::Area;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Everything that the steps need to know.
#[derive(Debug, Deserialize)]
pub(super) struct Meta {
    /// Options of the build, where they are stated.
    #[serde(default)]
    pub(super) kconfig: BTreeMap<String, String>,
    /// Which of the known builds it was, where options are not stated.
    #[serde(default)]
    pub(super) server: String,
    /// Command groups of such a build.
    #[serde(default)]
    pub(super) groups: Vec<u16>,
    pub(super) buf_size: Option<u32>,
    pub(super) buf_count: Option<u32>,
    pub(super) flash: Option<Flash>,
    #[serde(default)]
    pub(super) images: BTreeMap<String, Image>,
    /// Contents at the start, by partition.
    #[serde(default)]
    pub(super) init: Init,
    /// SHA-256 of each partition at the start.
    #[serde(default)]
    pub(super) flash_sha256: BTreeMap<String, String>,
    pub(super) flash_state: Option<serde_json::Value>,
    #[serde(default)]
    pub(super) device: DeviceMeta,
    /// A file system lies in the storage partition.
    pub(super) littlefs: Option<String>,
}

/// Contents of partitions, by name.
pub(super) type Init = BTreeMap<String, Option<Contents>>;

/// Sizes and partitions of the flash.
#[derive(Debug, Deserialize)]
pub(super) struct Flash {
    pub(super) size: u32,
    pub(super) page_size: u32,
    pub(super) write_block: u32,
    pub(super) partitions: BTreeMap<String, Partition>,
}

/// A stretch of flash.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Partition {
    pub(super) off: u32,
    pub(super) size: u32,
}

impl From<Partition> for Area {
    fn from(partition: Partition) -> Self {
        Self { start: partition.off, len: partition.size }
    }
}

/// An image that contents name.
#[derive(Debug, Deserialize)]
pub(super) struct Image {
    /// The octets, in base 64.
    pub(super) b64: Option<String>,
    /// Only what follows is known of it.
    #[serde(default)]
    pub(super) opaque: bool,
    #[serde(default)]
    pub(super) version: String,
    #[serde(default)]
    pub(super) build: u32,
    #[serde(default)]
    pub(super) hdr_size: u16,
    #[serde(default)]
    pub(super) img_size: u32,
    #[serde(default)]
    pub(super) flags: u32,
    /// The TLV area, in hex.
    #[serde(default)]
    pub(super) tlv: String,
    #[serde(default)]
    pub(super) size: usize,
    /// What the boot loader computes, in hex.
    #[serde(default, rename = "image_hash")]
    pub(super) hash: String,
}

/// What a partition holds.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Contents {
    /// Name of an image.
    pub(super) image: Option<String>,
    /// Where the image begins in the partition.
    #[serde(default)]
    pub(super) off: usize,
    /// Octets of the image that are there.
    pub(super) truncate: Option<usize>,
    pub(super) fill: Option<Fill>,
    #[serde(default)]
    pub(super) patch: Vec<Patch>,
    pub(super) trailer: Option<TrailerMeta>,
    /// Like `patch`, after everything else.
    #[serde(default)]
    pub(super) poke: Vec<Patch>,
    /// What is not known.
    #[serde(flatten)]
    others: BTreeMap<String, serde_json::Value>,
}

impl Contents {
    /// The first thing asked for that is not known.
    pub(super) fn unknown(&self) -> Option<&str> {
        let trailer = self.trailer.iter().flat_map(|trailer| trailer.others.keys());
        self.others.keys().chain(trailer).next().map(String::as_str)
    }
}

/// Octets by the rule of image bodies, from the start of the partition.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Fill {
    pub(super) len: u32,
    pub(super) seed: u32,
}

/// Octets at an offset in the partition.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Patch {
    pub(super) off: usize,
    pub(super) hex: String,
}

/// Fields of a trailer.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct TrailerMeta {
    pub(super) magic: Option<String>,
    pub(super) image_ok: Option<String>,
    pub(super) copy_done: Option<String>,
    pub(super) swap_info: Option<u8>,
    #[serde(flatten)]
    others: BTreeMap<String, serde_json::Value>,
}

/// What the recorded device says of itself.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct DeviceMeta {
    /// Texts by the letters of the information command.
    pub(super) info: BTreeMap<String, String>,
    pub(super) tasks: Vec<Task>,
    pub(super) stats: Vec<Stat>,
}

/// A thread.
#[derive(Debug, Deserialize)]
pub(super) struct Task {
    pub(super) name: String,
    pub(super) prio: i32,
    pub(super) tid: u32,
    pub(super) state: u32,
    pub(super) stksiz: Option<u32>,
    pub(super) stkuse: Option<u32>,
}

/// A group of statistics.
#[derive(Debug, Deserialize)]
pub(super) struct Stat {
    pub(super) name: String,
    /// Counters in their order.
    #[serde(default)]
    pub(super) fields: serde_json::Map<String, serde_json::Value>,
}
