//! From options to the keys of a scenario.

use super::KconfigError;
use super::build::{Build, Found, Kind, Origin};
use super::era;
use super::options::{BOOT_MODES, NUMBERS, TEXTS, TRUTHS, check_types};
use super::report::{Report, UsedDoc};
use super::syntax::Value;
use crate::scenario::Settings;
use crate::scenario::keys::{self, Key};
use crate::scenario::value::Value as Setting;
use server_model::Profile;
use std::collections::BTreeMap;

/// A header of L2CAP, which a received ACL packet holds besides the ATT PDU.
const L2CAP_HEADER: i64 = 4;

/// The longest ATT MTU that a scenario takes: an attribute value and a write's header.
const ATT_MTU_MAX: i64 = 517;

/// Parts by the name of their chip, with the layout of their development kit and the most that the
/// generated images may have to fit it.
const PARTS: &[(&str, &str, &str, i64)] = &[
    ("nrf52840", "nrf52840", "nrf52840dk", 373_928),
    ("nrf52833", "nrf52833", "nrf52833dk", 180_000),
    ("nrf5340_cpuapp", "nrf5340", "nrf5340dk", 373_928),
    ("nrf54l15", "nrf54l15", "nrf54l15dk", 373_928),
];

/// Options on their way into settings.
#[derive(Debug)]
pub(super) struct Mapping<'s> {
    settings: &'s mut Settings,
    values: BTreeMap<&'static str, Setting>,
    origins: BTreeMap<&'static str, String>,
    used: Vec<UsedDoc>,
    notes: Vec<String>,
    era: Option<era::Era>,
}

impl<'s> Mapping<'s> {
    pub(super) fn new(settings: &'s mut Settings) -> Self {
        Self {
            settings,
            values: BTreeMap::new(),
            origins: BTreeMap::new(),
            used: Vec::new(),
            notes: Vec::new(),
            era: None,
        }
    }

    /// An application's build: the server, the link as far as the peripheral decides it, the part.
    ///
    /// # Errors
    /// An option with a value of another type, or out of range.
    pub(super) fn application(&mut self, build: &mut Build) -> Result<(), KconfigError> {
        check_types(build)?;
        self.era(build);
        for (option, key) in TRUTHS {
            self.truth(build, option, key);
        }
        for (option, key) in NUMBERS {
            self.number(build, option, key)?;
        }
        for (option, key) in TEXTS {
            if let Some(found) = build.find(option)
                && let Value::Text(text) = &found.value
                && !text.contains(char::is_control)
            {
                let value = Setting::Text(text.clone());
                self.put(&found, key, value);
            }
        }
        self.back_ends(build)?;
        self.erase(build);
        self.images(build);
        self.att_mtu(build);
        self.data_length(build);
        self.link(build);
        self.boot_mode(build);
        self.part(build);
        Ok(())
    }

    /// MCUboot's own build.
    ///
    /// # Errors
    /// An option with a value of another type, or out of range.
    pub(super) fn boot_loader(&mut self, build: &Build) -> Result<(), KconfigError> {
        check_types(build)?;
        self.boot_mode(build);
        for (option, key) in
            [("BOOT_BOOTSTRAP", "boot.bootstrap"), ("BOOT_VALIDATE_SLOT0", "boot.validate_primary")]
        {
            if build.line(option).is_some() || build.kind == Kind::Resolved {
                self.truth(build, option, key);
            }
        }
        self.number(build, "BOOT_MAX_IMG_SECTORS", "boot.max_sectors")
    }

    /// Hands the settings over and tells what they came from.
    pub(super) fn finish(self, report: &mut Report) {
        if let Some(era) = &self.era {
            report.profile = Some(self.settings_profile());
            report.profile_why = Some(era.why.clone());
        }
        let Self { settings, values, origins, used, notes, era: _ } = self;
        settings.put_kconfig(values, origins);
        report.used.extend(used);
        report.notes.extend(notes);
    }

    fn settings_profile(&self) -> String {
        let value = self.values.get("server.profile");
        let value = value.unwrap_or_else(|| self.settings.get("server.profile"));
        value.to_string().replace('"', "")
    }

    fn era(&mut self, build: &mut Build) {
        let era = era::of(build);
        let known = era.profile.or_else(|| {
            let name = self.settings_profile();
            Profile::ALL.into_iter().find(|profile| profile.name() == name)
        });
        build.set_era(known.unwrap_or_default());
        if let Some(profile) = era.profile {
            let key = find("server.profile");
            let value = Setting::text(key, profile.name()).expect("the choice lists the eras");
            self.values.insert(key.path, value);
            self.origins.insert(key.path, era.why.clone());
        }
        self.era = Some(era);
    }

