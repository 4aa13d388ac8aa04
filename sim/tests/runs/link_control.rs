//! Link layer procedures in the course of a whole update.

use crate::{kept, report};
use link_model::{LinkEvent, ParamsRefusal, Phy};
use sim::report::RunDoc;
use sim::report::budget::Cause;
use sim::trace::{Event, Record};

fn link_events(records: &[Record]) -> impl Iterator<Item = LinkEvent> + '_ {
    records.iter().filter_map(|record| match record.event {
        Event::Link(event) => Some(event),
        _ => None,
    })
}

/// Both connections of an update, before and after the reset, change from 1M to 2M.
#[test]
fn each_connection_of_an_update_changes_to_2m() {
    let (report, records) = kept("reference", &["link.phy=2M"], 1);
    assert_eq!(report.document.outcome, "confirmed");
    let mut in_force = Phy::OneM;
    let mut changes = 0;
    for event in link_events(&records) {
        match event {
            LinkEvent::ConnectInd { .. } => in_force = Phy::OneM,
            LinkEvent::Phy { phy } => {
                in_force = phy;
                changes += 1;
            }
            LinkEvent::Packet { air_us, octets, .. } => {
                assert_eq!(u64::from(air_us), in_force.air_time(octets, false).as_us());
            }
            _ => {}
        }
    }
    assert_eq!((in_force, changes), (Phy::TwoM, 2));
}

#[test]
fn without_the_procedure_an_update_over_2m_takes_no_longer() {
    let with = report("reference", &["link.phy=2M"]).document;
    let without = report("reference", &["link.phy=2M", "link.phy_update=false"]).document;
    let of_1m = report("reference", &[]).document;
    let payload = |document: &RunDoc| document.budget_s.of(Cause::LinkPayload);
    assert!(payload(&without) <= payload(&with));
    assert!(payload(&with) < payload(&of_1m));
}

#[test]
fn requests_of_a_bonded_device_wait_for_encryption_in_each_connection() {
    let settings = ["link.encrypted=true", "link.encryption_procedure=true"];
    let (report, records) = kept("reference", &settings, 1);
    assert_eq!(report.document.outcome, "confirmed");
    let mut encrypted = false;
    let mut starts = 0;
    for event in link_events(&records) {
        match event {
            LinkEvent::ConnectInd { .. } => encrypted = false,
            LinkEvent::Encrypted => {
                encrypted = true;
                starts += 1;
            }
            LinkEvent::Packet { tag, .. } => assert!(tag == 0 || encrypted),
            _ => {}
        }
    }
    assert_eq!(starts, 2);
}

#[test]
fn apples_central_refuses_the_fast_connection_of_the_server_and_the_update_goes_on() {
    let settings = [
        "server.conn_param_control=true",
        "central.params_rule=apple",
        "link.interval_us=30000",
        "link.param_update_delay_ms=0",
    ];
    let (report, records) = kept("reference", &settings, 1);
    assert_eq!(report.document.outcome, "confirmed");
    assert_eq!(report.document.link.interval_us, 30_000);
    let refused = LinkEvent::ParamsRefused { reason: ParamsRefusal::IntervalRange };
    assert!(link_events(&records).any(|event| event == refused));
    assert!(!link_events(&records).any(|event| matches!(event, LinkEvent::ParamsUpdated { .. })));
}

/// The device advertises every 100 to 110 ms; a window of 30 ms in 300 ms hears it after a while.
#[test]
fn a_central_that_scans_now_and_then_connects_later() {
    let settings = ["central.scan_interval_us=300000", "central.scan_window_us=30000"];
    let reconnect = |settings: &[&str]| {
        let document = report("reference", settings).document;
        assert_eq!(document.outcome, "confirmed");
        document.budget_s.of(Cause::Reconnect)
    };
    assert!(reconnect(&settings) > reconnect(&[]));
}
