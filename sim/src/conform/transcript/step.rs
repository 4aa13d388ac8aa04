//! A line of a session: something is done to the server, and something comes of it.

use super::meta::Init;
use crate::frame::parse_hex;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;

/// One step.
#[derive(Debug)]
pub(super) struct Step {
    /// Number and note, for messages.
    pub(super) name: String,
    /// What is done.
    pub(super) what: What,
    /// What is to come of it.
    pub(super) expected: Expected,
}

/// What a step does.
#[derive(Debug)]
pub(super) enum What {
    /// Frames for the transport, as they are: one, or several without waiting.
    Frames(Vec<Vec<u8>>),
    /// One GATT write.
    Write(Vec<u8>),
    /// Octets on the serial line.
    Serial(Vec<u8>),
    /// A whole image in equal chunks.
    BulkUpload(BulkUpload),
    /// The server starts again with these contents; `None`: with those at the start.
    Reinit(Option<Init>),
    /// Power cycle.
    Restart,
    /// The server has reset itself and starts.
    Boot,
    /// Time passes, in milliseconds.
    Wait(u64),
    /// Not known.
    Unknown(String),
}

/// What a step must come to.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Expected {
    rsp: Option<String>,
    rsps: Option<Vec<String>>,
    /// Answers in any order behind the others.
    late_rsps: Option<Vec<String>>,
    pub(super) serial_out: Option<String>,
    pub(super) att_error: Option<u64>,
    pub(super) dropped: bool,
    pub(super) no_rx_buffer: bool,
    /// Resets seen while time passed.
    pub(super) exit: u32,
    pub(super) reset_happened: bool,
    pub(super) reset_after: bool,
    /// The recorded server stopped.
    server_hung: Value,
    server_exited: Value,
    /// A second recording gave other octets.
    varies: Value,
    /// What it gave.
    second_run: Value,
    pub(super) ops: Ops,
    pub(super) flash_sha256: Option<BTreeMap<String, String>>,
    pub(super) flash_state: Option<Value>,
    pub(super) flash_state_before: Option<Value>,
}

/// Flash operations of a step.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Ops {
    pub(super) erase_calls: u32,
    /// First and last page of each stretch.
    pub(super) pages_erased: Vec<[u32; 2]>,
    pub(super) write_calls: u32,
    pub(super) bytes_written: u32,
}

/// A whole image in equal chunks.
#[derive(Debug, Deserialize)]
pub(super) struct BulkUpload {
    pub(super) image: String,
    pub(super) chunk: NonZeroUsize,
    #[serde(default)]
    pub(super) sha: bool,
    /// Of the protocol.
    pub(super) version: u8,
    pub(super) requests: usize,
    pub(super) unexpected_offsets: usize,
    pub(super) end_off: u32,
}

impl Expected {
    /// The frames that must come back, in order.
    pub(super) fn responses(&self) -> Vec<&str> {
        match (&self.rsps, &self.rsp) {
            (Some(all), _) => all.iter().map(String::as_str).collect(),
            (None, Some(one)) => vec![one],
            (None, None) => Vec::new(),
        }
    }

    /// The frames that must come back in any order behind them.
    pub(super) fn late_responses(&self) -> &[String] {
        self.late_rsps.as_deref().unwrap_or_default()
    }

    /// Whether the recording is of no use as a reference.
    pub(super) fn exempt(&self) -> bool {
        said(&self.server_hung) || said(&self.server_exited)
    }

    /// Whether a second recording gave other octets.
    pub(super) fn varies(&self) -> bool {
        said(&self.varies)
    }

    /// What the second recording gave.
    pub(super) fn second_run(&self) -> Option<Self> {
        match &self.second_run {
            Value::Object(_) => Self::deserialize(&self.second_run).ok(),
            Value::String(one) => Some(Self { rsp: Some(one.clone()), ..Self::default() }),
            Value::Array(_) => {
                let rsps = Vec::deserialize(&self.second_run).ok()?;
                Some(Self { rsps: Some(rsps), ..Self::default() })
            }
            _ => None,
        }
    }
}

impl Step {
    /// Reads a line. A kind that is not known is a step, too.
    pub(super) fn read(line: &Value) -> Result<Self, String> {
        let object = line.as_object().ok_or("a step is an object")?;
        let number = line["step"].as_u64().map_or_else(|| "?".to_owned(), |n| n.to_string());
        let note = line["note"].as_str().unwrap_or_default();
        let expected = Expected::deserialize(line).map_err(|e| e.to_string())?;
        for frame in expected.responses() {
            octets("an answer", frame)?;
        }
        let octets_of = |key: &str| {
            let text = line[key].as_str().ok_or_else(|| format!("`{key}` is not a text"))?;
            octets(key, text)
        };
        let what = if object.contains_key("req") {
            What::Frames(vec![octets_of("req")?])
        } else if let Some(batch) = object.get("batch") {
            let frames = batch.as_array().ok_or("`batch` is not a list")?.iter();
            let frames = frames.map(|frame| {
                octets("batch", frame.as_str().ok_or("`batch` holds something else than texts")?)
            });
            What::Frames(frames.collect::<Result<_, _>>()?)
        } else if object.contains_key("gatt_write") {
            What::Write(octets_of("gatt_write")?)
        } else if object.contains_key("serial_in") {
            What::Serial(octets_of("serial_in")?)
        } else if let Some(bulk) = object.get("bulk_upload") {
            let bulk = BulkUpload::deserialize(bulk);
            What::BulkUpload(bulk.map_err(|e| format!("`bulk_upload`: {e}"))?)
        } else if let Some(action) = object.get("action") {
            action_of(action.as_str().ok_or("`action` is not a text")?, line)?
        } else {
            What::Unknown("none of req, batch, gatt_write, serial_in, bulk_upload, action".into())
        };
        let name = if note.is_empty() {
            format!("step {number}")
        } else {
            format!("step {number} ({note})")
        };
        Ok(Self { name, what, expected })
    }
}

/// A mark that is set, whatever else it tells.
fn said(mark: &Value) -> bool {
    !matches!(mark, Value::Null | Value::Bool(false))
}

/// A day, in milliseconds.
const LONGEST_WAIT: u64 = 86_400_000;

fn action_of(action: &str, line: &Value) -> Result<What, String> {
    Ok(match action {
        "reinit" => What::Reinit(match line.get("init") {
            None => None,
            Some(init) => Some(Init::deserialize(init).map_err(|e| format!("`init`: {e}"))?),
        }),
        "restart" => What::Restart,
        "boot" => What::Boot,
        "wait_ms" => {
            let ms = line["ms"].as_u64().filter(|&ms| ms <= LONGEST_WAIT);
            What::Wait(ms.ok_or_else(|| format!("`ms` is no number up to {LONGEST_WAIT}"))?)
        }
        other => What::Unknown(format!("action {other}")),
    })
}

fn octets(what: &str, text: &str) -> Result<Vec<u8>, String> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    parse_hex(text).map_err(|e| format!("`{what}`: {e}"))
}
