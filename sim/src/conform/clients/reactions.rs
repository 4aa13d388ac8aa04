//! How a client takes what goes wrong: one scenario of one client after another.

use super::error_text::{Class, class};
use super::fault::Fault;
use super::fields::{number_after, stated};
use super::frame_hex::keys;
use super::image::image;
use super::run::{Conditions, End, Fate, Outcome, Upload, run};
use super::setup::{Setup, client};
use super::timeouts::SetTimeouts;
use crate::conform::difference::{Difference, same};
use client_model::{StrategyKind, Transport};
use serde_json::Value;
use smp_wire::cbor::Dialect;
use smp_wire::header::{HEADER_LEN, Header};
use smp_wire::image::{UploadRequest, UploadResponse};
use smp_wire::os::ParamsResponse;

/// Upload requests after which a client is stopped, as the recorder did.
const BOUND: usize = 200;
/// Octets of the ATT header.
const ATT: u32 = 3;

/// One recorded client.
pub(super) struct Recorded<'j> {
    kind: StrategyKind,
    file: &'j Value,
    client: &'j Value,
    setup: Setup,
    settings: &'j str,
}

impl<'j> Recorded<'j> {
    /// The n-th client of a file.
    pub(super) fn new(file: &'j Value, n: usize) -> Result<Self, Difference> {
        let recorded = &file["clients"][n];
        let kind = client(recorded)?;
        let settings = settings(file, n);
        let setup = setup(kind, file, recorded, settings)?;
        Ok(Self { kind, file, client: recorded, setup, settings })
    }

    /// Carries out one of its scenarios.
    pub(super) fn check(&self, scenario: &Value) -> Result<(), Difference> {
        let name = scenario["scenario"].as_str().unwrap_or_default();
        let about = self.file["scenario_names"][name].as_str().unwrap_or_default();
        let fault = Fault::named(name, about)?;
        let slow = matches!(fault, Fault::Latency(_));
        let conditions = Conditions {
            fault,
            timeouts: SetTimeouts::stated(self.settings, slow),
            bound: BOUND,
            carries_rc: self.any_response("rc", &Value::from(0)),
            tells_match: self.any_response("match", &Value::Bool(true)),
        };
        let mut outcome = run(&self.setup, conditions)?;
        if slow && self.setup.transport == Transport::Udp {
            // That recorder took a datagram from its socket when it was done with the one before,
            // and stopped with the client.
            outcome.uploads.retain(|upload| upload.in_time);
        }
        same_end(scenario, outcome.end)?;
        let complete = scenario["image_complete_on_server"].as_bool();
        let complete = complete.ok_or_else(|| {
            let got = stated(scenario.get("image_complete_on_server"));
            Difference::new("image_complete_on_server", "true or false", got)
        })?;
        self.same_requests(scenario, fault, &outcome)?;
        same("image_complete_on_server", complete, outcome.complete)
    }

    /// Whether the server of these recordings ever answered so.
    fn any_response(&self, key: &str, value: &Value) -> bool {
        let scenarios = self.client["scenarios"].as_array().into_iter().flatten();
        scenarios
            .flat_map(|scenario| scenario["requests"].as_array().into_iter().flatten())
            .any(|request| request["rsp"].get(key) == Some(value))
    }

    /// When the Go program notices a missed chunk varies from run to run, and with it the count by
    /// one. Where none is missed, nothing varies.
    fn same_requests(
        &self,
        scenario: &Value,
        fault: Fault,
        outcome: &Outcome,
    ) -> Result<(), Difference> {
        let listed = scenario["requests"].as_array().ok_or_else(|| {
            Difference::new("requests", "a list", stated(scenario.get("requests")))
        })?;
        let count = scenario["upload_requests"].as_u64().ok_or_else(|| {
            Difference::new("upload_requests", "a count", stated(scenario.get("upload_requests")))
        })?;
        let got = outcome.uploads.len() as u64;
        let varies = self.kind == StrategyKind::GoMcumgr
            && fault.misses_a_chunk()
            && got.abs_diff(count) == 1;
        if listed.len() as u64 > count {
            return Err(Difference::new("requests", format!("at most {count}"), listed.len()));
        }
        let first = outcome.uploads.first().map_or(0, seq);
        if varies {
            return same_but_for_one(listed, &outcome.uploads, first);
        }
        for (n, expected) in listed.iter().enumerate() {
            let place = format!("request {}", n + 1);
            let upload = outcome.uploads.get(n);
            let upload = upload.ok_or_else(|| Difference::new(&place, expected, "no request"))?;
            same_request(expected, upload, first).map_err(|d| d.within(&place))?;
        }
        same("upload_requests", count, got)
    }
}

