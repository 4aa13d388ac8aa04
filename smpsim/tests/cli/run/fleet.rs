//! Several devices, and a gateway with a host, as a user meets them.

use crate::{Folder, document, smpsim};
use serde_json::Value;
use std::collections::BTreeSet;

const THREE: [&str; 4] = ["--set", "fleet.devices=3", "--set", "image.size=20000"];
const AT_ONCE: [&str; 2] = ["--set", "fleet.order=at-once"];

#[test]
fn a_fleet_is_told_device_by_device_with_its_totals() {
    let out = smpsim(&[&["run", "reference"], &THREE[..], &AT_ONCE].concat()).with_status(0).out;
    assert!(out.starts_with("reference: 3 devices at once: 3 of 3 as expected after "), "{out}");
    for device in 1..=3 {
        let head = format!("{device}  confirmed ");
        assert!(out.lines().any(|line| line.trim_start().starts_with(&head)), "{out}");
    }
    assert!(out.lines().any(|line| line.trim_start().starts_with("all ")), "{out}");
    for line in out.lines() {
        assert!(line.chars().count() <= 120 && line == line.trim_end(), "{line:?}");
    }
}

#[test]
fn the_document_of_a_fleet_holds_those_of_its_devices() {
    let document_ = document(&[&THREE[..], &AT_ONCE].concat());
    let fleet = &document_["fleet"];
    assert_eq!(
        (&document_["schema"], &fleet["order"]),
        (&"smpsim.run/1".into(), &"at-once".into())
    );
    let devices = fleet["devices"].as_array().expect("a list");
    assert_eq!((devices.len(), &fleet["as_expected"]), (3, &3.into()));
    let seeds: BTreeSet<String> = devices.iter().map(|d| d["run"]["seed"].to_string()).collect();
    assert_eq!(seeds.len(), 3);
    // The document is that of the device that ended last.
    assert_eq!(document_["duration_s"], fleet["duration_s"]);
    assert!(devices.iter().all(|device| device["run"]["fleet"].is_null()));
    // One by one, a device is what it would be alone under its seed.
    let document_ = document(&THREE);
    let second = &document_["fleet"]["devices"][1]["run"];
    let seed = second["seed"].to_string();
    let alone = document(&["--seed", &seed, "--set", "image.size=20000"]);
    assert_eq!(alone["trace_digest"], second["trace_digest"]);
}

#[test]
fn a_device_that_ends_otherwise_is_a_no_that_names_it() {
    let lossy = ["--set", "link.loss_ppm=1000000"];
    let seen = smpsim(&[&["run"], &THREE[..], &lossy].concat()).with_status(1);
    assert!(seen.out.contains("0 of 3 as expected"), "{}", seen.out);
    assert!(seen.err.contains("device 2 is failed (connect_timeout)"), "{}", seen.err);
}

#[test]
fn a_condition_holds_for_the_fleet_or_for_each_device() {
    let run =
        |condition| smpsim(&[&["run", "--json"], &THREE[..], &["--require", condition]].concat());
    run("fleet.as_expected==3").with_status(0);
    run("upload_s<10").with_status(0);
    run("duration_s<100").with_status(0);
    run("fleet.duration_s<100").with_status(1);
    let seen = run("upload_s<0.1").with_status(1);
    assert!(seen.err.contains("does not hold for device 3"), "{}", seen.err);
    run("uploads<1").refuses(&["uploads"]);
    run("fleet.uploads<1").refuses(&["fleet.uploads", "duration_s"]);
}

#[test]
fn the_lines_of_a_fleets_trace_name_their_device() {
    let folder = Folder::new();
    for order in ["one-by-one", "at-once"] {
        let file = folder.path(order);
        let order = format!("fleet.order={order}");
        smpsim(&[&["run", "--trace", &file, "--set", &order], &THREE[..]].concat()).with_status(0);
        let text = std::fs::read_to_string(&file).expect("it is there");
        let lines: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let at = |line: &Value| line["at_ns"].as_u64().expect("a number");
        assert!(lines.windows(2).all(|w| at(&w[0]) <= at(&w[1])), "{order}");
        let devices: BTreeSet<u64> = lines.iter().filter_map(|l| l["device"].as_u64()).collect();
        assert_eq!(devices, BTreeSet::from([1, 2, 3]));
    }
}

#[test]
fn a_starving_gateway_is_told_what_to_do() {
    let out = smpsim(&["run", "seed-gateway-cellular"]).with_status(0).out;
    assert!(out.contains("the host link starved the upload for "), "{out}");
    assert!(out.contains("--set host.start_octets="), "{out}");
    assert!(out.lines().any(|line| line.starts_with("  buffer ")), "{out}");
    for line in out.lines() {
        assert!(line.chars().count() <= 120 && line == line.trim_end(), "{line:?}");
    }
    let out = smpsim(&["run", "--set", "host.rate_Bps=100000"]).with_status(0).out;
    assert!(out.contains("the host is faster than the upload"), "{out}");
    let careless = ["--set", "host.flow_control=false", "--set", "host.ring=131000"];
    let out = smpsim(&[&["run", "--set", "host.rate_Bps=100000"], &careless[..]].concat());
    assert!(out.with_status(0).out.contains("--set host.flow_control=true"));
}

#[test]
fn values_that_no_gateway_or_fleet_has_are_refused() {
    let refuses = |sets: &[&str], parts: &[&str]| {
        let sets = sets.iter().flat_map(|set| ["--set", set]);
        smpsim(&["run"].into_iter().chain(sets).collect::<Vec<_>>()).refuses(parts);
    };
    refuses(&["fleet.devices=0"], &["fleet.devices", "1 to 20"]);
    refuses(&["fleet.devices=21"], &["fleet.devices", "1 to 20"]);
    refuses(&["fleet.order=all"], &["fleet.order", "at-once"]);
    refuses(&["host.rate_Bps=-1"], &["host.rate_Bps", "0 to 100000000"]);
    refuses(&["host.block=0"], &["host.block"]);
    refuses(&["host.rate_bps=1"], &["host.rate_Bps?"]);
    refuses(&["host.rate_Bps=1", "host.ring=64"], &["host.start_octets", "64"]);
    let always_away = ["host.rate_Bps=1", "host.outage_every_s=2", "host.outage_s=2"];
    refuses(&always_away, &["host.outage_s", "host.outage_every_s"]);
}
