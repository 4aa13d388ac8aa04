//! Partitions of a scenario: the layout that a preset or a file gives, and the keys that change it.

use super::value::Value;
use super::{ScenarioError, Settings};
use flash_model::{Area, EXTERNAL_BASE, Geometry, Layout, Part};
use server_model::ServerConfig;
use std::collections::BTreeMap;

/// Names for `layout.preset`.
pub(super) const LAYOUTS: &[&str] = &{
    let mut names = [""; Layout::PRESETS.len()];
    let mut i = 0;
    while i < names.len() {
        names[i] = Layout::PRESETS[i].0;
        i += 1;
    }
    names
};

/// Parts that a device can be updated on, for `flash.part`.
pub(super) const PARTS: &[&str] = &["nrf52840", "nrf52833", "nrf5340", "nrf54l15"];

/// External parts, for `flash.secondary`.
pub(super) const SECONDARY: &[&str] = &["none", "mx25r64"];

/// The key that names the part.
pub(super) const PART: &str = "flash.part";

/// The key that names the external part.
pub(super) const EXTERNAL: &str = "flash.secondary";

/// The key that limits the pages of a slot.
pub(super) const MAX_SECTORS: &str = "boot.max_sectors";

/// The key that places slot 1.
const SLOT1_START: &str = "layout.slot1_start";

/// The key that names a layout.
pub(super) const PRESET: &str = "layout.preset";

/// The key that names a file with a layout.
pub(super) const FILE: &str = "layout.file";

/// Size of slot 0, and of slot 1 unless that has its own.
pub(super) const SLOT_SIZE: &str = "layout.slot_size";

/// The keys that place partitions, with what a layout says of them.
fn places(layout: &Layout) -> [(&'static str, u32); 8] {
    let none = Area::new(0, 0);
    let [slot0, slot1] = layout.slots;
    let (scratch, storage) = (layout.scratch.unwrap_or(none), layout.storage.unwrap_or(none));
    [
        ("layout.slot0_start", slot0.start),
        (SLOT1_START, slot1.start),
        (SLOT_SIZE, slot0.len),
        ("layout.slot1_size", slot1.len),
        ("layout.scratch_start", scratch.start),
        ("layout.scratch_size", scratch.len),
        ("layout.storage_start", storage.start),
        ("layout.storage_size", storage.len),
    ]
}

/// Whether a key places a partition.
pub(super) fn is_place(path: &str) -> bool {
    places(&Layout::nrf52840dk()).iter().any(|(place, _)| *place == path)
}

/// Whether a key names a layout or places a partition.
pub(super) fn is_layout(path: &str) -> bool {
    path == PRESET || path == FILE || is_place(path)
}

/// The part on the chip that `flash.part` names.
pub(super) fn part(name: &str) -> Part {
    Part::by_name(name).expect("the choice lists names of parts")
}

/// The external part that `flash.secondary` names.
pub(super) fn external(name: &str) -> Option<Part> {
    (name == "mx25r64").then(Part::mx25r6435f)
}

/// What `layout.preset` is when nothing sets it.
pub(super) fn preset_of(part: &Value) -> Value {
    let name = match part {
        Value::Choice(name) => name,
        other => unreachable!("{PART} is checked to be a word, not {other}"),
    };
    Value::Choice(Layout::preset_of(name))
}

/// What the keys that place partitions are when nothing sets them: as the layout says, but for a
/// slot 1 as large as a slot 0 whose size is `set`, and at the start of an external part, if there
/// is one.
pub(super) fn defaults(
    layout: &Layout,
    set: Option<&Value>,
    external: bool,
) -> BTreeMap<&'static str, Value> {
    let mut values: BTreeMap<_, _> =
        places(layout).into_iter().map(|(path, at)| (path, Value::Int(i64::from(at)))).collect();
    if let Some(size) = set {
        values.insert("layout.slot1_size", size.clone());
    }
    if external && layout.secondary().start < EXTERNAL_BASE {
        values.insert(SLOT1_START, Value::Int(i64::from(EXTERNAL_BASE)));
    }
    values
}

/// What `boot.max_sectors` is when nothing sets it: what Zephyr's port sets, unless a slot has more
/// pages than that. A boot loader built so would not swap such slots, so it was not.
pub(super) fn max_sectors(settings: &Settings) -> Value {
    const USUAL: u32 = 128;
    let octets = |path| match settings.get(path) {
        Value::Int(number) => number.unsigned_abs() as u32,
        other => unreachable!("{path} is checked to be a number, not {other}"),
    };
    let page = match settings.get(PART) {
        Value::Choice(name) => part(name).geometry.page,
        other => unreachable!("{PART} is checked to be a word, not {other}"),
    };
    let longest = octets(SLOT_SIZE).max(octets("layout.slot1_size"));
    Value::Int(if longest.div_ceil(page) > USUAL { 0 } else { i64::from(USUAL) })
}

