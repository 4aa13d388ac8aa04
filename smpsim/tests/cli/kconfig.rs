//! `smpsim run --kconfig`: a build's options as a scenario, and what is told of them.

use crate::{Folder, Seen, document, smpsim, testdata};
use serde_json::{Value, json};

fn kconfig(name: &str) -> String {
    testdata(&format!("kconfig/{name}"))
}

/// `run` with the options of files.
fn run(files: &[&str], more: &[&str]) -> Seen {
    let mut args = vec!["run"];
    for file in files {
        args.extend(["--kconfig", file]);
    }
    args.extend(more);
    smpsim(&args)
}

/// The `kconfig` part of the document.
fn told(files: &[&str]) -> Value {
    run(files, &["--json"]).json()["kconfig"].take()
}

fn texts<'v>(list: &'v Value, field: &str) -> Vec<&'v str> {
    let entries = list.as_array().expect("a list").iter();
    entries.map(|entry| entry[field].as_str().expect("a text")).collect()
}

#[test]
fn seed_004_has_large_buffers_and_no_group_63() {
    let seed = kconfig("seed-004-prj.conf");
    let document = run(&[&seed], &["--json"]).with_status(0).json();
    assert_eq!(document["link"]["mtu"], 498);
    let kconfig = &document["kconfig"];
    assert_eq!(kconfig["files"], json!([{ "file": seed, "kind": "prj.conf" }]));
    assert_eq!(kconfig["profile"], "z32");
    let settings = texts(&kconfig["used"], "setting");
    for setting in [
        "server.buf_size=2475",
        "server.buf_count=4",
        "server.reassembly=true",
        "server.params=true",
        "server.mtu=498",
        "server.erase_storage=false",
    ] {
        assert!(settings.contains(&setting), "no {setting} in {settings:?}");
    }
    let missing = &kconfig["missing"][0];
    let lines = json!(["CONFIG_MCUMGR_GRP_ZBASIC=y", "CONFIG_MCUMGR_GRP_ZBASIC_STORAGE_ERASE=y"]);
    assert_eq!(missing["lines"], lines);
}

#[test]
fn erase_settings_is_answered_8_without_the_basic_group_and_works_with_it() {
    let folder = Folder::new();
    let seed = kconfig("seed-004-prj.conf");
    let with = folder.file(
        "erase.conf",
        "CONFIG_MCUMGR_GRP_ZBASIC=y\nCONFIG_MCUMGR_GRP_ZBASIC_STORAGE_ERASE=y\n",
    );
    for (files, rc) in [(&[&*seed][..], 8), (&[&seed, &with], 0)] {
        let trace = folder.path("trace.jsonl");
        let more = ["--set", "client.erase_settings=true", "--trace", &trace];
        run(files, &more).with_status(0);
        let trace = std::fs::read_to_string(&trace).expect("it is there");
        let records = trace.lines().map(|line| serde_json::from_str(line).expect("JSON"));
        let of_client: Vec<Value> =
            records.filter(|record: &Value| record["node"] == "client").collect();
        let sent = of_client.iter().find(|record| record["group"] == 63).expect("it is asked");
        let answer = of_client
            .iter()
            .find(|record| record["event"] == "answer" && record["tag"] == sent["tag"])
            .expect("it is answered");
        assert_eq!(answer["rc"], rc, "{files:?}");
    }
}

#[test]
fn people_read_what_was_used_what_is_not_modelled_and_what_is_missing() {
    let seen = run(&[&kconfig("seed-004-prj.conf")], &[]).with_status(0);
    let (report, kconfig) = seen.out.split_once("\n  kconfig\n").expect("a section");
    assert!(report.starts_with("reference: confirmed"), "{report}");
    for part in [
        "server.profile = z32: a comment or option says",
        "server.buf_size=2475",
        "implied by CONFIG_NCS_SAMPLE_MCUMGR_BT_OTA_DFU",
        "CONFIG_BT_L2CAP_TX_BUF_COUNT=5 (line 26)",
        "  # erase-settings is answered 8 (not supported) without it: group 63 is not built in\n  \
         CONFIG_MCUMGR_GRP_ZBASIC=y\n",
    ] {
        assert!(kconfig.contains(part), "no {part:?} in {kconfig}");
    }
    assert_eq!(seen.err, "");
    let without = smpsim(&["run"]).with_status(0);
    assert!(!without.out.contains("kconfig") && document(&[])["kconfig"].is_null());
}

#[test]
fn the_smaller_of_the_bluetooth_buffers_decides_what_a_client_gets() {
    let config = kconfig("zephyr-3.7.config");
    let document = run(&[&config], &["--json"]).with_status(0).json();
    assert_eq!(document["link"]["mtu"], 247);
    assert_eq!(document["kconfig"]["files"][0]["kind"], "config");
    let told = texts(&document["kconfig"]["not_modelled"], "option");
    assert_eq!(told, ["CONFIG_BT_MAX_CONN", "CONFIG_BT_USER_PHY_UPDATE"]);
    let folder = Folder::new();
    let plain = folder.file("prj.conf", "CONFIG_BT_L2CAP_TX_MTU=247\nCONFIG_MCUMGR_GRP_IMG=y\n");
    let document = run(&[&plain], &["--json"]).json();
    assert_eq!(document["link"]["mtu"], 23, "ACL packets of 27 octets were left");
}

