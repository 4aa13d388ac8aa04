mod becomes;

use super::{Kconfig, KconfigError, Report, build, names, options, rules};
use crate::scenario::keys::{self, Kind};
use crate::scenario::{Scenario, Settings};
use becomes::BECOMES;
use proptest::prelude::*;

fn apply(files: &[(&str, &str)], settings: &mut Settings) -> Result<Report, KconfigError> {
    Kconfig::read(files).and_then(|kconfig| kconfig.apply(settings))
}

/// The reference with the options of one file.
fn with(text: &str) -> (Settings, Report) {
    let mut settings = Settings::preset("reference").expect("there is one");
    let report = apply(&[("prj.conf", text)], &mut settings).unwrap_or_else(|e| panic!("{e}"));
    (settings, report)
}

fn get(settings: &Settings, key: &str) -> String {
    settings.get(key).to_string().replace('"', "")
}

fn testdata(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/kconfig/");
    std::fs::read_to_string(format!("{folder}{name}")).expect(name)
}

fn lines(options: &str) -> String {
    options.split(' ').flat_map(|option| ["CONFIG_", option, "\n"]).collect()
}

#[test]
fn every_option_becomes_its_setting_under_its_old_name_and_its_new_one() {
    for (options, key, expected) in BECOMES {
        let (settings, _) = with(&lines(options));
        assert_eq!(get(&settings, key), *expected, "{options}: {key}");
    }
}

/// The lines that switch an option on, with those that it needs.
fn switched_on(option: &str) -> String {
    let needs = rules::NEEDS.iter().filter(|(needing, _)| *needing == option);
    let needs: String = needs.map(|(_, need)| switched_on(need)).collect();
    format!("{needs}CONFIG_{option}=y\n")
}

#[test]
fn every_truth_value_switches_its_key_in_a_project_and_in_a_config() {
    for (option, key) in options::TRUTHS {
        for head in ["", "CONFIG_ARCH=\"arm\"\n"] {
            let on = format!("{head}{}", switched_on(option));
            assert_eq!(get(&with(&on).0, key), "true", "{on}");
            let off = format!("{on}# CONFIG_{option} is not set\n");
            assert_eq!(get(&with(&off).0, key), "false", "{off}");
        }
    }
}

#[test]
fn every_number_sets_its_key() {
    for (option, key) in options::NUMBERS {
        let Kind::Int { min, max } = keys::find(key).expect("a key").kind else { panic!("{key}") };
        for value in [min, max] {
            let text = format!("CONFIG_{option}={value}\n");
            assert_eq!(get(&with(&text).0, key), value.to_string(), "{text}");
        }
    }
}

#[test]
fn every_mode_of_the_boot_loader_is_read() {
    for (option, mode) in options::BOOT_MODES {
        let (settings, _) = with(&lines(&format!("{option}=y")));
        assert_eq!(get(&settings, "boot.mode"), *mode, "{option}");
    }
}

#[test]
fn what_was_used_says_why_and_is_a_setting_that_can_be_given() {
    let (settings, report) = with(&testdata("seed-004-prj.conf"));
    let mut again = Settings::preset("reference").expect("there is one");
    for used in &report.used {
        again.set(&used.setting).unwrap_or_else(|e| panic!("{e}"));
        assert!(!used.origin.is_empty() && used.option.starts_with("CONFIG_"));
    }
    for key in keys::KEYS {
        assert_eq!(again.get(key.path), settings.get(key.path), "{}", key.path);
    }
}

#[test]
fn the_options_of_seed_004_are_those_of_the_recorded_server() {
    let (settings, report) = with(&testdata("seed-004-prj.conf"));
    for (key, value) in [
        ("server.profile", "z32"),
        ("server.buf_size", "2475"),
        ("server.buf_count", "4"),
        ("server.reassembly", "true"),
        ("server.params", "true"),
        ("server.conn_param_control", "true"),
        ("server.erase", "progressive"),
        ("server.erase_storage", "false"),
        ("server.bootloader_info", "false"),
        ("server.mtu", "498"),
        ("link.data_length", "251"),
        ("link.encrypted", "false"),
        ("flash.radio_sync", "mpsl"),
    ] {
        assert_eq!(get(&settings, key), value, "{key}");
    }
    let mtu = report.used.iter().find(|used| used.setting == "server.mtu=498").expect("used");
    assert_eq!(mtu.origin, "implied by CONFIG_NCS_SAMPLE_MCUMGR_BT_OTA_DFU_SPEEDUP");
    let missing: Vec<_> = report.missing.iter().map(|missing| &missing.lines).collect();
    let erase = ["CONFIG_MCUMGR_GRP_ZBASIC=y", "CONFIG_MCUMGR_GRP_ZBASIC_STORAGE_ERASE=y"];
    assert_eq!(missing, [&erase.map(str::to_owned).to_vec()]);
    assert!(report.missing[0].why.contains("answered 8"), "{:?}", report.missing);
    let told: Vec<_> = report.not_modelled.iter().map(|told| told.option.as_str()).collect();
    assert_eq!(told, ["CONFIG_BT_L2CAP_TX_BUF_COUNT"]);
}