/// The layout of the placing keys' values. What lies before the first partition is the boot
/// loader's.
pub(super) fn resolve(octets: impl Fn(&str) -> u32) -> Layout {
    let area = |start, size| Area::new(octets(start), octets(size));
    let some = |area: Area| (area.len > 0).then_some(area);
    let slots = [area("layout.slot0_start", SLOT_SIZE), area(SLOT1_START, "layout.slot1_size")];
    let scratch = some(area("layout.scratch_start", "layout.scratch_size"));
    let storage = some(area("layout.storage_start", "layout.storage_size"));
    let all = slots.into_iter().chain(scratch).chain(storage);
    let boot = Area::new(0, all.map(|area| area.start).min().unwrap_or(0));
    Layout { boot, slots, scratch, storage }
}

/// Keys of the slots of each image besides the first: start and size of the primary one, then of
/// the secondary one.
const FURTHER: [[(&str, &str); 2]; 2] = [
    [("layout.slot2_start", "layout.slot2_size"), ("layout.slot3_start", "layout.slot3_size")],
    [("layout.slot4_start", "layout.slot4_size"), ("layout.slot5_start", "layout.slot5_size")],
];

/// The slots of all images but the first. A secondary slot without a size is as large as its
/// primary one.
pub(super) fn further_images(images: u64, octets: impl Fn(&str) -> u32) -> Vec<[Area; 2]> {
    let image = |[primary, secondary]: [(&str, &str); 2]| {
        let len = octets(primary.1);
        let other = match octets(secondary.1) {
            0 => len,
            set => set,
        };
        [Area::new(octets(primary.0), len), Area::new(octets(secondary.0), other)]
    };
    let further = images.saturating_sub(1) as usize;
    FURTHER.into_iter().take(further).map(image).collect()
}

/// Whether slot 1 lies in the external part if there is one, and the chip can be connected to it.
///
/// # Errors
/// The key to change.
pub(super) fn check_external(
    part: &Part,
    external: Option<&Part>,
    layout: &Layout,
) -> Result<(), ScenarioError> {
    let error = |key, problem| Err(ScenarioError::Together { key, problem });
    let Some(external) = external else {
        if layout.secondary().start < EXTERNAL_BASE {
            return Ok(());
        }
        let problem = "slot 1 lies in an external part, and there is none; take \"mx25r64\"";
        return error(EXTERNAL, problem.to_owned());
    };
    if !matches!(part.name, "nrf52840" | "nrf5340") {
        let problem = format!(
            "{} has no QSPI for {} to be connected to; take nrf52840 or nrf5340 as {PART}",
            part.name, external.name
        );
        return error(EXTERNAL, problem);
    }
    if layout.secondary().start < EXTERNAL_BASE {
        let problem = format!(
            "slot 1 lies on the chip, and nothing in {}: take {EXTERNAL_BASE:#x} and up, or \
             {EXTERNAL} = \"none\"",
            external.name
        );
        return error(SLOT1_START, problem);
    }
    Ok(())
}