#[test]
fn options_stand_between_the_scenario_and_single_settings() {
    let folder = Folder::new();
    let scenario =
        folder.file("mine.toml", "[server]\nbuf_size = 600\nbuf_count = 8\ncpu_us = 70\n");
    let file = folder.file("prj.conf", "CONFIG_MCUMGR_TRANSPORT_NETBUF_SIZE=1024\n");
    let args = ["run", &scenario, "--set", "server.buf_count=5", "--kconfig", &file, "--explain"];
    let seen = smpsim(&args).with_status(0);
    let line = |head: &str| {
        let found = seen.out.lines().find(|line| line.starts_with(head));
        found.unwrap_or_else(|| panic!("no {head} in {}", seen.out)).to_owned()
    };
    let origin = format!("[CONFIG_MCUMGR_TRANSPORT_NETBUF_SIZE=1024, {file}:1; default 512]");
    assert!(line("buf_size = 1024").ends_with(&origin), "{}", line("buf_size"));
    assert!(line("buf_count = 5").ends_with("[set here; default 4]"));
    assert!(line("cpu_us = 70").ends_with("[set here; default 0]"));
    assert!(seen.err.contains("server.profile = z32"), "{}", seen.err);
    assert!(seen.err.contains("CONFIG_MCUMGR=y"), "{}", seen.err);
    let again = folder.file("again.toml", &seen.out);
    smpsim(&["run", &again, "--explain"]).with_status(0);
}

#[test]
fn the_boot_loaders_own_options_may_stand_beside() {
    let files = [kconfig("zephyr-3.2-prj.conf"), kconfig("mcuboot.config")];
    let told = told(&[&files[0], &files[1]]);
    assert_eq!(texts(&told["files"], "kind"), ["prj.conf", "mcuboot config"]);
    assert_eq!(told["profile"], "z30");
    let settings = texts(&told["used"], "setting");
    assert!(settings.contains(&"boot.max_sectors=256") && settings.contains(&"server.mtu=252"));
}

#[test]
fn a_line_that_says_nothing_is_refused_with_file_and_number() {
    let folder = Folder::new();
    for (text, line, parts) in [
        ("CONFIG_BT\n", 1, &["expected CONFIG_NAME=value"][..]),
        ("# one\n\nBT=y\n", 3, &["CONFIG_NAME=value or a comment"]),
        ("CONFIG_BT=y\r\nCONFIG_MCUMGR=m\r\n", 2, &["CONFIG_MCUMGR", "y or n"]),
        ("CONFIG_BT_DEVICE_NAME=\"K\n", 1, &["closing quote"]),
        ("CONFIG_MCUMGR_BUF_SIZE=y\n", 1, &["CONFIG_MCUMGR_BUF_SIZE", "whole number"]),
        ("CONFIG_MCUMGR_BUF_SIZE=70000\n", 1, &["64 to 65535", "70000"]),
        ("CONFIG_MCUMGR_GRP_IMG=2\n", 1, &["y or n"]),
        ("SB_CONFIG_BOOTLOADER_MCUBOOT=y\n", 1, &["sysbuild.conf"]),
        ("<<<<<<< HEAD\n", 1, &["CONFIG_NAME=value"]),
    ] {
        let file = folder.file("prj.conf", text);
        let place = format!("{file}:{line}: ");
        run(&[&file], &[]).refuses(&[&[place.as_str()], parts].concat());
    }
    let latin = folder.file("prj.conf", b"# \xe4\nCONFIG_BT=y\n");
    run(&[&latin], &[]).refuses(&[&latin, "UTF-8"]);
    run(&[&folder.path("none.conf")], &[]).refuses(&["none.conf"]);
}

#[test]
fn a_mode_that_no_world_has_is_refused_with_what_to_do() {
    let folder = Folder::new();
    for (mode, part) in [
        ("SINGLE_APP", "server.image = false"),
        ("FIRMWARE_UPDATER", "smpsim flash inspect"),
        ("SWAP_SCRATCH", "layout.scratch_start"),
    ] {
        let option = format!("CONFIG_MCUBOOT_BOOTLOADER_MODE_{mode}=y\nCONFIG_MCUMGR_GRP_IMG=y\n");
        let file = folder.file("prj.conf", &option);
        run(&[&file], &[]).refuses(&["boot.mode", part]);
    }
}

#[test]
fn direct_xip_with_revert_runs_the_new_image_from_slot_1() {
    let args = ["--set", "boot.mode=direct-xip-revert", "--set", "server.profile=z37"];
    let document = document(&args);
    assert_eq!(document["outcome"], "confirmed");
    assert_eq!(document["boot"]["swaps"], 0);
}
