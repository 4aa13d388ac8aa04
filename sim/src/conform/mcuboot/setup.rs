//! What a scenario asks for, checked and built: partitions, boot loader, images, first contents.

use super::scenario::{Action, Image, Item, Options, Scenario};
use flash_model::{
    Area, BareDevice, BootConfig, BootMode, BootResult, Device, FlashView as _, Geometry,
    ImageSpec, ImageVersion, KnownBytes, Layout, LayoutError, Part, RadioSync, VersionError, Watch,
};
use std::collections::BTreeMap;

/// Everything that the replay of a scenario needs.
pub(super) struct Setup {
    pub(super) geometry: Geometry,
    pub(super) layout: Layout,
    pub(super) config: BootConfig,
    pub(super) areas: BTreeMap<String, Area>,
    /// Octets of each image.
    pub(super) images: BTreeMap<String, Vec<u8>>,
}

/// Why a scenario cannot be carried out.
#[derive(Debug, thiserror::Error)]
pub(super) enum SetupError {
    #[error("`mode` is {0}: no such mode")]
    Mode(String),
    #[error("`options.downgrade_prevention` is {0}: only version is known")]
    Downgrade(String),
    #[error(
        "`page` of {page} and `align` of {align}: a page is a multiple of 32 octets, a write \
             1, 2, 4, 8, 16 or 32 octets long"
    )]
    Sizes { page: u32, align: u32 },
    #[error("`areas` has no {0}")]
    NoArea(String),
    #[error("{0} is neither primary nor secondary")]
    NoSlot(String),
    #[error("area {name}: {text} is not a hex number of 32 bits")]
    Number { name: String, text: String },
    #[error("the flash ends at {0:#x}: more than {LARGEST:#x} octets are not simulated")]
    TooLarge(u64),
    #[error("`areas`: {0}")]
    Layout(#[from] LayoutError),
    #[error("the trailer of {len} octets does not fit area {name}")]
    Trailer { name: String, len: u64 },
    #[error("image {name}: {problem}")]
    Version { name: String, problem: VersionError },
    #[error(
        "image {name}: a header of {hdr_size} and a body of {body_len} octets: 32 at least and \
             {LARGEST:#x} at most"
    )]
    ImageSize { name: String, hdr_size: u16, body_len: u32 },
    #[error("`images` has no {0}")]
    NoImage(String),
    #[error("a change of contents leaves area {0}")]
    OutOfArea(String),
    #[error("`{0}` is not hex")]
    Hex(String),
    #[error("state {0} is not in `states`")]
    NoState(usize),
    #[error("`cuts` has step {0}, which is not in `steps`")]
    NoStep(usize),
    #[error("`cuts` has step {0}, a change from outside, which has no operations")]
    CutOutside(usize),
}

/// No part of this kind is larger; keeps a wrong address from asking for gigabytes.
const LARGEST: u32 = 0x0400_0000;

/// Cuts are carried out on copies; the device itself keeps its supply.
pub(super) const NO_FAILURE: &str = "the supply fails on copies alone";

pub(super) const SLOTS: [&str; 2] = ["primary", "secondary"];
const SCRATCH: &str = "scratch";

impl Setup {
    /// Checks and builds what the scenario asks for.
    pub(super) fn new(scenario: &Scenario) -> Result<Self, SetupError> {
        let areas = areas(scenario)?;
        let find = |name: &str| {
            areas.get(name).copied().ok_or_else(|| SetupError::NoArea(name.to_owned()))
        };
        let layout = Layout {
            boot: Area::new(0, 0),
            slots: [find(SLOTS[0])?, find(SLOTS[1])?],
            scratch: areas.get(SCRATCH).copied(),
            storage: None,
        };
        let geometry = geometry(scenario, &areas)?;
        layout.check(&geometry)?;
        let config = config(scenario)?;
        for name in SLOTS {
            fits(name, find(name)?, scenario.max_sectors, &geometry)?;
        }
        layout.scratch.map_or(Ok(()), |scratch| fits(SCRATCH, scratch, 1, &geometry))?;
        let images = scenario
            .images
            .iter()
            .map(|(name, image)| Ok((name.clone(), build(name, image)?)))
            .collect::<Result<_, SetupError>>()?;
        let setup = Self { geometry, layout, config, areas, images };
        setup.check(scenario)?;
        Ok(setup)
    }

