//! A scenario as it stands in the file.

use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// One line: a flash, its first contents, what happened, and what came of it.
#[derive(Deserialize)]
pub(super) struct Scenario {
    pub(super) mode: String,
    /// Write size of the flash in octets.
    pub(super) align: u32,
    /// Spacing of the trailer's fields in octets.
    pub(super) max_align: u32,
    /// Erase size in octets.
    pub(super) page: u32,
    pub(super) max_sectors: u32,
    pub(super) status_size: u32,
    pub(super) trailer_size: u32,
    pub(super) scratch_trailer_size: Option<u32>,
    #[serde(default)]
    pub(super) options: Options,
    /// Address and size, in hex.
    pub(super) areas: BTreeMap<String, [String; 2]>,
    pub(super) images: BTreeMap<String, Image>,
    pub(super) init: Vec<Item>,
    pub(super) initial_state: usize,
    pub(super) steps: Vec<Step>,
    #[serde(default)]
    pub(super) cuts: Vec<Cuts>,
    pub(super) states: Vec<State>,
}

/// How the boot loader was built besides its mode. An option that is not known cannot be honoured.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Options {
    pub(super) downgrade_prevention: Option<String>,
    pub(super) overwrite_only_fast: Option<bool>,
    pub(super) validate_primary: Option<bool>,
    #[serde(default)]
    pub(super) bootstrap: bool,
}

/// How to build an image.
#[derive(Deserialize)]
pub(super) struct Image {
    pub(super) version: String,
    pub(super) hdr_size: u16,
    pub(super) body_len: u32,
    pub(super) seed: u32,
    pub(super) total_len: u32,
    pub(super) file_sha256: String,
}

/// A change of contents from outside.
#[derive(Deserialize)]
#[serde(try_from = "Value")]
pub(super) enum Item {
    /// Puts an image into an area.
    Put { area: String, image: String, offset: usize },
    /// Flips bits of one octet.
    Xor { area: String, offset: usize, value: u8 },
    /// Fills a stretch.
    Fill { area: String, offset: usize, len: usize, value: u8 },
    /// Puts octets into an area.
    Hex { area: String, offset: usize, octets: String },
}

/// What is done, and what was recorded of it.
#[derive(Deserialize)]
pub(super) struct Step {
    #[serde(flatten)]
    pub(super) action: Action,
    /// Not stated for a change from outside.
    pub(super) rc: Option<i32>,
    pub(super) booted: Option<String>,
    pub(super) version: Option<String>,
    pub(super) assert: Option<String>,
    pub(super) n_erase: Option<u32>,
    pub(super) n_write: Option<u32>,
    pub(super) bytes_written: Option<u64>,
    #[serde(default)]
    pub(super) nonerased_bytes_written: u64,
    pub(super) ops_sha256: Option<String>,
    pub(super) ops: Option<Vec<String>>,
    pub(super) state: usize,
}

/// Something that is done to the device.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(super) enum Action {
    /// `boot_set_pending`.
    Pending { permanent: bool },
    /// `boot_set_confirmed`.
    Confirm,
    /// `boot_set_next` as built for direct-xip with revert.
    SetNext { slot: String, active: bool, confirm: bool },
    /// Contents change from outside.
    Flash { items: Vec<Item> },
    /// The boot loader runs once.
    Boot,
}

/// Power cuts in one step.
#[derive(Deserialize)]
pub(super) struct Cuts {
    pub(super) step: usize,
    /// The operation at which the power goes does nothing.
    #[serde(default)]
    pub(super) none: Vec<Value>,
    /// It is torn in the middle.
    #[serde(default)]
    pub(super) half: Vec<Value>,
}

/// One power cut, a list in the file.
#[derive(Deserialize)]
pub(super) struct Row(
    /// The operation at which the power goes, from 1.
    pub(super) u32,
    /// Runs of the boot loader until something boots, three at most.
    pub(super) u32,
    /// What runs then.
    pub(super) String,
    /// The state then.
    pub(super) usize,
    /// Operations of the first of these runs.
    pub(super) u32,
    /// First digits of their digest.
    pub(super) String,
    /// Octets that this run wrote over octets that were not erased.
    #[serde(default)]
    pub(super) u64,
    /// The assertion at which the last run stopped.
    #[serde(default)]
    pub(super) Option<String>,
);

/// What lies in flash at one moment.
#[derive(Deserialize)]
pub(super) struct State {
    /// Of each whole area.
    pub(super) sha256: BTreeMap<String, String>,
    /// Of both slots, from the swap size to the end, in hex.
    pub(super) trailer: BTreeMap<String, String>,
    /// First octets of the status entries, run-length coded, where not all are erased.
    pub(super) status: Option<BTreeMap<String, String>>,
    pub(super) swap_type: String,
    pub(super) next_boot: Option<NextBoot>,
}

/// What one more undisturbed boot does.
#[derive(Deserialize)]
pub(super) struct NextBoot {
    pub(super) booted: String,
    pub(super) n_ops: u32,
    pub(super) ops_digest: String,
    /// The state reached, when it is one of the list.
    pub(super) state: Option<usize>,
    /// The state reached otherwise.
    pub(super) sha256: Option<BTreeMap<String, String>>,
}

impl TryFrom<Value> for Item {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let text = |n: usize| value[n].as_str().map(str::to_owned);
        let number = |n: usize| value[n].as_u64().and_then(|n| usize::try_from(n).ok());
        let octet = |n: usize| value[n].as_u64().and_then(|n| u8::try_from(n).ok());
        let read = || {
            let area = text(1)?;
            Some(match value[0].as_str()? {
                "put" => Self::Put { area, image: text(2)?, offset: number(3)? },
                "xor" => Self::Xor { area, offset: number(2)?, value: octet(3)? },
                "fill" => {
                    Self::Fill { area, offset: number(2)?, len: number(3)?, value: octet(4)? }
                }
                "hex" => Self::Hex { area, offset: number(2)?, octets: text(3)? },
                _ => return None,
            })
        };
        read().ok_or_else(|| {
            format!("`{value}` is no change of contents: put, xor, fill or hex with its values")
        })
    }
}
