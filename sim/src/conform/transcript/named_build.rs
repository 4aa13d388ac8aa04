//! The published builds of Zephyr 4.4, by their names (intercreate/smp-server-fixtures).

use super::build::{Build, Port, area, areas, facts, geometry, part, volume};
use super::meta::Meta;
use flash_model::{Area, BootConfig, BootMode, Geometry, Layout, Part};
use server_model::{FsOptions, Profile, ServerConfig, SettingsOptions};
use smp_wire::group;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Builds the server of this name.
pub(super) fn named_build(meta: &Meta) -> Result<Build, String> {
    let server = meta.server.as_str();
    let ram_load = server.starts_with("mps");
    let layout = match &meta.flash {
        Some(flash) => Layout {
            boot: Area::new(0, 0),
            slots: [area(flash, "slot0")?, area(flash, "slot1")?],
            scratch: None,
            storage: None,
        },
        None if ram_load => RAM_LAYOUT,
        None => NATIVE_LAYOUT,
    };
    let boot_mode = if ram_load { BootMode::RamLoad } else { BootMode::SwapOffset };
    let has = |group: u16| meta.groups.contains(&group);
    let config = ServerConfig {
        profile: Profile::Z4x,
        buf_size: meta.buf_size.ok_or("`meta` has no `buf_size`")?,
        buf_count: meta.buf_count.ok_or("`meta` has no `buf_count`")?,
        image: has(group::IMAGE),
        stat: has(group::STAT),
        settings: has(group::SETTINGS),
        fs: has(group::FS),
        fs_options: Arc::new(FsOptions {
            crc32: true,
            sha256: true,
            hash_types: true,
            ..volume(layout.storage, Part::nrf52840().geometry.page)
        }),
        settings_options: Arc::new(SettingsOptions {
            backend: false,
            ..SettingsOptions::default()
        }),
        shell: has(group::SHELL),
        enumeration: has(group::ENUM),
        erase_storage: has(group::ZEPHYR_BASIC),
        taskstat: true,
        info: true,
        params: server != "nopar",
        verbose_errors: ram_load || server == "m0",
        slot_info: true,
        boot_mode,
        layout,
        facts: Arc::new(facts(&meta.device)),
        ..ServerConfig::default()
    };
    let boot = meta.flash.as_ref().map(|_| BootConfig {
        mode: boot_mode,
        sha_bytes_per_s: 0,
        ..BootConfig::default()
    });
    let (geometry, areas) = match &meta.flash {
        Some(flash) => (geometry(flash), areas(flash)),
        None if ram_load => (RAM_GEOMETRY, slots(&layout)),
        None => (Part::nrf52840().geometry, slots(&layout)),
    };
    let build = Build {
        config,
        part: part(geometry),
        areas,
        boot,
        port: match server {
            "udp" => Port::Datagram,
            "shl" => Port::Shell,
            _ => Port::Uart,
        },
        persists: !ram_load,
        counts_ops: false,
    };
    build.checked()
}

/// Partitions of a program for the host (Zephyr `boards/native/native_sim/native_sim.dts`).
const NATIVE_LAYOUT: Layout = Layout {
    boot: Area::new(0, 0xc000),
    slots: [Area::new(0xc000, 0x6_9000), Area::new(0x7_5000, 0x6_9000)],
    scratch: Some(Area::new(0xd_e000, 0x1_e000)),
    storage: Some(Area::new(0xf_c000, 0x4000)),
};

/// Two slots in the RAM of a device whose boot loader copies nothing from flash.
const RAM_LAYOUT: Layout = Layout {
    boot: Area::new(0, 0x8000),
    slots: [Area::new(0x8000, 0x8_0000), Area::new(0x8_8000, 0x8_0000)],
    scratch: None,
    storage: Some(Area::new(0x10_8000, 0x8000)),
};

const RAM_GEOMETRY: Geometry = Geometry { size: 0x11_0000, page: 0x400, write_size: 4 };

fn slots(layout: &Layout) -> BTreeMap<String, Area> {
    ["slot0", "slot1"].into_iter().map(str::to_owned).zip(layout.slots).collect()
}