/// The settings of a client; "as for udp" refers to what was said of the same client there.
fn settings(file: &Value, n: usize) -> &str {
    let text = |client: &'_ Value| client["settings"].as_str().map(str::len).is_some();
    let own = file["clients"][n]["settings"].as_str().unwrap_or_default();
    let Some(other) = own.strip_prefix("as for ") else { return own };
    let clients = file["clients"].as_array().map(Vec::as_slice).unwrap_or_default();
    clients
        .iter()
        .find(|client| {
            text(client)
                && client["client"] == file["clients"][n]["client"]
                && client["transport"].as_str().is_some_and(|name| name.starts_with(other))
        })
        .and_then(|client| client["settings"].as_str())
        .unwrap_or(own)
}

/// The client with its settings, on its transport.
fn setup(
    kind: StrategyKind,
    file: &Value,
    recorded: &Value,
    settings: &str,
) -> Result<Setup, Difference> {
    let about = file["what"].as_str().unwrap_or_default();
    let len = number_after(about, "n=").ok_or_else(|| {
        Difference::new("what", "the length of the image as n=OCTETS", stated(file.get("what")))
    })?;
    let mut setup = Setup::with(kind, image(len)?, len);
    let small = |word: &str| number_after(settings, word).and_then(|n| u16::try_from(n).ok());
    setup.config.auto_frame = settings.contains("auto frame size");
    let buf_size = number_after(settings, "buf_size");
    setup.params = buf_size.map(|buf_size| ParamsResponse { buf_size, buf_count: 4 });
    let transport = recorded["transport"].as_str().unwrap_or_default();
    match transport.split([' ', ':']).next() {
        Some("udp" | "udp4") => setup.udp(small("link mtu"))?,
        Some("serial") => setup.transport = Transport::Serial,
        Some("ble" | "none") => {
            let frame = number_after(settings, "MtuOut");
            let mtu =
                frame.map(|frame| frame.saturating_add(ATT)).or(number_after(settings, "att"));
            let mtu = mtu.and_then(|mtu| u16::try_from(mtu).ok());
            setup.att_mtu = mtu.ok_or_else(|| {
                Difference::new("settings", "MtuOut N or att N, up to 65535", settings)
            })?;
        }
        _ => {
            let known = "udp, ble, serial console or none";
            return Err(Difference::new("transport", known, &recorded["transport"]));
        }
    }
    if let Some(mtu) = small("mtu option") {
        setup.config.mtu_option = mtu;
    }
    Ok(setup)
}

fn same_end(scenario: &Value, end: End) -> Result<(), Difference> {
    let completed = scenario["result"].as_str() == Some("completed");
    let got = match end {
        End::Completed => "completed".to_owned(),
        End::Failed(error) => format!("error: {error}"),
        End::Stopped => format!("error: never ends (stopped after {BOUND} requests)"),
        End::Stuck => "error: waits for ever".to_owned(),
    };
    if completed != (end == End::Completed) {
        let expected =
            format!("{} {}", stated(scenario.get("result")), stated(scenario.get("error")));
        return Err(Difference::new("result", expected, got));
    }
    if completed {
        return Ok(());
    }
    let text = scenario["error"].as_str().or(scenario["result"].as_str()).unwrap_or_default();
    if class(text).includes(end) { Ok(()) } else { Err(Difference::new("error", text, got)) }
}

fn seq(upload: &Upload) -> u8 {
    Header::parse(&upload.frame).map_or(0, |header| header.seq)
}