/// Whether the slots of further images are whole pages of the part, of their own, and not empty.
///
/// # Errors
/// The key of the slot that is not so.
pub(super) fn check_further_images(
    server: &ServerConfig,
    geometry: &Geometry,
) -> Result<(), ScenarioError> {
    let Layout { boot, slots, scratch, storage } = server.layout;
    let mut taken: Vec<Area> =
        [boot].into_iter().chain(slots).chain(scratch).chain(storage).collect();
    for (keys, areas) in FURTHER.iter().zip(&server.more_images) {
        for ((start, size), area) in keys.iter().zip(areas) {
            let error = |key, problem| Err(ScenarioError::Together { key, problem });
            if area.len == 0 {
                return error(size, "server.images needs this slot, and it is empty".to_owned());
            }
            let page = geometry.page;
            if !area.start.is_multiple_of(page) || !area.len.is_multiple_of(page) {
                return error(
                    start,
                    format!("the slot does not begin and end at a page of {page:#x}"),
                );
            }
            if area.start.checked_add(area.len).is_none_or(|end| end > geometry.size) {
                return error(
                    start,
                    format!("the slot ends behind the flash ({:#x})", geometry.size),
                );
            }
            if let Some(other) = taken.iter().find(|other| other.overlaps(area)) {
                let problem = format!(
                    "the slot overlaps the partition at {:#x} + {:#x}",
                    other.start, other.len
                );
                return error(start, problem);
            }
            taken.push(*area);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{Scenario, Settings, keys};
    use super::{PARTS, PRESET, is_place};
    use flash_model::{Area, Layout};

    fn reference() -> Settings {
        Settings::preset("reference").expect("there is one")
    }

    fn with(settings: &[&str]) -> Settings {
        let mut all = reference();
        for setting in settings {
            all.set(setting).expect("lawful alone");
        }
        all
    }

    #[track_caller]
    fn layout(settings: &Settings) -> Layout {
        Scenario::resolve(settings).expect("fits together").server.layout
    }

    #[test]
    fn every_preset_gives_its_own_partitions() {
        for (name, expected) in Layout::PRESETS {
            let own = |part: &&&str| Layout::preset_of(part) == *name;
            let part = PARTS.iter().find(own).unwrap_or(&"nrf52840");
            let settings = [format!("{PRESET}={name}"), format!("flash.part={part}")];
            let settings = with(&[&settings[0], &settings[1]]);
            assert_eq!(layout(&settings), *expected, "{name}");
        }
    }

    #[test]
    fn the_layout_follows_the_part_until_one_is_named() {
        for part in PARTS {
            let settings = with(&[&format!("flash.part={part}")]);
            assert_eq!(Some(layout(&settings)), Layout::preset(Layout::preset_of(part)), "{part}");
        }
        let named = with(&["layout.preset=nrf52833dk", "flash.part=nrf5340"]);
        assert_eq!(layout(&named), Layout::nrf52833dk());
        let changed = with(&["flash.part=nrf54l15", "layout.storage_size=0x4000"]);
        let storage = Some(Area::new(0x15_c000, 0x4000));
        assert_eq!(layout(&changed), Layout { storage, ..Layout::nrf54l15dk() });
    }

    #[test]
    fn the_boot_loader_knows_as_many_pages_as_the_slots_have() {
        let sectors = |settings: &[&str]| {
            Scenario::resolve(&with(settings)).expect("fits together").boot.max_sectors
        };
        assert_eq!(sectors(&[]), 128);
        assert_eq!(sectors(&["flash.part=nrf54l15"]), 166);
        assert_eq!(sectors(&["flash.part=nrf54l15", "boot.max_sectors=128"]), 128);
        let large = ["flash.secondary=mx25r64", "layout.slot_size=0xec000"];
        assert_eq!(sectors(&large), 236);
    }

    #[test]
    fn an_external_part_takes_slot_1_and_must_be_within_reach() {
        let settings = with(&["flash.secondary=mx25r64", "layout.slot_size=0xe0000"]);
        let slots = [Area::new(0xc000, 0xe_0000), Area::new(0x1200_0000, 0xe_0000)];
        assert_eq!(layout(&settings).slots, slots);
        let refused = |settings: &[&str]| {
            let all = with(&[&["flash.secondary=mx25r64"], settings].concat());
            Scenario::resolve(&all).expect_err("must be refused").to_string()
        };
        let e = refused(&["flash.part=nrf54l15"]);
        assert!(e.starts_with("flash.secondary: nrf54l15 has no QSPI"), "{e}");
        let e = refused(&["layout.slot1_start=0x82000"]);
        assert!(e.starts_with("layout.slot1_start: slot 1 lies on the chip"), "{e}");
        let e = refused(&["layout.slot1_start=0x127f0000"]);
        assert!(e.contains("secondary partition (0x127f0000 + 0x76000) ends behind"), "{e}");
        let without = with(&["layout.slot1_start=0x12000000"]);
        let e = Scenario::resolve(&without).expect_err("must be refused").to_string();
        assert!(e.starts_with("flash.secondary: slot 1 lies in an external part"), "{e}");
    }

    #[test]
    fn the_table_of_keys_shows_the_default_preset() {
        let settings = reference();
        for key in keys::KEYS.iter().filter(|key| is_place(key.path)) {
            let default = super::Value::parse_word(key, key.default).expect("lawful");
            assert_eq!(settings.get(key.path), &default, "{}", key.path);
        }
    }

    #[test]
    fn keys_of_the_same_file_change_its_preset_whatever_the_order() {
        let text = "[layout]\nstorage_size = 0x4000\npreset = \"nrf52840dk-2022\"\n";
        let changed = layout(&Settings::file("x.toml", text).expect("lawful"));
        let storage = Some(Area::new(0xf8000, 0x4000));
        assert_eq!(changed, Layout { storage, ..Layout::nrf52840dk_2022() });
        let single = ["layout.storage_size=0x4000", "layout.preset=nrf52840dk-2022"];
        assert_eq!(layout(&with(&single)), changed);
    }

    #[test]
    fn a_layout_named_later_replaces_places_set_earlier() {
        let text = "[layout]\nslot_size = 0x40000\nslot1_start = 0x4c000\n";
        let mut settings = Settings::file("x.toml", text).expect("lawful");
        assert_eq!(layout(&settings).secondary(), Area::new(0x4c000, 0x40000));
        settings.set("layout.preset=ncs").expect("lawful");
        assert_eq!(layout(&settings), Layout::ncs_partition_manager());
    }

    #[test]
    fn slot_1_follows_a_size_that_is_set_and_can_have_its_own() {
        let both = with(&["layout.slot_size=0x70000"]);
        assert_eq!(layout(&both).slots.map(|slot| slot.len), [0x70000, 0x70000]);
        let one = with(&["layout.slot_size=0x70000", "layout.slot1_size=0x6f000"]);
        assert_eq!(layout(&one).slots.map(|slot| slot.len), [0x70000, 0x6f000]);
        let second = with(&["layout.slot1_size=0x75000"]);
        assert_eq!(layout(&second).slots.map(|slot| slot.len), [0x76000, 0x75000]);
    }

    #[test]
    fn a_file_is_asked_for_and_then_used_until_a_preset_is_named() {
        let text = "layout.file = \"pm.yml\"\nlayout.storage_size = 0\n";
        let mut settings = Settings::file("x.toml", text).expect("lawful");
        assert_eq!(settings.wanted_layout(), Some("pm.yml"));
        assert!(Scenario::resolve(&settings).is_err());
        settings.give_layout("pm.yml", Layout::ncs_partition_manager());
        assert_eq!(settings.wanted_layout(), None);
        let expected = Layout { storage: None, ..Layout::ncs_partition_manager() };
        assert_eq!(layout(&settings), expected);

        let again = Settings::file("again", &settings.explain()).expect("explain is lawful");
        assert_eq!(again.wanted_layout(), None, "what explain prints needs no file");
        assert_eq!(layout(&again), expected);

        settings.set("layout.preset=nrf52840dk").expect("lawful");
        assert_eq!(layout(&settings), Layout::nrf52840dk());
    }

    #[test]
    fn a_layout_from_outside_replaces_that_of_the_file_but_not_single_settings() {
        let text = "layout.preset = \"nrf52840dk\"\nlayout.storage_size = 0x1000\n";
        let mut settings = Settings::file("x.toml", text).expect("lawful");
        settings.replace_layout("other.yml", Layout::nrf52840dk_2022());
        assert_eq!(layout(&settings), Layout::nrf52840dk_2022());
        settings.set("layout.scratch_size=0").expect("lawful");
        assert_eq!(layout(&settings).scratch, None);
        assert_eq!(layout(&settings).slots, Layout::nrf52840dk_2022().slots);
    }

    #[test]
    fn explain_says_where_each_place_comes_from() {
        let settings = with(&["layout.preset=nrf52840dk-2022", "layout.storage_size=0x7000"]);
        let text = settings.explain();
        let line = |start| text.lines().find(|line| line.starts_with(start)).expect(start);
        assert!(line("slot0_start = 0xc000").ends_with("[layout.preset nrf52840dk-2022]"));
        assert!(line("scratch_size = 0x1e000").ends_with("[layout.preset nrf52840dk-2022]"));
        assert!(
            line("storage_size = 0x7000")
                .ends_with("[set here; layout.preset nrf52840dk-2022 has 0x8000]")
        );
    }

    #[test]
    fn the_scratch_area_may_lie_before_the_slots() {
        let settings = with(&[
            "layout.scratch_start=0xc000",
            "layout.scratch_size=0x4000",
            "layout.slot0_start=0x10000",
            "layout.slot1_start=0x82000",
            "layout.slot_size=0x72000",
        ]);
        let layout = layout(&settings);
        assert_eq!(layout.scratch, Some(Area::new(0xc000, 0x4000)));
        assert_eq!(layout.boot, Area::new(0, 0xc000));
    }
}
