//! Frames against frames: octet by octet, or by structure where a value is the device's own.

use super::exchange::frames_of;
use super::step::Expected;
use crate::conform::difference::Difference;
use crate::frame::parse_hex;
use crate::report::hex;
use ciborium::Value;
use smp_wire::group;
use smp_wire::header::{HEADER_LEN, Header};

/// How exactly answers are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exactness {
    /// Every octet.
    Octets,
    /// Every octet, but for numbers that depend on the moment: stack use and number of a thread,
    /// counters of time.
    ButForMoments,
    /// Keys, their order, and types.
    Structure,
}

/// Compares the frames that came back with those that must, in one recording or the other.
pub(super) fn answers(
    expected: &Expected,
    got: &[Vec<u8>],
    exactness: Exactness,
) -> Result<(), Difference> {
    let first = answers_of_one(expected, got, exactness);
    match expected.second_run() {
        Some(second) if first.is_err() && expected.varies() => {
            answers_of_one(&second, got, exactness).or(first)
        }
        _ => first,
    }
}

fn answers_of_one(
    expected: &Expected,
    got: &[Vec<u8>],
    exactness: Exactness,
) -> Result<(), Difference> {
    let (ordered, mut late) = (expected.responses(), expected.late_responses().to_vec());
    let got: Vec<String> = got.iter().map(|frame| hex(frame)).collect();
    let (first, rest) = got.split_at(ordered.len().min(got.len()));
    let agree = first.len() == ordered.len()
        && first.iter().zip(&ordered).all(|(got, expected)| frame(expected, got, exactness));
    let mut behind = rest.to_vec();
    behind.sort();
    late.sort();
    if agree && behind == late {
        return Ok(());
    }
    let all: Vec<String> = ordered.into_iter().map(str::to_owned).chain(late).collect();
    Err(Difference::new("answer", list(&all), list(&got)))
}

/// Compares the octets that came back on a serial line with those that must.
pub(super) fn octets_on_the_line(
    expected: &Expected,
    got: &[u8],
    exactness: Exactness,
) -> Result<(), Difference> {
    let text = expected.serial_out.clone().unwrap_or_default();
    let got_text = hex(got);
    let whole = |octets: &[u8]| frames_of(octets).iter().map(|frame| hex(frame)).collect();
    let frames: Vec<String> = parse_hex(&text).map(|octets| whole(&octets)).unwrap_or_default();
    let got_frames: Vec<String> = whole(got);
    // The same frames in other lines are no such numbers.
    let alike = exactness != Exactness::Octets
        && frames != got_frames
        && frames.len() == got_frames.len()
        && frames.iter().zip(&got_frames).all(|(e, g)| frame(e, g, exactness));
    if alike || text.eq_ignore_ascii_case(&got_text) {
        return Ok(());
    }
    let lines = |text: String| if text.is_empty() { list(&[]) } else { text };
    Err(Difference::new("serial_out", lines(text), lines(got_text)))
}

fn list(frames: &[String]) -> String {
    if frames.is_empty() { "no answer".to_owned() } else { frames.join(" + ") }
}

fn frame(expected: &str, got: &str, exactness: Exactness) -> bool {
    if expected.eq_ignore_ascii_case(got) {
        return true;
    }
    if exactness == Exactness::Octets {
        return false;
    }
    let octets = |text: &str| parse_hex(text).ok();
    let (Some(expected), Some(got)) = (octets(expected), octets(got)) else { return false };
    let (Ok(a), Ok(b)) = (Header::parse(&expected), Header::parse(&got)) else { return false };
    let loose = match exactness {
        Exactness::Structure => Loose::All,
        _ => match (a.group, a.id) {
            (group::OS, group::os::TASK_STATS) => Loose::Keys(&["stkuse", "tid"]),
            (group::STAT, 0) => Loose::Keys(&["ticks"]),
            _ => return false,
        },
    };
    let body = |frame: &[u8]| ciborium::from_reader::<Value, _>(&frame[HEADER_LEN..]).ok();
    let (Some(expected), Some(got)) = (body(&expected), body(&got)) else { return false };
    Header { len: 0, ..a } == Header { len: 0, ..b } && alike(&expected, &got, loose, false)
}

/// Whose values count for nothing but their type.
#[derive(Clone, Copy)]
enum Loose {
    All,
    Keys(&'static [&'static str]),
}

fn alike(a: &Value, b: &Value, loose: Loose, value_is_loose: bool) -> bool {
    match (a, b) {
        (Value::Map(a), Value::Map(b)) => {
            a.len() == b.len()
                && a.iter().zip(b).all(|((key, a), (other, b))| {
                    let named = |keys: &[&str]| key.as_text().is_some_and(|k| keys.contains(&k));
                    let free = match loose {
                        Loose::All => true,
                        Loose::Keys(keys) => named(keys),
                    };
                    key == other && alike(a, b, loose, free)
                })
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| alike(a, b, loose, value_is_loose))
        }
        _ if value_is_loose => std::mem::discriminant(a) == std::mem::discriminant(b),
        _ => a == b,
    }
}
