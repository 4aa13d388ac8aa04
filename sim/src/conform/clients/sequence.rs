//! The requests of an undisturbed upload, one case after another: offsets, lengths, what goes over
//! the wire, and the first two frames octet by octet.

use super::fault::Fault;
use super::fields::stated;
use super::frame_hex::{Elided, keys};
use super::run::{Conditions, End, Outcome, Upload, run};
use super::setup::Setup;
use crate::conform::difference::{Difference, same};
use client_model::StrategyKind;
use serde_json::Value;
use smp_wire::cbor::Dialect;
use smp_wire::header::{HEADER_LEN, Header};
use smp_wire::image::UploadRequest;

/// Requests beyond those that a case counts, before the run is stopped.
const SURPLUS: usize = 8;
/// The keys of an upload request.
const KEYS: [&str; 6] = ["image", "len", "off", "sha", "data", "upgrade"];
/// No upload has more requests.
const MOST: usize = 300_000;

/// One request, as far as cases tell.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sent {
    off: u64,
    data_len: u64,
    frame_len: u64,
    /// Octets of writes, and how many of that length follow each other.
    wire: Vec<(u64, u64)>,
}

/// Carries out a case.
pub(super) fn check(kind: StrategyKind, file: &Value, case: &Value) -> Result<(), Difference> {
    let setup = Setup::of_case(kind, file, case)?;
    let requests = &case["requests"];
    let total = number(requests, "total_frames")?;
    let conditions = Conditions {
        fault: Fault::None,
        timeouts: None,
        bound: usize::try_from(total).unwrap_or(MOST).saturating_add(SURPLUS).min(MOST),
        // The sample's parser wants it, and the others do not mind.
        carries_rc: kind == StrategyKind::NcsCentralSample,
        tells_match: true,
    };
    let outcome = run(&setup, conditions)?;
    // Where the server refuses the first chunk, a file tells only what was sent until then.
    let whole = number(requests, "total_data_bytes")? >= u64::from(setup.announced);
    if whole && !matches!(outcome.end, End::Completed | End::Stopped) {
        return Err(Difference::new("end", "a completed upload", format!("{:?}", outcome.end)));
    }
    let uploads = outcome.uploads.iter().map(sent).collect::<Result<Vec<_>, _>>()?;
    frames(kind, file, case, &outcome)?;
    same_runs(requests, &uploads)?;
    last_is_real(requests, &outcome)?;
    let sum = |of: fn(&Sent) -> u64| uploads.iter().map(of).sum::<u64>();
    same("total_frames", total, uploads.len() as u64)?;
    for (key, got) in [
        ("total_frame_bytes", sum(|sent| sent.frame_len)),
        ("total_data_bytes", sum(|sent| sent.data_len)),
    ] {
        same(key, number(requests, key)?, got)?;
    }
    Ok(())
}

fn number(object: &Value, key: &str) -> Result<u64, Difference> {
    object[key]
        .as_u64()
        .ok_or_else(|| Difference::new(key, "a whole number", stated(object.get(key))))
}

fn decoded(upload: &Upload) -> Result<UploadRequest<'_>, Difference> {
    UploadRequest::decode(&upload.frame[HEADER_LEN..], Dialect::default())
        .map_err(|e| Difference::new("request", "one that a server reads", e))
}

fn sent(upload: &Upload) -> Result<Sent, Difference> {
    let request = decoded(upload)?;
    let mut wire: Vec<(u64, u64)> = Vec::new();
    for &len in &upload.wire {
        match wire.last_mut() {
            Some((last, count)) if *last == len as u64 => *count += 1,
            _ => wire.push((len as u64, 1)),
        }
    }
    Ok(Sent {
        off: request.off.unwrap_or_default().into(),
        data_len: request.data.unwrap_or_default().len() as u64,
        frame_len: upload.frame.len() as u64,
        wire,
    })
}

