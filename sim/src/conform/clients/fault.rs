//! What goes wrong between client and server, told by the name of a scenario.

use crate::conform::difference::Difference;
use sim_core::Span;

/// How late a late response is where the file does not tell.
const LATE: Span = Span::from_ms(600);

/// What happens to the n-th upload request, counted from 1, or to all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    /// It never reaches the server.
    DropRequest(u32),
    /// It is stored, and its response is lost.
    DropResponse(u32),
    /// The response to the last chunk is lost.
    DropLastResponse,
    /// Its response comes so much later.
    LateResponse(u32, Span),
    /// It is answered with the offset expected before it; its data are not stored.
    Refuse(u32),
    /// The server restarts before it, and knows of no upload any more.
    StateLost(u32),
    /// It is answered with this code and nothing else.
    Rc(i32, u32),
    /// So is every one.
    RcAlways(i32),
    /// The response that follows the last octet says that the digest differs.
    MatchFalse,
    /// Every response comes so long after its request; requests are served one at a time.
    Latency(Span),
    /// So many octets of the same image are stored beforehand.
    ResumeAt(u32),
}

impl Fault {
    /// The fault of this name; `about` is what the file says about it.
    pub(super) fn named(name: &str, about: &str) -> Result<Self, Difference> {
        Self::parse(name, about).ok_or_else(|| {
            let known = "ok, drop_request_N, drop_response_N, drop_last_response, late_response_N, \
                         refuse_N, state_lost_N, rcX_at_N, rcX_always, match_false, \
                         server_latency_Nms or resume_at_N, N from 1";
            Difference::new("scenario", known, name)
        })
    }

    /// Whether the server misses a chunk, or the client takes it so, and goes back to it.
    pub(super) const fn misses_a_chunk(self) -> bool {
        match self {
            Self::DropRequest(_)
            | Self::DropResponse(_)
            | Self::DropLastResponse
            | Self::LateResponse(..)
            | Self::Refuse(_)
            | Self::StateLost(_)
            | Self::Rc(..) => true,
            // With a code in every answer the upload is stopped after a fixed count of requests.
            Self::None
            | Self::RcAlways(_)
            | Self::MatchFalse
            | Self::Latency(_)
            | Self::ResumeAt(_) => false,
        }
    }

    fn parse(name: &str, about: &str) -> Option<Self> {
        let counted = |prefix: &str| -> Option<u32> {
            let n = name.strip_prefix(prefix)?.parse().ok()?;
            (n > 0).then_some(n)
        };
        match name {
            "ok" => return Some(Self::None),
            "drop_last_response" => return Some(Self::DropLastResponse),
            "match_false" => return Some(Self::MatchFalse),
            _ => {}
        }
        if let Some(code) = name.strip_prefix("rc") {
            return match code.split_once('_')? {
                (rc, "always") => Some(Self::RcAlways(rc.parse().ok()?)),
                (rc, at) => {
                    let n = at.strip_prefix("at_")?.parse().ok().filter(|&n| n > 0)?;
                    Some(Self::Rc(rc.parse().ok()?, n))
                }
            };
        }
        if let Some(ms) = name.strip_prefix("server_latency_") {
            let ms: u32 = ms.strip_suffix("ms")?.parse().ok()?;
            return Some(Self::Latency(Span::from_ms(ms.into())));
        }
        let late = || seconds_before(about, "late").unwrap_or(LATE);
        counted("drop_request_")
            .map(Self::DropRequest)
            .or_else(|| counted("drop_response_").map(Self::DropResponse))
            .or_else(|| counted("late_response_").map(|n| Self::LateResponse(n, late())))
            .or_else(|| counted("refuse_").map(Self::Refuse))
            .or_else(|| counted("state_lost_").map(Self::StateLost))
            .or_else(|| counted("resume_at_").map(Self::ResumeAt))
    }
}

/// The time in front of a word in running text: `0.6 s late`.
fn seconds_before(text: &str, word: &str) -> Option<Span> {
    let (before, _) = text.split_once(word)?;
    let (number, unit) = before.trim_end().rsplit_once(' ')?;
    let number = number.rsplit(' ').next()?;
    time(number, unit)
}

/// A time as text: a number, perhaps with a fraction, and `s` or `ms`.
pub(super) fn time(number: &str, unit: &str) -> Option<Span> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let unit_ns: u64 = match unit {
        "s" => 1_000_000_000,
        "ms" => 1_000_000,
        _ => return None,
    };
    if fraction.len() > 6 || !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let whole: u32 = whole.parse().ok()?;
    let parts: u64 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
    let fraction_ns = parts * unit_ns / 10u64.pow(fraction.len() as u32);
    Some(Span::from_ns(u64::from(whole) * unit_ns + fraction_ns))
}

#[cfg(test)]
mod tests {
    use super::{Fault, time};
    use sim_core::Span;

    fn parsed(name: &str) -> Option<Fault> {
        Fault::named(name, "third response arrives 0.7 s late").ok()
    }

    #[test]
    fn every_form_of_a_name_is_understood_at_any_number() {
        for (name, fault) in [
            ("ok", Fault::None),
            ("drop_request_1", Fault::DropRequest(1)),
            ("drop_response_12", Fault::DropResponse(12)),
            ("drop_last_response", Fault::DropLastResponse),
            ("late_response_3", Fault::LateResponse(3, Span::from_ms(700))),
            ("refuse_2", Fault::Refuse(2)),
            ("state_lost_3", Fault::StateLost(3)),
            ("rc10_at_3", Fault::Rc(10, 3)),
            ("rc3_always", Fault::RcAlways(3)),
            ("match_false", Fault::MatchFalse),
            ("server_latency_450ms", Fault::Latency(Span::from_ms(450))),
            ("resume_at_1500", Fault::ResumeAt(1500)),
        ] {
            assert_eq!(parsed(name), Some(fault), "{name}");
        }
    }

    #[test]
    fn other_names_are_refused() {
        for name in [
            "",
            "OK",
            "drop_request_",
            "drop_request_0",
            "drop_request_x",
            "drop_request_99999999999",
            "rc_at_3",
            "rcx_at_3",
            "rc2_at_",
            "rc2_at_0",
            "rc2_sometimes",
            "server_latency_5s",
            "resume_at_-1",
            "lose_everything",
        ] {
            assert_eq!(parsed(name), None, "{name}");
        }
    }

    #[test]
    fn a_late_response_is_late_by_what_the_file_says_or_by_a_default() {
        let default = Fault::named("late_response_3", "late").expect("a fault");
        assert_eq!(default, Fault::LateResponse(3, Span::from_ms(600)));
    }

    #[test]
    fn times_have_units_and_may_have_fractions() {
        assert_eq!(time("0.8", "s"), Some(Span::from_ms(800)));
        assert_eq!(time("200", "ms"), Some(Span::from_ms(200)));
        assert_eq!(time("0.25", "ms"), Some(Span::from_us(250)));
        for (number, unit) in [("x", "s"), ("1.", "m"), ("1.1234567", "s"), ("99999999999", "s")] {
            assert_eq!(time(number, unit), None, "{number} {unit}");
        }
    }
}