    /// A device with the first contents, which recognises the images by their octets.
    pub(super) fn rig(&self, scenario: &Scenario) -> Result<BareDevice, SetupError> {
        let part = Part { geometry: self.geometry, ..Part::nrf52840() };
        let mut device = Device::new(part, RadioSync::None);
        for (name, bytes) in &self.images {
            let image = &scenario.images[name];
            let hashed = usize::from(image.hdr_size) + image.body_len as usize;
            device.know(KnownBytes::new(&bytes[..hashed]));
        }
        let mut rig = BareDevice::new(device);
        self.change(&mut rig, &scenario.init)?;
        Ok(rig)
    }

    /// Runs the boot loader to its end.
    pub(super) fn boot(&self, rig: &mut BareDevice, watch: &mut impl Watch) -> BootResult {
        rig.boot(&self.config, self.layout, watch).expect(NO_FAILURE)
    }

    /// The slot of this name.
    pub(super) fn slot(&self, name: &str) -> Result<Area, SetupError> {
        let n = SLOTS.iter().position(|slot| *slot == name);
        n.map(|n| self.layout.slots[n]).ok_or_else(|| SetupError::NoSlot(name.to_owned()))
    }

    fn area(&self, name: &str) -> Result<Area, SetupError> {
        self.areas.get(name).copied().ok_or_else(|| SetupError::NoArea(name.to_owned()))
    }

    /// Changes contents from outside.
    pub(super) fn change(&self, rig: &mut BareDevice, items: &[Item]) -> Result<(), SetupError> {
        for item in items {
            let area = self.area(item.area())?;
            let mut octets = rig.device.bytes(area.start, area.len).to_vec();
            self.apply(item, &mut octets)?;
            rig.device.clear(area);
            rig.device.load(area.start, &octets);
        }
        Ok(())
    }

    fn apply(&self, item: &Item, octets: &mut [u8]) -> Result<(), SetupError> {
        let outside = || SetupError::OutOfArea(item.area().to_owned());
        // Called once: it gives the octets away.
        let stretch = move |offset: usize, len: usize| {
            let (octets, end) = (octets, offset.checked_add(len).ok_or_else(outside)?);
            octets.get_mut(offset..end).ok_or_else(outside)
        };
        match item {
            Item::Put { image, offset, .. } => {
                let bytes =
                    self.images.get(image).ok_or_else(|| SetupError::NoImage(image.clone()))?;
                stretch(*offset, bytes.len())?.copy_from_slice(bytes);
            }
            Item::Xor { offset, value, .. } => stretch(*offset, 1)?[0] ^= value,
            Item::Fill { offset, len, value, .. } => stretch(*offset, *len)?.fill(*value),
            Item::Hex { offset, octets: text, .. } => {
                let bytes =
                    crate::frame::parse_hex(text).map_err(|_| SetupError::Hex(text.clone()))?;
                stretch(*offset, bytes.len())?.copy_from_slice(&bytes);
            }
        }
        Ok(())
    }

    /// Whether everything that is named is there, so that the replay cannot fail half-way.
    fn check(&self, scenario: &Scenario) -> Result<(), SetupError> {
        let state = |n: usize| match scenario.states.get(n) {
            Some(_) => Ok(()),
            None => Err(SetupError::NoState(n)),
        };
        state(scenario.initial_state)?;
        let mut scratchpad = self.rig(scenario)?;
        for step in &scenario.steps {
            state(step.state)?;
            match &step.action {
                Action::Flash { items } => self.change(&mut scratchpad, items)?,
                Action::SetNext { slot, .. } => drop(self.slot(slot)?),
                _ => {}
            }
        }
        for known in &scenario.states {
            for name in known.trailer.keys().chain(known.status.iter().flat_map(BTreeMap::keys)) {
                self.slot(name)?;
            }
            known.sha256.keys().try_for_each(|name| self.area(name).map(drop))?;
            if let Some(next) = &known.next_boot {
                next.state.map_or(Ok(()), state)?;
                let mut names = next.sha256.iter().flat_map(BTreeMap::keys);
                names.try_for_each(|name| self.area(name).map(drop))?;
            }
        }
        for cuts in &scenario.cuts {
            match scenario.steps.get(cuts.step).map(|step| &step.action) {
                None => return Err(SetupError::NoStep(cuts.step)),
                Some(Action::Flash { .. }) => return Err(SetupError::CutOutside(cuts.step)),
                Some(_) => {}
            }
        }
        Ok(())
    }
}