/// Compares the first requests one by one, the others run by run.
fn same_runs(requests: &Value, uploads: &[Sent]) -> Result<(), Difference> {
    let list = |key: &str| {
        requests[key]
            .as_array()
            .ok_or_else(|| Difference::new(key, "a list", stated(requests.get(key))))
    };
    let mut rest = uploads.iter().enumerate();
    for first in list("first")? {
        same_request(first, 0, rest.next())?;
    }
    for run in list("runs")? {
        let count = number(run, "count")?;
        for n in 0..count {
            same_request(run, n, rest.next())?;
        }
    }
    match rest.next() {
        None => Ok(()),
        Some((n, sent)) => Err(Difference::new(&place(n), "no further request", text(sent))),
    }
}

fn place(n: usize) -> String {
    format!("request {}", n + 1)
}

/// Compares with the n-th request of a run.
fn same_request(run: &Value, n: u64, got: Option<(usize, &Sent)>) -> Result<(), Difference> {
    let data_len = number(run, "data_len")?;
    let off = number(run, "off")?.saturating_add(n.saturating_mul(data_len));
    let frame_len = number(run, "frame_len")?;
    let Some((place_of, sent)) = got else {
        return Err(Difference::new("requests", format!("one at offset {off}"), "no more"));
    };
    let wire = match run.get("wire") {
        None => sent.wire.clone(),
        Some(wire) => {
            pairs(wire).ok_or_else(|| Difference::new("wire", "a list of [octets, count]", wire))?
        }
    };
    let expected = Sent { off, data_len, frame_len, wire };
    same(&place(place_of), text(&expected), text(sent))
}

fn pairs(wire: &Value) -> Option<Vec<(u64, u64)>> {
    wire.as_array()?
        .iter()
        .map(|pair| match pair.as_array()?.as_slice() {
            [len, count] => Some((len.as_u64()?, count.as_u64()?)),
            _ => None,
        })
        .collect()
}

fn text(sent: &Sent) -> String {
    let Sent { off, data_len, frame_len, wire } = sent;
    format!("off {off}, data {data_len}, frame {frame_len}, wire {wire:?}")
}

/// A last chunk may be filled up with octets that are not of the image.
fn last_is_real(requests: &Value, outcome: &Outcome) -> Result<(), Difference> {
    let run = requests["runs"].as_array().and_then(|runs| runs.last());
    let Some(real) = run.and_then(|run| run.get("real_data")) else { return Ok(()) };
    let (Some(first), Some(last)) = (outcome.uploads.first(), outcome.uploads.last()) else {
        return Err(Difference::new("real_data", real, "no request"));
    };
    let (len, last) = (decoded(first)?.len.unwrap_or_default(), decoded(last)?);
    let left = len.saturating_sub(last.off.unwrap_or_default());
    let got = u64::from(left).min(last.data.unwrap_or_default().len() as u64);
    same("real_data", real, &Value::from(got))
}

/// Compares what a file says of all frames, and the first two of a case.
fn frames(
    kind: StrategyKind,
    file: &Value,
    case: &Value,
    outcome: &Outcome,
) -> Result<(), Difference> {
    let uploads = &outcome.uploads;
    key_orders(file, uploads)?;
    for upload in uploads {
        headers(file, upload)?;
    }
    let mut expected = Vec::new();
    let mut got = Vec::new();
    for (n, key) in [(0, "first_frame_hex"), (1, "second_frame_hex")] {
        let Some(text) = case.get(key).filter(|text| !text.is_null()) else { continue };
        let elided = text.as_str().and_then(Elided::parse);
        let elided = elided.ok_or_else(|| Difference::new(key, "HEX..data[N]..HEX", text))?;
        let ours = uploads.get(n).and_then(|upload| Elided::of(&upload.frame));
        let ours = ours.ok_or_else(|| Difference::new(key, text, "no such request"))?;
        expected.push((key, elided));
        got.push(ours);
    }
    let numbers = Numbers::of(file, &case["inputs"]["transport"], &expected, &got);
    for ((key, expected), got) in expected.iter().zip(got) {
        let got = numbers.applied(&got);
        if kind == StrategyKind::Ios {
            expected.same_content(&got, key)?;
        } else {
            expected.same_octets(&got, key)?;
        }
    }
    Ok(())
}

