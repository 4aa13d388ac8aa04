//! Partition tables given to `smpsim run`.

use crate::{Folder, document, smpsim, testdata};
use serde_json::Value;

fn explained(args: &[&str]) -> String {
    smpsim(&[&["run", "--explain"], args].concat()).with_status(0).out
}

#[track_caller]
fn says(text: &str, lines: &[&str]) {
    for wanted in lines {
        assert!(text.lines().any(|line| line.starts_with(wanted)), "no {wanted} in:\n{text}");
    }
}

fn digest(args: &[&str]) -> Value {
    document(args)["trace_digest"].clone()
}

#[test]
fn partitions_come_from_the_file_and_the_run_uses_them() {
    let file = testdata("layouts/partitions.yml");
    let text = explained(&["--layout", &file]);
    says(
        &text,
        &[
            "slot0_start = 0xc000",
            "slot1_start = 0x85000",
            "slot_size = 0x79000",
            "slot1_size = 0x79000",
            "storage_start = 0xfe000",
            "storage_size = 0x2000",
            "scratch_size = 0x0",
        ],
    );
    assert_eq!(digest(&["--layout", &file]), digest(&["--layout", "ncs"]));
    assert_eq!(digest(&["--layout", "ncs"]), digest(&["--set", "layout.preset=ncs"]));
    assert_ne!(digest(&["--layout", "ncs"]), digest(&[]));
    let dts = testdata("layouts/zephyr.dts");
    assert_eq!(digest(&["--layout", &dts]), digest(&[]), "the reference's own partitions");
}

#[test]
fn what_explain_prints_of_a_layout_runs_alone_and_the_same() {
    let folder = Folder::new();
    let layout = testdata("layouts/with_scratch.dtsi");
    let text = explained(&["--layout", &layout, "--set", "layout.storage_size=0x4000"]);
    says(&text, &["scratch_start = 0xda000", "scratch_size = 0x1e000", "storage_size = 0x4000"]);
    assert!(text.contains("which the numbers below are from"), "{text}");
    let scenario = folder.file("alone.toml", &text);
    let again = explained(&[&scenario]);
    let values = |text: &str| {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines
            .map(|line| line.split('#').next().expect("a part").trim().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(values(&again), values(&text));
}

#[test]
fn a_scenario_names_a_layout_that_lies_beside_it() {
    let folder = Folder::new();
    let partitions = std::fs::read(testdata("layouts/partitions.yml")).expect("it is there");
    folder.file("partitions.yml", partitions);
    let scenario =
        folder.file("x.toml", "base = \"reference\"\nlayout.file = \"partitions.yml\"\n");
    says(&explained(&[&scenario]), &["slot_size = 0x79000"]);
    // The command line's wins, and so does a preset of it.
    let dk = testdata("layouts/zephyr.dts");
    says(&explained(&[&scenario, "--layout", &dk]), &["slot_size = 0x76000"]);
    let preset = ["--set", "layout.preset=nrf52840dk-2022"];
    says(&explained(&[&[&scenario[..]], &preset[..]].concat()), &["slot_size = 0x67000"]);
    let broken = folder.file("y.toml", "layout.file = \"none.yml\"\n");
    smpsim(&["run", &broken]).refuses(&["layout.file", "none.yml"]);
    let number = folder.file("z.toml", "layout.file = 3\n");
    smpsim(&["run", &number]).refuses(&["z.toml:1", "layout.file", "the name of a file"]);
}

#[test]
fn a_partition_table_that_cannot_be_used_is_refused_with_its_line() {
    let bad = |name: &str| smpsim(&["run", "--layout", &testdata(&format!("layouts/bad/{name}"))]);
    bad("otp_secondary.yml").refuses(&["otp_secondary.yml:8", "otp"]);
    bad("macro.overlay").refuses(&["macro.overlay:2", "MY_SLOT_SIZE"]);
    bad("overlap.yml").refuses(&["overlap.yml", "overlap"]);
    smpsim(&["run", "--layout", "no-such-layout"]).refuses(&["no-such-layout"]);
    let folder = Folder::new();
    let binary = folder.file("x.yml", [0xff, 0xfe, 0x00]);
    smpsim(&["run", "--layout", &binary]).refuses(&["x.yml", "UTF-8"]);
    // Sound as a file, but not for this part.
    smpsim(&["run", "--layout", &testdata("layouts/sizes.dtsi")]).refuses(&["layout", "0x100000"]);
}