#[test]
fn settings_in_flash_bring_the_erase_command_with_the_ota_option() {
    let ota = "CONFIG_NCS_SAMPLE_MCUMGR_BT_OTA_DFU=y\n";
    for back_end in ["SETTINGS_NVS", "SETTINGS_FCB"] {
        let (settings, report) = with(&format!("{ota}CONFIG_{back_end}=y\n"));
        assert_eq!(get(&settings, "server.erase_storage"), "true");
        assert!(report.missing.iter().all(|missing| !missing.why.contains("erase-settings")));
    }
}

#[test]
fn a_config_is_taken_as_resolved() {
    let (settings, report) = with(&testdata("zephyr-3.7.config"));
    assert_eq!(report.files[0].kind, "config");
    for (key, value) in [
        ("server.profile", "z37"),
        ("server.buf_size", "2475"),
        ("server.mtu", "247"),
        ("server.erase_storage", "true"),
        ("server.bootloader_info", "true"),
        ("server.stat", "false"),
        ("boot.mode", "swap-move"),
        ("boot.downgrade", "allow"),
    ] {
        assert_eq!(get(&settings, key), value, "{key}");
    }
    assert_eq!(report.missing.len(), 1, "{:?}", report.missing);
    assert_eq!(report.missing[0].lines, ["CONFIG_BT_BUF_ACL_RX_SIZE=502"]);
    let told: Vec<_> = report.not_modelled.iter().map(|told| told.option.as_str()).collect();
    assert_eq!(told, ["CONFIG_BT_MAX_CONN", "CONFIG_BT_USER_PHY_UPDATE"]);
    // Nothing is implied: an option that a .config does not have is off.
    let (settings, _) = with("CONFIG_ARCH=\"arm\"\nCONFIG_NCS_SAMPLE_MCUMGR_BT_OTA_DFU=y\n");
    assert_eq!(get(&settings, "server.reassembly"), "false");
    assert_eq!(get(&settings, "server.echo"), "false");
}

#[test]
fn old_names_make_an_old_server_and_get_advice_in_old_names() {
    let (settings, report) = with(&testdata("zephyr-3.2-prj.conf"));
    assert_eq!(get(&settings, "server.profile"), "z30");
    assert_eq!(get(&settings, "server.mtu"), "252");
    assert_eq!(get(&settings, "link.encrypted"), "false");
    let lines: Vec<_> = report.missing.iter().flat_map(|missing| &missing.lines).collect();
    assert!(lines.iter().any(|line| *line == "CONFIG_MCUMGR_BUF_SIZE=2475"), "{lines:?}");
    assert!(lines.iter().any(|line| *line == "CONFIG_MCUMGR_SMP_BT_CONN_PARAM_CONTROL=y"));
    assert!(lines.iter().all(|line| !line.contains("TRANSPORT")), "{lines:?}");
    assert!(report.used.iter().any(|used| used.option == "CONFIG_MCUMGR_BUF_SIZE"));
}

#[test]
fn files_of_a_project_are_laid_over_each_other_and_the_boot_loaders_stand_beside() {
    let mut settings = Settings::preset("reference").expect("there is one");
    let boot = testdata("mcuboot.config");
    let files = [
        ("prj.conf", "CONFIG_MCUMGR=y\nCONFIG_MCUMGR_GRP_IMG=y\nCONFIG_BT_MAX_CONN=1\n"),
        ("mcuboot/.config", boot.as_str()),
        ("overlay-bt.conf", "CONFIG_MCUMGR_TRANSPORT_BT=y\nCONFIG_BT_MAX_CONN=3\n"),
    ];
    let report = apply(&files, &mut settings).expect("lawful");
    assert_eq!(get(&settings, "server.image"), "true");
    assert_eq!(get(&settings, "boot.max_sectors"), "256");
    assert_eq!(get(&settings, "boot.downgrade"), "prevent");
    assert_eq!(report.not_modelled[0].origin, "overlay-bt.conf:2");
    assert!(report.missing.iter().all(|missing| missing.lines != ["CONFIG_MCUMGR_GRP_IMG=y"]));
    let kinds: Vec<_> = report.files.iter().map(|file| file.kind).collect();
    assert_eq!(kinds, ["prj.conf", "prj.conf", "mcuboot config"]);
}

#[test]
fn values_that_no_option_takes_are_refused_with_their_line() {
    for (options, part) in [
        ("MCUMGR_TRANSPORT_NETBUF_SIZE=y", "expected a whole number, got y"),
        ("MCUMGR_BUF_SIZE=5", "CONFIG_MCUMGR_BUF_SIZE: expected 64 to 65535, got 5"),
        ("MCUMGR_TRANSPORT_NETBUF_COUNT=0", "expected 1 to 64, got 0"),
        ("MCUMGR_GRP_IMG=1", "expected y or n, got 1"),
        ("MCUMGR_GRP_OS_ECHO=\"y\"", "expected y or n"),
        ("BT_L2CAP_TX_MTU=9", "expected 23 to 2000, got 9"),
        ("BT_CTLR_DATA_LENGTH_MAX=252", "expected 27 to 251, got 252"),
        ("MCUBOOT_BOOTLOADER_MODE_SWAP_SCRATCH=2", "expected y or n"),
        ("MCUBOOT=y BOOT_MAX_IMG_SECTORS=-1", "expected 1 to 4096, got -1"),
    ] {
        let mut settings = Settings::preset("reference").expect("there is one");
        let text = lines(options);
        let e = apply(&[("prj.conf", &text)], &mut settings).expect_err(options).to_string();
        let place = format!("prj.conf:{}: CONFIG_", text.lines().count());
        assert!(e.starts_with(&place) && e.contains(part), "{options}: {e}");
    }
}