/// Compares the keys of the first two frames with `key_order_first` and `key_order_later`, which
/// list the keys of a frame, and with `key_order`, from which a frame may leave keys out.
fn key_orders(file: &Value, uploads: &[Upload]) -> Result<(), Difference> {
    for (n, name, all) in [
        (0, "key_order_first", true),
        (1, "key_order_later", true),
        (0, "key_order", false),
        (1, "key_order", false),
    ] {
        let Some((mut order, upload)) = listed_keys(&file[name]).zip(uploads.get(n)) else {
            continue;
        };
        let keys = keys(&upload.frame[HEADER_LEN..]).unwrap_or_default();
        order.retain(|key| all || keys.contains(key));
        same(name, order.join(" "), keys.join(" "))?;
    }
    Ok(())
}

/// Keys as a file lists them; what stands behind a key in brackets is no part of it. In a text they
/// are the keys that its first clause names; one that only tells how the order comes about has none.
fn listed_keys(order: &Value) -> Option<Vec<String>> {
    if let Some(text) = order.as_str() {
        let clause = text.split([';', ':']).next().unwrap_or_default();
        let words = clause.split(|c: char| !c.is_ascii_alphanumeric());
        let keys: Vec<_> = words.filter(|word| KEYS.contains(word)).map(str::to_owned).collect();
        return Some(keys).filter(|keys| keys.len() > 1);
    }
    let key = |key: &Value| {
        let key = key.as_str().unwrap_or_default();
        key.split('(').next().unwrap_or_default().to_owned()
    };
    Some(order.as_array()?.iter().map(key).collect())
}

/// Version, form of the map and a fixed sequence number, where a file states one for all frames.
fn headers(file: &Value, upload: &Upload) -> Result<(), Difference> {
    let header =
        Header::parse(&upload.frame).map_err(|e| Difference::new("request", "a frame", e))?;
    if let Some(version) = file["smp_version"].as_u64() {
        same("smp_version", version, u64::from(header.version))?;
    }
    if let Some(form) = file["map"].as_str() {
        let indefinite = upload.frame.get(HEADER_LEN) == Some(&0xbf);
        let got = if indefinite { "indefinite" } else { "definite" };
        if !form.starts_with(got) {
            return Err(Difference::new("map", form, got));
        }
    }
    if file["sequence"].as_str() == Some("always 0") {
        same("sequence number", 0, header.seq)?;
    }
    Ok(())
}

/// How the sequence numbers of frames are compared.
enum Numbers {
    /// As they are.
    Exact,
    /// Not at all: the file shows 0 for each.
    Hidden,
    /// Counted from a first one that a client draws; the difference to add.
    Drawn(u8),
}

impl Numbers {
    /// Computed files show 0 for numbers; in recorded ones a client may have drawn its first.
    fn of(file: &Value, transport: &Value, expected: &[(&str, Elided)], got: &[Elided]) -> Self {
        if file["kind"] == "computed" {
            return Self::Hidden;
        }
        let text = file["sequence"].as_str().unwrap_or_default();
        let transport = transport.as_str().unwrap_or_default();
        let own = |clause: &&str| {
            let named = clause.split(':').next().unwrap_or_default().trim().to_lowercase();
            clause.contains(':') && transport.starts_with(&named)
        };
        let rule = text.split(';').find(own).unwrap_or(text);
        match (expected.first(), got.first()) {
            (Some((_, expected)), Some(got)) if rule.contains("random") => {
                Self::Drawn(expected.seq().wrapping_sub(got.seq()))
            }
            _ => Self::Exact,
        }
    }

    fn applied(&self, frame: &Elided) -> Elided {
        let frame = frame.clone();
        match self {
            Self::Exact => frame,
            Self::Hidden => frame.with_seq(0),
            Self::Drawn(add) => {
                let seq = frame.seq().wrapping_add(*add);
                frame.with_seq(seq)
            }
        }
    }
}
