//! Single requests as hex digits of their bodies, and a server with every small group built in.

use super::{World, hex, unhex};
use server_model::{DeviceFacts, Profile, ServerConfig, StatGroup};
use std::sync::Arc;

/// Request and response, as hex digits, without the header: op, group, command, body; body.
pub(crate) struct Row(
    pub(crate) &'static str,
    pub(crate) u8,
    pub(crate) u16,
    pub(crate) u8,
    pub(crate) &'static str,
    pub(crate) &'static str,
);

pub(crate) const READ: u8 = 0;
pub(crate) const WRITE: u8 = 2;
/// The version bits of SMP version 2.
pub(crate) const V2: u8 = 8;

pub(crate) const OS: u16 = 0;
pub(crate) const STAT: u16 = 2;
pub(crate) const ENUM: u16 = 10;
pub(crate) const BASIC: u16 = 63;

/// A server with everything in these groups built in.
pub(crate) fn config(profile: Profile) -> ServerConfig {
    ServerConfig {
        profile,
        buf_size: 2475,
        stat: true,
        enumeration: true,
        taskstat: true,
        info: true,
        params: true,
        datetime: true,
        bootloader_info: true,
        reset_boot_mode: true,
        erase_storage: true,
        facts: Arc::new(facts()),
        ..ServerConfig::default()
    }
}

pub(crate) fn facts() -> DeviceFacts {
    DeviceFacts {
        stats: vec![
            StatGroup {
                name: "radio".to_owned(),
                fields: vec![("tx".to_owned(), 300), ("rx".to_owned(), 0)],
            },
            StatGroup { name: "none".to_owned(), fields: Vec::new() },
        ],
        ..DeviceFacts::default()
    }
}

pub(crate) fn frame(op: u8, group: u16, id: u8, body: &str) -> Vec<u8> {
    let [high, low] = group.to_be_bytes();
    let mut frame = vec![op, 0, 0, 0, high, low, 0x2a, id];
    frame.extend(unhex(body));
    smp_wire::header::put_len(&mut frame);
    frame
}

/// Each row meets a server of its own.
pub(crate) fn check(config: &ServerConfig, rows: &[Row]) {
    for &Row(what, op, group, id, request, response) in rows {
        let mut world = World::new(config.clone());
        let got = hex(&world.body(&frame(op, group, id, request)));
        assert_eq!(got, response, "{what} ({:?})", config.profile);
    }
}

/// A text as CBOR, shorter than 24 octets.
pub(crate) fn text(text: &str) -> String {
    assert!(text.len() < 24);
    format!("{:02x}{}", 0x60 + text.len(), hex(text.as_bytes()))
}

pub(crate) fn map_of(key: &str, value: &str) -> String {
    format!("a1{}{value}", text(key))
}

pub(crate) fn answer_of(key: &str, value: &str) -> String {
    format!("bf{}{value}ff", text(key))
}

pub(crate) const RC_1: &str = "bf62726301ff";
pub(crate) const RC_3: &str = "bf62726303ff";
pub(crate) const RC_5: &str = "bf62726305ff";
pub(crate) const RC_7: &str = "bf62726307ff";
pub(crate) const RC_8: &str = "bf62726308ff";
pub(crate) const RC_9: &str = "bf62726309ff";
pub(crate) const EMPTY: &str = "bfff";

pub(crate) fn err(group: u16, code: u8) -> String {
    let group = if group < 24 { format!("{group:02x}") } else { format!("18{group:02x}") };
    format!("bf63657272bf6567726f7570{group}627263{code:02x}ffff")
}

/// One request to one server; the body of the answer.
pub(crate) fn ask(config: &ServerConfig, op: u8, group: u16, id: u8, body: &str) -> String {
    hex(&World::new(config.clone()).body(&frame(op, group, id, body)))
}

/// The answers in version 1 and in version 2.
pub(crate) fn in_both(
    config: &ServerConfig,
    op: u8,
    group: u16,
    id: u8,
    body: &str,
) -> [String; 2] {
    [op, op | V2].map(|op| ask(config, op, group, id, body))
}
