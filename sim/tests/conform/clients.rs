//! Uploads of real clients: what agrees, what is noticed, and what cannot be carried out.

use crate::testdata;
use serde_json::Value;
use sim::conform::{FileResult, check};

pub(crate) fn document(name: &str) -> Value {
    let path = testdata().join("clients").join(name).with_extension("json");
    let text = std::fs::read_to_string(path).expect("vendored");
    serde_json::from_str(&text).expect("JSON")
}

pub(crate) fn checked(document: &Value) -> FileResult {
    check(&document.to_string(), &|_| None).expect("JSON")
}

#[track_caller]
fn agrees(name: &str, cases: u32) {
    let result = checked(&document(name));
    let failures = &result.failures;
    assert_eq!((result.passed, failures.len()), (cases, 0), "{failures:#?}");
}

#[test]
fn android_with_window_1() {
    agrees("android_window1", 10);
}

#[test]
fn android_with_a_larger_window() {
    agrees("android_windowN", 15);
}

#[test]
fn ios() {
    agrees("ios", 15);
}

#[test]
fn smpclient_on_three_transports() {
    agrees("smpclient_ble", 9);
    agrees("smpclient_udp", 2);
    agrees("smpclient_serial", 3);
}

#[test]
fn mcumgr_toolkit() {
    agrees("mcumgr_toolkit_serial", 2);
}

#[test]
fn mcumgr_client() {
    agrees("mcumgr_client", 4);
}

#[test]
fn go_mcumgr() {
    agrees("go_mcumgr_cli", 4);
}

#[test]
fn zephyr_img_mgmt_client() {
    agrees("zephyr_img_mgmt_client", 3);
}

#[test]
fn the_devzone_sample() {
    agrees("ncs_central_dfu_sample", 2);
}

#[test]
fn reactions_to_faults() {
    agrees("reactions", 44);
}
