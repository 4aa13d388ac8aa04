//! What the report says of the air, and of flash that shares its time.

use client_model::Transport;
use link_model::{LinkConfig, Radio};
use sim::report::{FlashDoc, Report};
use sim::scenario::Scenario;
use sim::world::Prepared;
use std::fmt::Write;

/// A line of what is not as in a clean room with flash that asks nobody; nothing where all is.
pub(crate) fn surroundings(scenario: &Scenario) -> String {
    if scenario.transport() != Transport::Ble {
        return String::new();
    }
    let mut parts = Vec::new();
    let sync = word(scenario, "flash.radio_sync");
    if sync != "none" {
        let sliced = word(scenario, "flash.partial_erase") == "true" && sync != "softdevice";
        parts.push(format!(
            "flash waits for {sync}{}",
            if sliced { ", erases in slices" } else { "" }
        ));
    }
    let environment = word(scenario, "link.environment");
    if environment != "clean" {
        parts.push(format!("Wi-Fi as in {environment}"));
    }
    let distance = word(scenario, "link.distance_cm");
    if distance != "0" {
        parts.push(format!("{distance} cm apart"));
    }
    if parts.is_empty() { String::new() } else { format!("  {}\n", parts.join("; ")) }
}

fn word(scenario: &Scenario, path: &str) -> String {
    scenario.settings.get(path).to_string().replace('"', "")
}

/// What keeps the ends from hearing each other, when a connection was lost or never came up.
pub(crate) fn bad_air(text: &mut String, prepared: &Prepared, report: &Report) {
    let scenario = prepared.scenario();
    let lost = matches!(report.document.error.as_deref(), Some("link_lost" | "connect_timeout"));
    if !lost || scenario.transport() != Transport::Ble {
        return;
    }
    // The middle one of what shadowing may make of the level.
    let signals = &scenario.link.channel.signals;
    if let Some(level) = signals.get(signals.len() / 2).and_then(|signal| signal.rssi_dbm) {
        let _ = writeln!(
            text,
            "  the ends hear each other at about {level} dBm and need {} dBm on {}:\n    \
             try a smaller link.distance_cm, a larger link.tx_dbm, or link.phy=coded-s8",
            sensitivity(scenario),
            word(scenario, "link.phy"),
        );
    }
    text.push_str(&wifi(&scenario.link));
}

/// What Wi-Fi does to packets, and what helps: nothing that a link can do where it is everywhere.
fn wifi(link: &LinkConfig) -> String {
    let Some(interference) = &link.channel.interference else { return String::new() };
    let allowed = link.channel_map.bits();
    let hit = (allowed & interference.channels).count_ones();
    let of = allowed.count_ones();
    let map = match link.adaptive_map {
        None => ", or central.adaptive_map=true",
        Some(_) => "",
    };
    if hit == of {
        "  Wi-Fi hits packets on every data channel: only less of it helps, link.wifi_share_ppm\n"
            .to_owned()
    } else {
        format!(
            "  Wi-Fi hits packets on {hit} of {of} data channels: try a longer link.timeout_ms{map}\n"
        )
    }
}

fn sensitivity(scenario: &Scenario) -> i8 {
    let radio = Radio::from_name(&word(scenario, "radio.soc"));
    radio.expect("the choice lists radios").sensitivity_dbm(scenario.link.phy)
}

/// What flash had from the radio, where it asked.
pub(crate) fn windows(flash: &FlashDoc) -> String {
    if flash.windows == 0 && flash.refusals == 0 {
        return String::new();
    }
    let mut text = format!(
        "\n         {} radio windows, {} of them instead of connection events; {} refused",
        flash.windows, flash.forced_windows, flash.refusals
    );
    if flash.timeouts > 0 {
        let _ = write!(text, "; {} calls timed out", flash.timeouts);
    }
    text
}