/// Compares one request with the recorded one. Sequence numbers count from the first request.
fn same_request(expected: &Value, upload: &Upload, first: u8) -> Result<(), Difference> {
    same_chunk(expected, upload)?;
    let rel = seq(upload).wrapping_sub(first);
    same("seq_rel", stated(expected.get("seq_rel")), rel.to_string())?;
    let got = upload.response.as_ref().filter(|_| answered(upload)).map(response);
    let recorded = expected.get("rsp").cloned();
    same("rsp", stated(recorded.as_ref()), stated(got.as_ref()))?;
    same_note(expected["note"].as_str(), upload.fate)
}

/// A response that was lost is not shown; one that was late is.
fn answered(upload: &Upload) -> bool {
    !matches!(upload.fate, Fate::RequestLost | Fate::ResponseLost)
}

/// Compares offset, length and keys.
fn same_chunk(expected: &Value, upload: &Upload) -> Result<(), Difference> {
    let body = &upload.frame[HEADER_LEN..];
    let request = UploadRequest::decode(body, Dialect::default())
        .map_err(|e| Difference::new("request", "one that a server reads", e))?;
    let number = |n: Option<usize>| stated(n.map(Value::from).as_ref());
    let off = request.off.map(|off| off as usize);
    same("off", stated(expected.get("off")), number(off))?;
    let data = request.data.map(<[u8]>::len);
    same("data_len", stated(expected.get("data_len")), number(data))?;
    let keys = Value::from(keys(body).unwrap_or_default());
    same("keys", stated(expected.get("keys")), keys.to_string())
}

/// A response as files write it.
fn response(response: &UploadResponse) -> Value {
    let UploadResponse { rc, off, matched } = *response;
    let fields = [
        ("rc", rc.map(Value::from)),
        ("off", off.map(Value::from)),
        ("match", matched.map(Value::from)),
    ];
    fields.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
}

/// Compares the remark on a request with what happened to it. Wordings that are not known say only
/// that something happened.
fn same_note(note: Option<&str>, fate: Fate) -> Result<(), Difference> {
    let known = [
        ("request lost", Fate::RequestLost),
        ("response lost", Fate::ResponseLost),
        ("response delayed", Fate::Delayed),
        ("refused", Fate::Refused),
        ("forgot", Fate::StateLost),
        ("state", Fate::StateLost),
    ];
    let Some(note) = note else {
        // Restarts and codes can be seen by the response alone.
        let plain = matches!(fate, Fate::Served | Fate::StateLost | Fate::Scripted);
        return if plain {
            Ok(())
        } else {
            Err(Difference::new("note", "none", format!("{fate:?}")))
        };
    };
    let named = known.into_iter().find(|(part, _)| note.contains(part));
    let fits = named.map_or(fate != Fate::Served, |(_, named)| named == fate);
    if fits { Ok(()) } else { Err(Difference::new("note", note, format!("{fate:?}"))) }
}

/// Compares two orders of the same chunks, one of which has one more. Up to there all must agree;
/// behind it, offsets, lengths and keys.
fn same_but_for_one(listed: &[Value], uploads: &[Upload], first: u8) -> Result<(), Difference> {
    let none = |expected| Difference::new("request", expected, "no request");
    let whole = |n: usize| {
        let upload = uploads.get(n).ok_or_else(|| none(&listed[n]))?;
        same_request(&listed[n], upload, first)
    };
    let odd = (0..listed.len()).find_map(|n| Some((n, whole(n).err()?)));
    let Some((odd, difference)) = odd else { return Ok(()) };
    let behind = |more_listed: usize, more_sent: usize| {
        let pairs = listed.iter().skip(odd + more_listed).zip(odd + more_sent..);
        pairs.into_iter().all(|(expected, n)| {
            uploads.get(n).is_some_and(|upload| same_chunk(expected, upload).is_ok())
        })
    };
    if behind(0, 1) || behind(1, 0) {
        return Ok(());
    }
    let place = format!("request {}, from which one may be more or less", odd + 1);
    Err(difference.within(&place))
}

/// Whether an error of this class is what the client ended with.
impl Class {
    fn includes(self, end: End) -> bool {
        match (self, end) {
            // Words that say nothing more say at least that the client ended by itself.
            (Self::Endless, End::Stopped | End::Stuck) | (Self::Unknown, End::Failed(_)) => true,
            (class, End::Failed(error)) => class.allows(error),
            _ => false,
        }
    }
}
