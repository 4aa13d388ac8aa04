//! What the report says of the link, whatever carries the frames.

use client_model::Transport;
use sim::report::budget::Cause;
use sim::report::{LinkDoc, Report};
use sim::scenario::{Carriage, Scenario};
use std::fmt::Write;

/// The link in a few words.
pub(crate) fn setting(scenario: &Scenario) -> String {
    let milliseconds = |span: sim_core::Span| span.as_secs_f64() * 1e3;
    match scenario.carriage {
        Carriage::Ble => {
            let phy = scenario.settings.get("link.phy").to_string().replace('"', "");
            format!("{phy} {} ms", milliseconds(scenario.link.params.interval))
        }
        Carriage::Udp(udp) => {
            let rate = match udp.rate {
                0 => String::new(),
                rate => format!(" {} kbit/s", u64::from(rate) * 8 / 1_000),
            };
            format!("UDP{rate} {} ms", milliseconds(udp.latency))
        }
        Carriage::Serial(serial) => format!("serial {} baud", serial.baud),
    }
}

/// What went over it.
pub(crate) fn counts(link: &LinkDoc, transport: Transport) -> String {
    let LinkDoc { packets, lost_packets, mtu, .. } = link;
    match transport {
        Transport::Ble => format!(
            "{} events, {packets} packets, {lost_packets} not heard, {} sent again; MTU {mtu}",
            link.events, link.retransmissions,
        ),
        Transport::Udp => format!(
            "{packets} datagrams, {lost_packets} lost, {} held back, {} doubled; MTU {mtu}",
            link.held_back, link.doubled,
        ),
        Transport::Serial => format!("{packets} lines, {lost_packets} damaged"),
    }
}

/// What a cause is over such a link.
pub(crate) const fn meaning(cause: Cause, transport: Transport) -> &'static str {
    if matches!(transport, Transport::Ble) {
        return cause.meaning();
    }
    match (cause, transport) {
        (Cause::LinkPayload, _) => "octets of SMP frames in transmission",
        (Cause::LinkOverhead, Transport::Serial) => "base64, markers and checksums in transmission",
        (Cause::LinkOverhead, _) => "IP and UDP headers in transmission",
        (Cause::LinkWait, Transport::Serial) => {
            "the client's pauses between lines, the adapter, and octets kept while flash works"
        }
        (Cause::LinkWait, _) => "the network's delay, and the wait for other datagrams",
        (Cause::Reconnect, _) => "socket or port closed, the client's wait included",
        (Cause::FlashErase, _) => "erasing pages",
        (Cause::FlashWrite, _) => "writing words",
        (Cause::Server, _) => "the server's processor",
        (Cause::Client, _) => "the client's own pauses, and its time-outs",
        _ => cause.meaning(),
    }
}

/// Frames that can never arrive, when nothing else got through either.
pub(crate) fn impossible(text: &mut String, scenario: &Scenario, report: &Report) {
    let (Some(octets), Carriage::Udp(udp)) = (report.counts.fragmented, scenario.carriage) else {
        return;
    };
    if report.document.goodput_bps > 0 {
        return;
    }
    let _ = writeln!(
        text,
        "  a datagram of {octets} octets does not fit one IP packet of {} (udp.mtu), and Zephyr \
         drops\n    fragments: the client's frames must not exceed {} octets, which a smaller\n    \
         server.buf_size, or server.params=false, brings about",
        udp.mtu,
        udp.longest(),
    );
}
