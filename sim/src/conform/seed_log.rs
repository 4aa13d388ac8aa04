//! A phone's log of SMP frames, with the image list among them.
//!
//! The images are known only by what the list shows, so the device starts with images of those
//! versions and SHA-256 TLV values, and with the trailer flags that the list implies.

use super::{Failure, FileResult};
use crate::frame::parse_hex;
use crate::report::hex;
use crate::scenario::{Scenario, ScenarioError, Settings};
use crate::trace::Null;
use crate::world::{Prepared, World};
use serde_json::Value;
use sim_core::Seed;
use smp_wire::header::{HEADER_LEN, Header};

/// Whether this `meta` belongs to such a log.
pub(super) fn recognises(meta: &Value) -> bool {
    meta.get("server_params").is_some()
}

/// A request and the answer that follows it.
struct Exchange<'l> {
    request: &'l str,
    answer: Option<&'l str>,
}

pub(super) fn check(lines: &[Value]) -> FileResult {
    let mut result = FileResult { kind: "log of SMP frames", ..FileResult::default() };
    let exchanges = exchanges(&lines[1..]);
    let mut world = match device(lines) {
        Ok(world) => world,
        Err(problem) => {
            result.failures.push(Failure {
                case: "initial state".to_owned(),
                expected: "server_params and an image list that a device can have".to_owned(),
                got: problem,
            });
            return result;
        }
    };
    if exchanges.is_empty() {
        result.failures.push(Failure {
            case: "requests".to_owned(),
            expected: "at least one line with `dir` tx and `hex`".to_owned(),
            got: "none".to_owned(),
        });
    }
    for (n, exchange) in exchanges.iter().enumerate() {
        let got = parse_hex(exchange.request)
            .map(|request| exchange_with(&mut world, n as u32 + 1, &request));
        let expected = exchange.answer.unwrap_or("no answer in the log");
        match got {
            Ok(got) if got == [expected] => result.passed += 1,
            other => result.failures.push(Failure {
                case: format!("request {} ({})", n + 1, exchange.request),
                expected: expected.to_owned(),
                got: other.map_or_else(
                    |e| e.to_string(),
                    |frames| match frames.len() {
                        0 => "no answer".to_owned(),
                        _ => frames.join(" + "),
                    },
                ),
            }),
        }
    }
    result
}

fn exchanges(lines: &[Value]) -> Vec<Exchange<'_>> {
    let mut exchanges: Vec<Exchange<'_>> = Vec::new();
    for line in lines {
        let Some(frame) = line["hex"].as_str() else { continue };
        match (line["dir"].as_str(), exchanges.last_mut()) {
            (Some("tx"), _) => exchanges.push(Exchange { request: frame, answer: None }),
            (Some("rx"), Some(last)) if last.answer.is_none() => last.answer = Some(frame),
            _ => {}
        }
    }
    exchanges
}

/// Hands in a request and collects the whole frames that answer it, as hex.
fn exchange_with(world: &mut World<Null>, tag: u32, request: &[u8]) -> Vec<String> {
    world.inject(tag, request);
    while !world.device().is_idle() && world.deadline().is_some() {
        world.step();
    }
    let octets: Vec<u8> = core::iter::from_fn(|| world.poll_port()).flatten().collect();
    let mut frames = Vec::new();
    let mut rest = octets.as_slice();
    while !rest.is_empty() {
        let len = Header::parse(rest).map_or(rest.len(), |h| HEADER_LEN + usize::from(h.len));
        let (frame, behind) = rest.split_at(len.min(rest.len()));
        frames.push(hex(frame));
        rest = behind;
    }
    frames
}

/// The device as the log's own first image list shows it.
fn device(lines: &[Value]) -> Result<World<Null>, String> {
    let mut settings = Settings::preset("seed-android").map_err(|e| e.to_string())?;
    let mut set = |key: &str, value: String| {
        settings.set(&format!("{key}={value}")).map_err(|e: ScenarioError| e.to_string())
    };
    let params = &lines[0]["meta"]["server_params"];
    for (key, field) in [("server.buf_size", "buf_size"), ("server.buf_count", "buf_count")] {
        let value = params[field].as_u64().ok_or(format!("meta.server_params has no {field}"))?;
        set(key, value.to_string())?;
    }
    let images = lines
        .iter()
        .find_map(|line| line["cbor"]["images"].as_array())
        .ok_or("no line shows an image list")?;
    let slot = |n: u64| images.iter().find(|image| image["slot"].as_u64() == Some(n));
    let running = slot(0).ok_or("the image list shows nothing in slot 0")?;
    set("slot0.version", text(running, "version")?)?;
    set("slot0.tlv_sha256", text(running, "hash")?)?;
    match slot(1) {
        None => set("slot1.content", "erased".to_owned())?,
        Some(other) => {
            set("image.version", text(other, "version")?)?;
            set("image.tlv_sha256", text(other, "hash")?)?;
            let flag = |name: &str| other[name].as_bool().unwrap_or_default();
            let mark = match (flag("pending"), flag("permanent")) {
                (true, true) => "permanent",
                (true, false) => "test",
                (false, _) => "none",
            };
            set("slot1.mark", mark.to_owned())?;
        }
    }
    let scenario = Scenario::resolve(&settings).map_err(|e| e.to_string())?;
    let prepared = Prepared::new(scenario, None, false).map_err(|e| e.to_string())?;
    Ok(World::with_port(&prepared, Seed(1), Null))
}

fn text(image: &Value, field: &str) -> Result<String, String> {
    image[field].as_str().map(str::to_owned).ok_or(format!("an image has no {field}"))
}
