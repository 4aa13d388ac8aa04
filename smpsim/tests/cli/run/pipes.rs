//! Updates over UDP and over a serial console, as the program tells of them.

use crate::{document, smpsim};

#[test]
fn a_report_of_another_link_says_nothing_of_a_radio() {
    for (preset, has) in [
        ("reference-udp", &["; UDP 10000 kbit/s 2 ms;", "datagrams, 0 lost", "MTU 1500"][..]),
        ("reference-serial", &["; serial 115200 baud;", "lines, 0 damaged"]),
    ] {
        let out = smpsim(&["run", preset]).with_status(0).out;
        for text in has {
            assert!(out.contains(text), "{text}: {out}");
        }
        for radio in ["events", "packets", "not heard", "11.25 ms", "1M", "radio", "link.", "air"] {
            assert!(!out.contains(radio), "{radio}: {out}");
        }
        assert!(out.lines().count() <= 45, "{out}");
        assert!(out.lines().all(|line| line.chars().count() <= 120), "{out}");
    }
}

#[test]
fn the_document_names_the_link_and_counts_what_went_over_it() {
    let ble = document(&[]);
    assert_eq!(ble["link"]["kind"], "ble");
    let udp = document(&["reference-udp"]);
    assert_eq!(udp["link"]["kind"], "udp");
    assert_eq!(udp["link"]["mtu"], 1_500);
    assert_eq!(udp["link"]["events"], 0);
    let requests = udp["smp"]["requests"].as_u64().expect("a number");
    assert_eq!(udp["link"]["packets"], 2 * requests, "a datagram each way");
    let serial = document(&["reference-serial"]);
    assert_eq!(serial["link"]["kind"], "serial");
    assert_eq!(serial["budget_s"]["link_retransmit"], 0.0);
}

#[test]
fn a_datagram_that_can_never_arrive_is_explained() {
    let seen = smpsim(&["run", "reference-udp", "--set", "server.params=true"]).with_status(1);
    assert!(seen.out.contains("a datagram of 2048 octets does not fit"), "{}", seen.out);
    assert!(seen.out.contains("must not exceed 1472 octets"), "{}", seen.out);
}

#[test]
fn a_client_that_does_not_send_over_the_link_is_refused() {
    let serial = ["run", "reference-serial", "--strategy", "ios"];
    smpsim(&serial).refuses(&["client.strategy: ios", "link.kind", "smpclient"]);
    let fleet = ["run", "reference-udp", "--set", "fleet.order=at-once"];
    smpsim(&fleet).refuses(&["fleet.order", "one-by-one"]);
}

#[test]
fn a_slower_line_and_a_lossy_network_cost_time() {
    let upload = |args: &[&str]| document(args)["upload_s"].as_f64().expect("a number");
    let fast = upload(&["reference-serial", "--set", "serial.baud=1000000"]);
    let slow = upload(&["reference-serial"]);
    // Eight and a half times the time on the wire; the flash's is the same.
    assert!(slow > 2.0 * fast, "{slow} {fast}");
    let lossy = ["reference-udp", "--set", "udp.loss_ppm=5000", "--seed", "3"];
    assert!(upload(&lossy) > upload(&["reference-udp"]));
}

#[test]
fn a_server_that_does_not_tell_its_boot_loader_is_explained_and_the_settings_given_help() {
    let toolkit = ["run", "reference-serial", "--strategy", "mcumgr-toolkit"];
    let seen = smpsim(&toolkit).with_status(1);
    assert!(seen.out.contains("MCUMGR_GRP_OS_BOOTLOADER_INFO"), "{}", seen.out);
    let line = seen.out.lines().find(|line| line.contains("--set server.profile")).expect("told");
    let settings: Vec<&str> = line.split_whitespace().collect();
    let seen = smpsim(&[&toolkit[..], &settings].concat()).with_status(0);
    assert!(!seen.out.contains("BOOTLOADER_INFO"), "{}", seen.out);
}
