//! All findings of a dump.

use super::image::policy;
use super::next_boot::device;
use super::status::progress;
use super::{Advice, Dump, ImageReport, NextBoot, Progress, Setup, TrailerReport};
use crate::hex;
use flash_model::{Area, BootMode, Device, FlashView, HashAlgorithm, SwapType, swap_row};
use serde::Serialize;

/// What a dump holds and what comes of it.
#[derive(Clone, Debug, Serialize)]
pub struct FlashReport {
    /// What was taken for granted.
    pub assumed: Assumed,
    /// Octets of the file that lie outside the flash.
    pub outside: u64,
    /// The partitions, by address.
    pub partitions: Vec<PartitionReport>,
    /// The images of the primary and the secondary slot.
    pub images: Vec<ImageReport>,
    /// The trailers of the primary and the secondary slot, and of the scratch area.
    pub trailers: Vec<TrailerReport>,
    /// What the boot loader makes of the trailers.
    pub decision: Decision,
    /// What the next boot does.
    pub next_boot: NextBoot,
    /// What is worth telling.
    pub advice: Vec<Advice>,
}

/// What was taken for granted about the device.
#[derive(Clone, Debug, Serialize)]
pub struct Assumed {
    /// Name of the part.
    pub part: &'static str,
    /// Octets of its flash.
    pub size: u32,
    /// Octets of a page.
    pub page: u32,
    /// Octets of a write unit.
    pub write_size: u32,
    /// Mode of the boot loader.
    pub mode: &'static str,
    /// Most pages of a slot that it knows.
    pub max_sectors: u32,
    /// The hash that it wants.
    pub hash: HashAlgorithm,
    /// Octets of the longest image that it takes.
    pub max_image_len: u32,
}

/// One partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PartitionReport {
    /// `boot`, `primary`, `secondary`, `scratch` or `storage`.
    pub name: &'static str,
    /// First address.
    pub start: u32,
    /// Octets.
    pub len: u32,
    /// Octets of it that the file gave; the others count as erased.
    pub given: u32,
    /// Pages that are not erased.
    pub used_pages: u32,
    /// All its pages.
    pub pages: u32,
    /// SHA-256 of its octets.
    pub sha256: String,
}

/// What the boot loader makes of the trailers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// The swap that the trailers ask for.
    pub swap: SwapType,
    /// The row of the table that they match; `None` when they match none, or the mode has no table.
    pub row: Option<&'static str>,
    /// The area whose trailer holds the status of a swap in progress.
    pub status_source: Option<&'static str>,
    /// Type of that swap.
    pub status_swap: Option<SwapType>,
    /// Status entries that count as written.
    pub entries: Option<u32>,
    /// How far that swap had come.
    pub progress: Option<Progress>,
    /// Whether the slots allow an upgrade at all.
    pub slots_compatible: bool,
}

/// Looks at a dump. `setup` must pass [`Setup::check`].
pub fn inspect(dump: &Dump, setup: &Setup) -> FlashReport {
    let device = device(dump.bytes(), setup);
    let mut setup = setup.clone();
    setup.boot.images = policy(&device, &setup);
    let setup = &setup;
    let images: Vec<_> = (0..2).map(|slot| ImageReport::read(&device, setup, slot)).collect();
    let trailers = trailers(&device, setup);
    let decision = Decision::of(&device, setup);
    let next_boot = NextBoot::of(&device, setup);
    let advice = super::advice::advice(&device, setup, &images, &trailers, &decision, &next_boot);
    FlashReport {
        assumed: Assumed::of(setup),
        outside: dump.outside(),
        partitions: partitions(&device, dump, setup),
        images,
        trailers,
        decision,
        next_boot,
        advice,
    }
}

impl Assumed {
    fn of(setup: &Setup) -> Self {
        let geometry = setup.geometry();
        Self {
            part: setup.part.name,
            size: geometry.size,
            page: geometry.page,
            write_size: geometry.write_size,
            mode: setup.boot.mode.name(),
            max_sectors: setup.boot.max_sectors,
            hash: setup.boot.images.hash,
            max_image_len: setup.boot.max_image_len(&setup.layout, &geometry),
        }
    }
}

impl Decision {
    fn of(device: &Device, setup: &Setup) -> Self {
        let Setup { layout, boot, .. } = setup;
        let has_table = boot.mode.swaps() || matches!(boot.mode, BootMode::OverwriteOnly { .. });
        let row = swap_row(device, layout, boot.mode).filter(|_| has_table);
        let found = boot.interrupted_swap(device, layout);
        Self {
            swap: row.map_or(SwapType::None, flash_model::SwapRow::swap_type),
            row: row.map(flash_model::SwapRow::condition),
            status_source: found.map(|found| name_of(setup, found.source)),
            status_swap: found.map(|found| found.swap),
            entries: found.map(|found| found.entries),
            progress: found.map(|found| progress(setup, &found)),
            slots_compatible: boot.slots_compatible(layout, &setup.geometry()),
        }
    }

    /// Whether a swap is set up, or pages of it have moved.
    pub fn in_progress(&self) -> bool {
        let named = self.status_swap.is_some_and(|swap| swap != SwapType::None);
        self.entries.is_some_and(|entries| entries > 0) || named
    }
}

fn name_of(setup: &Setup, area: Area) -> &'static str {
    let named = named(setup).into_iter().find(|(_, known)| *known == area);
    named.map_or("", |(name, _)| name)
}

fn named(setup: &Setup) -> Vec<(&'static str, Area)> {
    let layout = &setup.layout;
    let optional = [("scratch", layout.scratch), ("storage", layout.storage)];
    let optional = optional.into_iter().filter_map(|(name, area)| Some((name, area?)));
    let mut all = vec![("primary", layout.slots[0]), ("secondary", layout.slots[1])];
    all.extend(optional);
    if layout.boot.len > 0 {
        all.push(("boot", layout.boot));
    }
    all.sort_by_key(|(_, area)| area.start);
    all
}

fn trailers(device: &Device, setup: &Setup) -> Vec<TrailerReport> {
    let scratch = setup.layout.scratch.filter(|_| setup.boot.mode == BootMode::SwapScratch);
    let slots = ["primary", "secondary"].into_iter().zip(setup.layout.slots);
    slots
        .chain(scratch.map(|area| ("scratch", area)))
        .map(|(name, area)| TrailerReport::read(device, setup, area, name))
        .collect()
}

fn partitions(device: &Device, dump: &Dump, setup: &Setup) -> Vec<PartitionReport> {
    let page = setup.geometry().page;
    let report = |(name, area): (&'static str, Area)| PartitionReport {
        name,
        start: area.start,
        len: area.len,
        given: dump.given(area),
        used_pages: area.pages(page).filter(|at| !device.is_blank(Area::new(*at, page))).count()
            as u32,
        pages: area.page_count(page),
        sha256: hex(&device.sha256(area)),
    };
    named(setup).into_iter().map(report).collect()
}