    /// Notes that `found` makes `key` be `value`.
    fn put(&mut self, found: &Found, key: &'static str, value: Setting) {
        let key = find(key);
        let option = format!("CONFIG_{}", found.name);
        let origin = match &found.origin {
            Origin::Set(place) => place.to_string(),
            Origin::Implied(option) => format!("implied by CONFIG_{option}"),
            Origin::Needs(option) => format!("off without CONFIG_{option}"),
            Origin::Default => "Zephyr's default".to_owned(),
            Origin::Absent => "not in the file".to_owned(),
        };
        self.used.push(UsedDoc {
            option: option.clone(),
            value: found.value.to_string(),
            setting: format!("{}={}", key.path, value.to_string().replace('"', "")),
            // What cannot be on and nobody asked for is as good as a default.
            is_default: matches!(found.origin, Origin::Default | Origin::Absent | Origin::Needs(_)),
            origin: origin.clone(),
        });
        self.origins.insert(key.path, format!("{option}={}, {origin}", found.value));
        self.values.insert(key.path, value);
    }

    fn truth(&mut self, build: &Build, option: &str, key: &'static str) {
        let found = build.truth(option);
        if let Value::Truth(truth) = found.value {
            self.put(&found, key, Setting::Bool(truth));
        }
    }

    fn number(
        &mut self,
        build: &Build,
        option: &'static str,
        key: &'static str,
    ) -> Result<(), KconfigError> {
        let Some(found) = build.find(option) else { return Ok(()) };
        if let Value::Number(number) = found.value {
            let value = Setting::integer(find(key), number)
                .map_err(|problem| refused(build, option, &found, &problem))?;
            self.put(&found, key, value);
        }
        Ok(())
    }

    fn choice(&mut self, found: &Found, key: &'static str, word: &str) {
        let value = Setting::text(find(key), word).expect("a word of the key's choice");
        self.put(found, key, value);
    }

    /// Where settings go, and what the boot loader leaves of a slot.
    fn back_ends(&mut self, build: &Build) -> Result<(), KconfigError> {
        let none = build.truth("SETTINGS_NONE");
        let saved = none.value != Value::Truth(true);
        self.put(&none, "server.settings_backend", Setting::Bool(saved));
        if build.is_on("MCUMGR_GRP_IMG_TOO_LARGE_SYSBUILD") {
            self.number(build, "MCUBOOT_UPDATE_FOOTER_SIZE", "server.update_footer")?;
        }
        Ok(())
    }

    fn erase(&mut self, build: &Build) {
        let found = build.truth("IMG_ERASE_PROGRESSIVELY");
        let progressive = found.value == Value::Truth(true);
        self.choice(&found, "server.erase", if progressive { "progressive" } else { "up-front" });
    }

    /// More images than the scenario has slots for stay what they are in the scenario.
    fn images(&mut self, build: &Build) {
        const OPTIONS: [&str; 2] =
            ["MCUMGR_GRP_IMG_UPDATABLE_IMAGE_NUMBER", "UPDATEABLE_IMAGE_NUMBER"];
        let found = OPTIONS.iter().find_map(|option| build.find(option));
        let images = match &found {
            Some(Found { value: Value::Number(images), .. }) => *images,
            _ => 1,
        };
        let has = |key: &str| self.settings.get(key) != &Setting::Int(0);
        let slots = match (has("layout.slot2_size"), has("layout.slot4_size")) {
            (true, true) => 3,
            (true, false) => 2,
            _ => 1,
        };
        if let Some(found) = found.filter(|_| images <= slots) {
            self.put(&found, "server.images", Setting::Int(images));
        } else if images > slots {
            self.notes.push(format!(
                "{images} images need slots that the scenario has not: set layout.slot2_start, \
                 layout.slot2_size, layout.slot3_start{}, and server.images={images}",
                if images > 2 { " and so on to slot5" } else { "" },
            ));
        }
        let info = build.truth("MCUMGR_GRP_IMG_SLOT_INFO");
        let by_number = info.origin == Origin::Default && images > 1;
        let info = if by_number { Found { value: Value::Truth(true), ..info } } else { info };
        self.put(&info, "server.slot_info", Setting::Bool(info.value == Value::Truth(true)));
    }

    /// An ATT PDU must fit both a buffer to send and a received ACL packet (Zephyr `att_internal.h`,
    /// `BT_ATT_MTU`).
    fn att_mtu(&mut self, build: &Build) {
        let sizes = [("BT_L2CAP_TX_MTU", 0), ("BT_BUF_ACL_RX_SIZE", L2CAP_HEADER)];
        let limits = sizes.into_iter().filter_map(|(option, header)| {
            Some((build.number(option)? - header, build.find(option)?))
        });
        let Some((mtu, found)) = limits.min_by_key(|(mtu, _)| *mtu) else { return };
        let value = Setting::Int(mtu.clamp(23, ATT_MTU_MAX));
        self.put(&found, "server.mtu", value);
    }

