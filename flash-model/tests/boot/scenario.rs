//! The reference data as they stand in the file.

use crate::rig::Rig;
use flash_model::{Area, BootConfig, BootMode, Geometry, ImageSpec, ImageVersion, Layout, Part};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Deserialize)]
pub(crate) struct Scenario {
    pub(crate) id: String,
    pub(crate) mode: String,
    pub(crate) align: u32,
    pub(crate) max_align: u32,
    pub(crate) page: u32,
    pub(crate) max_sectors: u32,
    pub(crate) status_size: u32,
    pub(crate) trailer_size: u32,
    #[serde(default)]
    options: Options,
    areas: BTreeMap<String, [String; 2]>,
    pub(crate) images: BTreeMap<String, Image>,
    pub(crate) init: Vec<Value>,
    pub(crate) initial_state: usize,
    pub(crate) steps: Vec<Step>,
    #[serde(default)]
    pub(crate) cuts: Vec<Cuts>,
    pub(crate) states: Vec<State>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    downgrade_prevention: Option<String>,
    validate_primary: Option<bool>,
    pub(crate) overwrite_only_fast: Option<bool>,
}

#[derive(Deserialize)]
pub(crate) struct Image {
    version: String,
    hdr_size: u16,
    body_len: u32,
    seed: u32,
    pub(crate) total_len: u32,
    pub(crate) file_sha256: String,
}

#[derive(Deserialize)]
pub(crate) struct Step {
    #[serde(rename = "do")]
    pub(crate) action: String,
    #[serde(default)]
    pub(crate) permanent: bool,
    #[serde(default)]
    pub(crate) slot: String,
    #[serde(default)]
    pub(crate) active: bool,
    #[serde(default)]
    pub(crate) confirm: bool,
    #[serde(default)]
    pub(crate) items: Vec<Value>,
    #[serde(default)]
    pub(crate) rc: i32,
    pub(crate) booted: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) n_erase: Option<usize>,
    pub(crate) n_write: Option<usize>,
    pub(crate) bytes_written: Option<u64>,
    pub(crate) ops_sha256: Option<String>,
    pub(crate) ops: Option<Vec<String>>,
    pub(crate) state: usize,
}

#[derive(Deserialize)]
pub(crate) struct Cuts {
    pub(crate) step: usize,
    pub(crate) none: Vec<Value>,
    pub(crate) half: Vec<Value>,
}

#[derive(Deserialize)]
pub(crate) struct State {
    pub(crate) sha256: BTreeMap<String, String>,
    pub(crate) trailer: BTreeMap<String, String>,
    pub(crate) status: Option<BTreeMap<String, String>>,
    pub(crate) swap_type: String,
    pub(crate) next_boot: Option<NextBoot>,
}

#[derive(Deserialize)]
pub(crate) struct NextBoot {
    pub(crate) booted: String,
    pub(crate) n_ops: usize,
    pub(crate) ops_digest: String,
    pub(crate) state: Option<usize>,
    pub(crate) sha256: Option<BTreeMap<String, String>>,
}

impl Scenario {
    pub(crate) fn area(&self, name: &str) -> Area {
        let [start, len] = &self.areas[name];
        Area::new(hex_number(start), hex_number(len))
    }

    pub(crate) fn layout(&self) -> Layout {
        let slots = [self.area("primary"), self.area("secondary")];
        Layout {
            boot: Area::new(0, slots[0].start),
            slots,
            scratch: self.areas.contains_key("scratch").then(|| self.area("scratch")),
            storage: None,
        }
    }

    /// A device of the scenario's kind, erased.
    pub(crate) fn rig(&self) -> Rig {
        let layout = self.layout();
        let size = layout
            .slots
            .iter()
            .chain(layout.scratch.iter())
            .map(Area::end)
            .max()
            .expect("two slots");
        let geometry = Geometry { size, page: self.page, write_size: self.align };
        Rig::new(Part { geometry, ..Part::nrf52840() }, layout, self.config())
    }

    /// Changes contents from outside, as the items of `init` and of `flash` steps say.
    pub(crate) fn change(
        &self,
        rig: &mut Rig,
        images: &BTreeMap<String, Vec<u8>>,
        items: &[Value],
    ) {
        for item in items {
            let text = |n: usize| item[n].as_str().expect("a text");
            let number = |n: usize| item[n].as_u64().expect("a number") as usize;
            rig.edit(self.area(text(1)), |bytes| match text(0) {
                "put" => {
                    let image = &images[text(2)];
                    bytes[number(3)..number(3) + image.len()].copy_from_slice(image);
                }
                "xor" => bytes[number(2)] ^= number(3) as u8,
                "fill" => bytes[number(2)..number(2) + number(3)].fill(number(4) as u8),
                "hex" => {
                    let new = unhex(text(3));
                    bytes[number(2)..number(2) + new.len()].copy_from_slice(&new);
                }
                other => panic!("unknown item {other}"),
            });
        }
    }

    fn config(&self) -> BootConfig {
        BootConfig {
            mode: if self.options.overwrite_only_fast == Some(false) {
                BootMode::OverwriteOnly { fast: false }
            } else {
                BootMode::from_name(&self.mode).expect("mode")
            },
            max_sectors: self.max_sectors,
            validate_primary: self.options.validate_primary.unwrap_or(true),
            downgrade_prevention: self.options.downgrade_prevention.is_some(),
            sha_bytes_per_s: 0,
            ..BootConfig::default()
        }
    }
}

impl Image {
    pub(crate) fn build(&self) -> Vec<u8> {
        let mut numbers =
            self.version.split(['.', '+']).map(|n| n.parse::<u32>().expect("a version number"));
        let mut next = || numbers.next().expect("four version numbers");
        let version = ImageVersion {
            major: next() as u8,
            minor: next() as u8,
            revision: next() as u16,
            build: next(),
        };
        ImageSpec {
            version,
            hdr_size: self.hdr_size,
            body_len: self.body_len,
            seed: self.seed,
            ..ImageSpec::default()
        }
        .build()
    }
}

fn hex_number(text: &str) -> u32 {
    u32::from_str_radix(text, 16).expect("a hex number")
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|n| hex_number(&text[n..n + 2]) as u8).collect()
}