#[test]
fn single_settings_and_layouts_win_over_the_files() {
    let (mut settings, _) = with("CONFIG_MCUMGR_TRANSPORT_NETBUF_SIZE=1024\nCONFIG_BT_SMP=y\n");
    settings.set("server.buf_size=600").expect("lawful");
    assert_eq!(get(&settings, "server.buf_size"), "600");
    let text = settings.explain();
    let line = |start| text.lines().find(|line| line.starts_with(start)).expect(start);
    assert!(line("buf_size = 600").ends_with("[set here; default 512]"));
    let origin = "[CONFIG_BT_L2CAP_TX_MTU=65, implied by CONFIG_BT_SMP; default 498]";
    assert!(line("mtu = 65").ends_with(origin), "{}", line("mtu = 65"));
    assert!(Settings::file("again", &text).is_ok());
}

#[test]
fn more_images_than_slots_are_told_and_not_taken() {
    let two = "CONFIG_UPDATEABLE_IMAGE_NUMBER=2\nCONFIG_MCUMGR_GRP_IMG=y\n";
    let (settings, report) = with(two);
    assert_eq!(get(&settings, "server.images"), "1");
    assert!(report.notes[0].contains("layout.slot2_start"), "{:?}", report.notes);
    let mut settings = Settings::preset("reference").expect("there is one");
    for setting in [
        "layout.slot_size=0x38000",
        "layout.slot1_start=0x44000",
        "layout.slot2_start=0x7c000",
        "layout.slot2_size=0x38000",
        "layout.slot3_start=0xb4000",
    ] {
        settings.set(setting).expect("lawful");
    }
    apply(&[("prj.conf", two)], &mut settings).expect("lawful");
    assert_eq!(get(&settings, "server.images"), "2");
    assert_eq!(get(&settings, "server.slot_info"), "true");
    let scenario = Scenario::resolve(&settings).expect("fits together");
    assert_eq!(scenario.server.more_images.len(), 1);
}

#[test]
fn an_empty_file_is_no_server_and_says_so() {
    let (settings, report) = with("");
    assert_eq!(get(&settings, "server.image"), "false");
    assert_eq!(report.missing[0].lines, ["CONFIG_MCUMGR=y"]);
}

#[test]
fn rules_and_needs_speak_of_current_names() {
    let options = rules::RULES.iter().flat_map(|rule| [&[rule.option], rule.when].concat());
    let needs = rules::NEEDS.iter().flat_map(|(option, need)| [*option, *need]);
    for option in options.chain(needs).filter(|option| !option.starts_with(['@', '!'])) {
        assert_eq!(names::current(option), option);
    }
    assert_ne!(build::Kind::Resolved, build::Kind::Project);
}

/// Text that often has the form of a Kconfig file.
fn near_kconfig() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "MCUMGR",
        "MCUMGR_GRP_IMG",
        "MCUMGR_BUF_SIZE",
        "BT_L2CAP_TX_MTU",
        "BT_BUF_ACL_RX_SIZE",
        "NCS_SAMPLE_MCUMGR_BT_OTA_DFU",
        "UPDATEABLE_IMAGE_NUMBER",
        "ROM_START_OFFSET",
        "ARCH",
        "SOC",
        "MCUBOOT",
        "BOOT_MAX_IMG_SECTORS",
        "KERNEL_VERSION",
        "",
    ]);
    let value = prop_oneof![
        Just("y".to_owned()),
        Just("n".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        (20_i64..600).prop_map(|number| number.to_string()),
        "\"[ -~]{0,8}\"",
        "[ -~]{0,6}",
    ];
    let line = prop_oneof![
        4 => (name.clone(), value).prop_map(|(name, value)| format!("CONFIG_{name}={value}")),
        1 => name.prop_map(|name| format!("# CONFIG_{name} is not set")),
        1 => "# [ -~]{0,20}",
        1 => "\\PC{0,20}",
    ];
    prop::collection::vec(line, 0..12).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_with_a_line(text in prop_oneof![any::<String>(), near_kconfig()]) {
        let mut settings = Settings::preset("reference").expect("there is one");
        match apply(&[("prj.conf", &text)], &mut settings) {
            Ok(report) => {
                let _ = report.to_string();
                prop_assert!(Settings::file("again", &settings.explain()).is_ok());
            }
            Err(KconfigError::Line { line, .. }) => {
                prop_assert!(line >= 1 && line <= text.lines().count());
            }
        }
    }
}
