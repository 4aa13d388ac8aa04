//! Options that are off, or small, and that an update over Bluetooth would profit from.

use super::build::{Build, Kind};
use super::names;
use super::report::MissingDoc;
use super::rules::{LATER, NEEDS, OTA_DFU, SPEEDUP};
use super::syntax::Value;

/// Five writes of a full ATT MTU of 498 octets, as the samples of the nRF Connect SDK have it.
const NETBUF_SIZE: i64 = 2475;
const TX_MTU: i64 = 498;
/// Two link layer payloads.
const ACL_RX_SIZE: i64 = 502;
const DATA_LENGTH: i64 = 251;

/// The options that are missing, those first without which nothing works.
pub(super) fn missing(build: &Build) -> Vec<MissingDoc> {
    let mut advice = Advice { build, found: Vec::new() };
    advice.server();
    advice.dependencies();
    if build.is_on("MCUMGR_TRANSPORT_BT") || build.kind == Kind::Project {
        advice.transport();
        advice.bluetooth();
    }
    advice.commands();
    advice.found
}

struct Advice<'b> {
    build: &'b Build,
    found: Vec<MissingDoc>,
}

impl Advice<'_> {
    /// Adds lines, unless they were added for another reason already.
    fn add(&mut self, lines: &[(&str, &str)], why: impl Into<String>) {
        let old = self.build.has_old_names();
        let line = |(option, value): &(&str, &str)| {
            let name = if old { names::in_3_2(option) } else { option };
            format!("CONFIG_{name}={value}")
        };
        let lines: Vec<String> = lines.iter().map(line).collect();
        if self.found.iter().all(|known| known.lines != lines) {
            self.found.push(MissingDoc { lines, why: why.into() });
        }
    }

    /// Adds a line for an option that is off.
    fn on(&mut self, option: &str, why: &str) {
        if !self.build.is_on(option) {
            self.add(&[(option, "y")], why);
        }
    }

    fn server(&mut self) {
        self.on("MCUMGR", "without it there is no SMP server");
        self.on("MCUMGR_TRANSPORT_BT", "without it nothing is heard over Bluetooth");
        self.on("MCUMGR_GRP_IMG", "image list, upload, test and confirm are answered 8 without it");
        self.on("MCUMGR_GRP_OS", "a reset, which starts the update, is answered 8 without it");
        if self.build.kind == Kind::Project {
            self.on("BOOTLOADER_MCUBOOT", "the image is built for MCUboot with it");
        }
    }

    /// Options that a project sets and Kconfig takes back.
    fn dependencies(&mut self) {
        if self.build.kind == Kind::Resolved {
            return;
        }
        for (option, need) in NEEDS {
            let set = self.build.line(option).is_some_and(|line| line.value == Value::Truth(true));
            if set && !self.build.is_on(need) {
                self.add(&[(need, "y")], format!("CONFIG_{option} stays off without it"));
            }
        }
        let old = self.build.has_old_names();
        let missing: Vec<(&str, &str)> = ["FLASH", "FLASH_MAP", "STREAM_FLASH", "IMG_MANAGER"]
            .into_iter()
            .filter(|need| !old && !self.build.is_on(need))
            .map(|need| (need, "y"))
            .collect();
        if self.build.is_on("MCUMGR_GRP_IMG") && !missing.is_empty() {
            self.add(&missing, "CONFIG_MCUMGR_GRP_IMG depends on it since Zephyr 3.3");
        }
    }

    fn transport(&mut self) {
        let count = self.build.number("MCUMGR_TRANSPORT_NETBUF_COUNT").unwrap_or(4);
        if count < 4 {
            let safe = (count - 1).max(1);
            let plural = if safe == 1 { "" } else { "s" };
            let why = format!(
                "{count} buffers: a client may have {safe} request{plural} outstanding without loss"
            );
            self.add(&[("MCUMGR_TRANSPORT_NETBUF_COUNT", "4")], why);
        }
        let size = self.build.number("MCUMGR_TRANSPORT_NETBUF_SIZE").unwrap_or(NETBUF_SIZE);
        let lines =
            [("MCUMGR_TRANSPORT_BT_REASSEMBLY", "y"), ("MCUMGR_TRANSPORT_NETBUF_SIZE", "2475")];
        if !self.build.is_on("MCUMGR_TRANSPORT_BT_REASSEMBLY") {
            self.add(
                if size < NETBUF_SIZE { &lines } else { &lines[..1] },
                "a request has no more octets than one write without it",
            );
        } else if size < NETBUF_SIZE {
            let why = format!("requests end at {size} octets; longer ones are dropped");
            self.add(&lines[1..], why);
        }
        self.on(
            "MCUMGR_GRP_OS_MCUMGR_PARAMS",
            "clients cannot learn size and number of the buffers without it, and take small ones",
        );
        self.on(
            "MCUMGR_TRANSPORT_BT_CONN_PARAM_CONTROL",
            "the connection keeps the central's interval without it",
        );
        if self.build.is_on("MCUMGR_GRP_IMG") {
            self.on(
                "IMG_ERASE_PROGRESSIVELY",
                "the first upload request is answered when the whole slot is erased, seconds later",
            );
        }
    }

    /// Bluetooth buffers: by hand, or by the option of the nRF Connect SDK where the file knows it.
    fn bluetooth(&mut self) {
        let tx = self.build.number("BT_L2CAP_TX_MTU").unwrap_or(TX_MTU);
        let rx = self.build.number("BT_BUF_ACL_RX_SIZE").unwrap_or(ACL_RX_SIZE);
        let length = self.build.number("BT_CTLR_DATA_LENGTH_MAX").unwrap_or(DATA_LENGTH);
        let ncs = self.build.line(OTA_DFU).is_some() || self.build.line(SPEEDUP).is_some();
        let mtu = tx.min(rx - 4);
        let mut lines = Vec::new();
        if tx < TX_MTU {
            lines.push(("BT_L2CAP_TX_MTU", "498"));
        }
        if rx < ACL_RX_SIZE {
            lines.push(("BT_BUF_ACL_RX_SIZE", "502"));
        }
        if mtu < TX_MTU && rx - 4 < tx && tx >= TX_MTU {
            let why = format!("the ATT MTU is {mtu}: received packets end at {rx} octets");
            return self.add(&lines, why);
        }
        if mtu < TX_MTU && ncs && !self.build.is_on(SPEEDUP) {
            let why = format!("the ATT MTU is {mtu}, the data length {length} octets without it");
            return self.add(&[(SPEEDUP, "y")], why);
        }
        if mtu < TX_MTU {
            self.add(
                &lines,
                format!("the ATT MTU is {mtu}: every write carries {} octets", mtu - 3),
            );
        }
        if length < DATA_LENGTH {
            let lines = [("BT_CTLR_DATA_LENGTH_MAX", "251"), ("BT_BUF_ACL_TX_SIZE", "251")];
            self.add(&lines, format!("link layer packets carry {length} octets"));
        }
    }

    fn commands(&mut self) {
        if !self.build.is_on("MCUMGR_GRP_ZBASIC_STORAGE_ERASE") {
            let lines = [("MCUMGR_GRP_ZBASIC", "y"), ("MCUMGR_GRP_ZBASIC_STORAGE_ERASE", "y")];
            let skip = usize::from(self.build.is_on("MCUMGR_GRP_ZBASIC"));
            let group = if skip == 0 { ": group 63 is not built in" } else { "" };
            self.add(
                &lines[skip..],
                format!("erase-settings is answered 8 (not supported) without it{group}"),
            );
        }
        if self.build.is_on(LATER) {
            self.on(
                "MCUMGR_GRP_OS_BOOTLOADER_INFO",
                "clients cannot ask for the boot loader's mode without it",
            );
        }
    }
}