    /// The smaller of what the central offers and what the peripheral takes.
    fn data_length(&mut self, build: &Build) {
        let Some(found) = build.find("BT_CTLR_DATA_LENGTH_MAX") else { return };
        if let (Value::Number(own), Setting::Int(central)) =
            (&found.value, self.settings.get("link.data_length"))
        {
            let agreed = Setting::Int(*own.min(central));
            self.put(&found, "link.data_length", agreed);
        }
    }

    /// The central is taken to be paired as the service demands, with whatever the device has for it.
    fn security(&mut self, build: &Build) {
        let encrypt = "MCUMGR_TRANSPORT_BT_PERM_RW_ENCRYPT";
        let option = if build.is_on(encrypt) { encrypt } else { "MCUMGR_TRANSPORT_BT_AUTHEN" };
        self.truth(build, option, "link.encrypted");
        let found = build.truth(option);
        let demand = match (found.value == Value::Truth(true), option == encrypt) {
            (false, _) => "none",
            (true, true) => "encrypt",
            (true, false) => "authenticate",
        };
        self.choice(&found, "server.authentication", demand);
        self.put(&found, "link.authenticated", Setting::Bool(demand == "authenticate"));
    }

    fn link(&mut self, build: &Build) {
        self.security(build);
        for option in ["BT_PHY_UPDATE", "BT_CTLR_PHY_2M"] {
            let off = build.line(option).filter(|line| line.value == Value::Truth(false));
            let phy = self.settings.get("link.phy");
            if off.is_some() && *phy == Setting::Choice("2M") {
                self.choice(&build.truth(option), "link.phy", "1M");
            }
        }
        let sync = [
            ("SOC_FLASH_NRF_RADIO_SYNC_TICKER", "ticker"),
            ("SOC_FLASH_NRF_RADIO_SYNC_MPSL", "mpsl"),
            ("SOC_FLASH_NRF_RADIO_SYNC_NONE", "none"),
        ];
        for (option, word) in sync {
            if build.is_on(option) {
                self.choice(&build.truth(option), "flash.radio_sync", word);
            }
        }
    }

    fn boot_mode(&mut self, build: &Build) {
        if let Some((option, mode)) = BOOT_MODES.iter().find(|(option, _)| build.is_on(option)) {
            let revert = *option == "BOOT_DIRECT_XIP" && build.is_on("BOOT_DIRECT_XIP_REVERT");
            let mode = if revert { "direct-xip-revert" } else { mode };
            self.choice(&build.truth(option), "boot.mode", mode);
        }
        for option in ["MCUBOOT_BOOTLOADER_NO_DOWNGRADE", "MCUBOOT_DOWNGRADE_PREVENTION"] {
            if build.line(option).is_some() {
                let found = build.truth(option);
                let prevent = found.value == Value::Truth(true);
                self.choice(&found, "boot.downgrade", if prevent { "prevent" } else { "allow" });
                if option == "MCUBOOT_BOOTLOADER_NO_DOWNGRADE" {
                    self.put(&found, "server.no_downgrade", Setting::Bool(prevent));
                }
            }
        }
    }

    /// Another part than the scenario's brings its development kit's partitions, and images that
    /// fit them.
    fn part(&mut self, build: &Build) {
        let Some((option, soc)) = soc(build) else { return };
        let part = PARTS.iter().find(|(name, ..)| soc.to_ascii_lowercase().contains(name));
        let Some((_, part, layout, most)) = part else {
            self.notes.push(format!(
                "the part is {soc}: flash times stay those of flash.part = {}",
                self.settings.get("flash.part")
            ));
            return;
        };
        let found = build.find(&option).expect("a line names the SoC");
        let differs = self.settings.get("flash.part") != &Setting::Choice(part);
        self.choice(&found, "flash.part", part);
        if differs {
            self.choice(&found, "layout.preset", layout);
            for key in ["image.size", "slot0.size", "slot1.size"] {
                if matches!(self.settings.get(key), Setting::Int(size) if size > most) {
                    self.put(&found, key, Setting::Int(*most));
                }
            }
        }
    }
}

/// The option that names the chip, with the name.
fn soc(build: &Build) -> Option<(String, String)> {
    let text = |option: &str| Some((option.to_owned(), build.text(option)?.to_owned()));
    let by_name = build
        .lines()
        .find(|(name, line)| name.starts_with("SOC_NRF5") && line.value == Value::Truth(true));
    text("SOC").or_else(|| by_name.map(|(name, _)| (name.to_owned(), name[4..].to_owned())))
}

fn find(key: &str) -> &'static Key {
    keys::find(key).expect("the tables here name keys that exist")
}

fn refused(build: &Build, option: &str, found: &Found, problem: &str) -> KconfigError {
    let problem = format!("CONFIG_{}: {problem}", found.name);
    match build.line(option) {
        Some(line) => line.place.error(problem),
        None => unreachable!("defaults are in range: {problem}"),
    }
}
