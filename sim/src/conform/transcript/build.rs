//! The server, the flash and the boot loader that a session was recorded from.

use super::kconfig_build::kconfig_build;
use super::meta::{DeviceMeta, Flash, Meta};
use super::named_build::named_build;
use super::step::Step;
use flash_model::{Area, BootConfig, Geometry, Part};
use server_model::{DeviceFacts, FsOptions, ServerConfig, StatGroup, Thread};
use sim_core::Span;
use std::collections::BTreeMap;

/// Everything that runs.
#[derive(Clone, Debug)]
pub(in crate::conform) struct Build {
    pub(in crate::conform) config: ServerConfig,
    pub(in crate::conform) part: Part,
    /// Partitions by name.
    pub(in crate::conform) areas: BTreeMap<String, Area>,
    /// The boot loader that runs at each start; without one, contents are left as they are.
    pub(in crate::conform) boot: Option<BootConfig>,
    pub(in crate::conform) port: Port,
    /// Contents survive a power cycle.
    pub(in crate::conform) persists: bool,
    /// The set counts operations and hashes partitions.
    pub(in crate::conform) counts_ops: bool,
}

/// How frames reach the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::conform) enum Port {
    /// Each as a GATT write.
    Write,
    /// Each as a datagram.
    Datagram,
    /// In the lines of a UART of its own.
    Uart,
    /// In lines that the shell passes on.
    Shell,
}

/// Operations take no time: what is recorded does not depend on it.
pub(in crate::conform) const fn part(geometry: Geometry) -> Part {
    Part { geometry, erase_page: Span::ZERO, write_word: Span::ZERO, ..Part::nrf52840() }
}

impl Build {
    pub(super) fn new(meta: &Meta, steps: &[Step]) -> Result<Self, String> {
        if meta.kconfig.is_empty() { named_build(meta) } else { kconfig_build(meta, steps) }
    }

    /// Whether it can be simulated.
    pub(in crate::conform) fn checked(self) -> Result<Self, String> {
        let Geometry { size, page, write_size } = self.part.geometry;
        let power = write_size.is_power_of_two() && write_size <= 32;
        if size > LARGEST || page == 0 || page % 32 != 0 || !power {
            return Err(format!(
                "`flash`: {size} octets in pages of {page} written by {write_size}: no part that \
                 can be simulated"
            ));
        }
        self.config.check(&self.part.geometry).map_err(|e| e.to_string())?;
        for (name, area) in &self.areas {
            let end = area.start.checked_add(area.len);
            if end.is_none_or(|end| end > size) {
                return Err(format!("`flash.partitions.{name}` leaves the flash"));
            }
        }
        let boot = self.boot.clone().unwrap_or_default();
        for slot in self.config.layout.slots.into_iter().chain(self.config.more_images.concat()) {
            let entries = 3 * boot.max_sectors.max(slot.len / page);
            if entries * write_size + 7 * 32 > slot.len {
                return Err(format!("`flash.partitions`: no trailer fits {} octets", slot.len));
            }
        }
        Ok(self)
    }
}

/// No part of this kind is larger; keeps a wrong size from asking for gigabytes.
const LARGEST: u32 = 0x0400_0000;

/// The volume in the storage partition.
pub(super) fn volume(storage: Option<Area>, block_size: u32) -> FsOptions {
    let blocks = storage.map_or(0, |area| area.len / block_size.max(1));
    FsOptions { block_size, block_count: blocks, ..FsOptions::default() }
}

pub(super) const fn geometry(flash: &Flash) -> Geometry {
    Geometry { size: flash.size, page: flash.page_size, write_size: flash.write_block }
}

pub(super) fn area(flash: &Flash, name: &str) -> Result<Area, String> {
    let partition = flash.partitions.get(name);
    Ok((*partition.ok_or_else(|| format!("`flash.partitions` has no {name}"))?).into())
}

pub(super) fn areas(flash: &Flash) -> BTreeMap<String, Area> {
    flash.partitions.iter().map(|(name, &partition)| (name.clone(), partition.into())).collect()
}

/// What the recorded device says of itself.
pub(super) fn facts(device: &DeviceMeta) -> DeviceFacts {
    let text = |letter: &str| device.info.get(letter).cloned().unwrap_or_default();
    let threads = device.tasks.iter().map(|task| Thread {
        name: task.name.clone(),
        priority: task.prio,
        tid: task.tid,
        state: task.state,
        stack_size: task.stksiz,
        stack_used: task.stkuse,
        ..Thread::default()
    });
    let stats = device.stats.iter().map(|stat| StatGroup {
        name: stat.name.clone(),
        fields: stat
            .fields
            .iter()
            .map(|(name, value)| (name.clone(), value.as_u64().unwrap_or_default() as u32))
            .collect(),
    });
    let known = DeviceFacts::default();
    DeviceFacts {
        node_name: text("n"),
        kernel_release: text("r"),
        kernel_version: text("v"),
        build_date: device.info.get("b").cloned(),
        machine: text("m"),
        processor: text("p"),
        board: text("i"),
        threads: if device.tasks.is_empty() { known.threads } else { threads.collect() },
        stats: if device.stats.is_empty() { known.stats } else { stats.collect() },
    }
}