impl Item {
    fn area(&self) -> &str {
        match self {
            Self::Put { area, .. }
            | Self::Xor { area, .. }
            | Self::Fill { area, .. }
            | Self::Hex { area, .. } => area,
        }
    }
}

fn areas(scenario: &Scenario) -> Result<BTreeMap<String, Area>, SetupError> {
    let number = |name: &str, text: &str| {
        u32::from_str_radix(text, 16)
            .map_err(|_| SetupError::Number { name: name.to_owned(), text: text.to_owned() })
    };
    let area = |(name, [start, len]): (&String, &[String; 2])| {
        Ok((name.clone(), Area::new(number(name, start)?, number(name, len)?)))
    };
    scenario.areas.iter().map(area).collect()
}

/// A part that ends with its last area.
fn geometry(scenario: &Scenario, areas: &BTreeMap<String, Area>) -> Result<Geometry, SetupError> {
    let &Scenario { page, align, .. } = scenario;
    let power = align.is_power_of_two() && align <= 32;
    if !power || page == 0 || page % 32 != 0 {
        return Err(SetupError::Sizes { page, align });
    }
    let ends = areas.values().map(|area| u64::from(area.start) + u64::from(area.len));
    let end = ends.max().unwrap_or(0);
    match u32::try_from(end) {
        Ok(end) if end <= LARGEST && page <= LARGEST => {
            Ok(Geometry { size: end.next_multiple_of(page), page, write_size: align })
        }
        _ => Err(SetupError::TooLarge(end)),
    }
}

fn config(scenario: &Scenario) -> Result<BootConfig, SetupError> {
    let Options { downgrade_prevention, overwrite_only_fast, validate_primary, bootstrap } =
        &scenario.options;
    let named = BootMode::from_name(&scenario.mode)
        .ok_or_else(|| SetupError::Mode(scenario.mode.clone()))?;
    let mode = match (named, overwrite_only_fast) {
        (BootMode::OverwriteOnly { .. }, &Some(fast)) => BootMode::OverwriteOnly { fast },
        _ => named,
    };
    let downgrade_prevention = match downgrade_prevention.as_deref() {
        None => false,
        Some("version") => true,
        Some(other) => return Err(SetupError::Downgrade(other.to_owned())),
    };
    Ok(BootConfig {
        mode,
        max_sectors: scenario.max_sectors,
        validate_primary: validate_primary.unwrap_or(true),
        downgrade_prevention,
        bootstrap: *bootstrap,
        sha_bytes_per_s: 0,
        ..BootConfig::default()
    })
}

/// Room for three status entries a sector and six fields, the most that a mode has.
fn fits(name: &str, area: Area, sectors: u32, geometry: &Geometry) -> Result<(), SetupError> {
    let status = 3 * u64::from(sectors) * u64::from(geometry.write_size);
    let len = status + 6 * u64::from(geometry.max_align()) + 16;
    if len > u64::from(area.len) {
        return Err(SetupError::Trailer { name: name.to_owned(), len });
    }
    Ok(())
}

fn build(name: &str, image: &Image) -> Result<Vec<u8>, SetupError> {
    let &Image { hdr_size, body_len, seed, .. } = image;
    let version: ImageVersion = image
        .version
        .parse()
        .map_err(|problem| SetupError::Version { name: name.to_owned(), problem })?;
    if hdr_size < 32 || body_len > LARGEST {
        return Err(SetupError::ImageSize { name: name.to_owned(), hdr_size, body_len });
    }
    Ok(ImageSpec { version, hdr_size, body_len, seed, ..ImageSpec::default() }.build())
}
