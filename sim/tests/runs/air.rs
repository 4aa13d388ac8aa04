//! Uploads in bad air.

use crate::kept;
use link_model::{ChannelMap, LinkEvent};
use sim::report::Report;
use sim::trace::{Event, Record};

/// The reference upload without what follows it.
fn upload(settings: &[&str]) -> (Report, Vec<Record>) {
    let only = ["client.mode=upload-only", "expect.outcome=uploaded"];
    kept("reference", &[&only[..], settings].concat(), 1)
}

fn upload_s(settings: &[&str]) -> f64 {
    let document = upload(settings).0.document;
    assert_eq!(document.outcome, "uploaded", "{settings:?}: {:?}", document.error);
    let text = serde_json::to_value(&document).expect("a document is JSON");
    text["upload_s"].as_f64().expect("an upload takes time")
}

fn link_events(records: &[Record]) -> impl Iterator<Item = LinkEvent> + '_ {
    records.iter().filter_map(|record| match record.event {
        Event::Link(event) => Some(event),
        _ => None,
    })
}

#[test]
fn the_more_wifi_the_longer_an_upload_and_an_adaptive_map_helps() {
    let clean = upload_s(&[]);
    let home = upload_s(&["link.environment=home"]);
    let office = upload_s(&["link.environment=office"]);
    let adaptive = upload_s(&["link.environment=office", "central.adaptive_map=true"]);
    assert!(clean < home && home < office, "{clean} {home} {office}");
    assert!(adaptive < office, "{adaptive} against {office}");
}

/// All channels taken, 60 % of the time: of full packets on LE 1M not one in a thousand gets through.
#[test]
fn a_hostile_environment_ends_the_connection() {
    let (report, _) = upload(&["link.environment=hostile"]);
    assert_eq!(report.document.outcome, "failed");
}

#[test]
fn what_is_too_far_away_is_not_found_and_what_is_near_is_as_good_as_here() {
    let here = upload_s(&[]);
    assert!((upload_s(&["link.distance_cm=300"]) - here).abs() < 1e-9);
    assert!(upload_s(&["link.distance_cm=50000"]) > here);
    let (report, records) = upload(&["link.distance_cm=100000"]);
    assert_eq!(report.document.outcome, "failed");
    assert!(!link_events(&records).any(|event| matches!(event, LinkEvent::ConnectInd { .. })));
}

#[test]
fn the_level_follows_from_distance_and_shadowing_of_the_run() {
    let level = |seed| {
        let settings = ["link.distance_cm=1000", "link.shadowing_db_e1=60", "run.limit_s=1"];
        let (_, records) = kept("reference", &settings, seed);
        link_events(&records).find_map(|event| match event {
            LinkEvent::Rssi { dbm } => Some(dbm),
            _ => None,
        })
    };
    let mut levels: Vec<i8> =
        (1..=10).map(|seed| level(seed).expect("a distance is set")).collect();
    assert_eq!(level(1), Some(levels[0]));
    assert!(levels.iter().all(|dbm| (-80..=-40).contains(dbm)), "{levels:?}");
    levels.sort_unstable();
    levels.dedup();
    assert!(levels.len() > 4, "{levels:?}");
}

#[test]
fn a_connection_hops_over_the_channels_of_its_map_only() {
    let settings = ["link.csa=1", "link.hop=7", "link.channel_map=0x1e00e00600"];
    let (_, records) = upload(&settings);
    let told: Vec<LinkEvent> = link_events(&records)
        .filter(|e| matches!(e, LinkEvent::Channels { .. } | LinkEvent::ChannelMap { .. }))
        .collect();
    let map = ChannelMap::new(0x1e_00e0_0600).expect("nine channels");
    let [LinkEvent::Channels { hop: 7, csa: 1, .. }, LinkEvent::ChannelMap { map: in_force }] =
        told[..]
    else {
        panic!("{told:?}");
    };
    assert_eq!(in_force, map);
}
