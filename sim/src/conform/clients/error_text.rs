//! The words in which other programs tell why they gave up, and the errors of the model that they
//! stand for.

use super::fields::number_after;
use client_model::ClientError;

/// What an error text says, whatever its wording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// No answer in time.
    Timeout,
    /// The server answered an error code; this one, if the text names it.
    Refused(Option<u32>),
    /// The server's offset is not what it should be.
    Offset,
    /// An answer belongs to another request.
    Sequence,
    /// The digest differs.
    Mismatch,
    /// The upload neither succeeds nor fails.
    Endless,
    /// Words that are not known: any error may be meant.
    Unknown,
}

/// What a text says.
pub(super) fn class(text: &str) -> Class {
    let text = text.to_lowercase();
    let has = |parts: &[&str]| parts.iter().any(|part| text.contains(part));
    // Texts may quote the request or the response, with its sequence number, its digest and its rc.
    if has(&ENDLESS) {
        Class::Endless
    } else if has(&["mismatch", "match=false", "not match"]) {
        Class::Mismatch
    } else if has(&SEQUENCE) {
        Class::Sequence
    } else if has(&TIMEOUT) {
        Class::Timeout
    } else if code(&text).is_some() || has(&REFUSED) {
        Class::Refused(code(&text))
    } else if has(&["offset"]) {
        Class::Offset
    } else if has(&["hash", "digest", "sha256", "checksum", "crc", "verif", "corrupt"]) {
        Class::Mismatch
    } else {
        Class::Unknown
    }
}

const ENDLESS: [&str; 7] =
    ["never ends", "stopped by the harness", "spins", "for ever", "forever", "endless", "hangs"];
const SEQUENCE: [&str; 5] =
    ["badsequence", "bad sequence", "wrong sequence", "unexpected sequence", "invalid sequence"];
const TIMEOUT: [&str; 9] = [
    "timeout",
    "time-out",
    "time out",
    "timed out",
    "timed-out",
    "timedout",
    "failed to receive",
    "no response",
    "no answer",
];
const REFUSED: [&str; 7] =
    ["no offset", "errorresponse", "returned error", "error code", "refused", "rejected", "denied"];

/// The error code that a text names: the number behind `rc`, as a word of its own, or behind
/// `error code`.
fn code(text: &str) -> Option<u32> {
    let behind_rc = text.match_indices("rc").find_map(|(at, rc)| {
        let inside = text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        number_after(&text[at..], rc).filter(|_| !inside)
    });
    behind_rc.or_else(|| number_after(text, "error code"))
}

impl Class {
    /// Whether the model's error is of this class and has the code that the text names. An answer
    /// that lacks the offset is an error by itself for a client that does not look at codes: that
    /// fits where the text names none either.
    pub(super) fn allows(self, error: ClientError) -> bool {
        match (self, error) {
            (Self::Refused(Some(code)), ClientError::UploadRejected { rc, .. }) => {
                i64::from(code) == i64::from(rc)
            }
            (Self::Refused(Some(_)), _) => false,
            (class, error) => class.names().contains(&error.name()),
        }
    }

    /// Names of the model's errors of this class.
    const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Timeout => &["timeout"],
            Self::Refused(_) => &["upload_rejected", "malformed_answer"],
            Self::Offset => &["not_acknowledged", "offset_out_of_range", "wrong_offset"],
            Self::Sequence => &["bad_sequence"],
            Self::Mismatch => &["match_failed"],
            Self::Endless | Self::Unknown => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Class, class};
    use client_model::{ClientError, Phase};

    #[test]
    fn wordings_of_recorded_clients_are_understood() {
        for (text, expected) in [
            ("TimeoutError: Timeout (0.8s) waiting for request", Class::Timeout),
            (
                "ExecuteError(ReceiveFailed(TransportError(Custom { kind: TimedOut, error: \"Operation timed out\" })))",
                Class::Timeout,
            ),
            ("Failed to receive UDP response", Class::Timeout),
            ("device returned error: rc=2", Class::Refused(Some(2))),
            ("ExecuteError(ErrorResponse(V1 { rc: 10, rsn: None }))", Class::Refused(Some(10))),
            ("SMPUploadError: No offset received", Class::Refused(None)),
            ("wrong offset received", Class::Offset),
            ("SMPBadSequence: expected 3, got 2", Class::Sequence),
            ("never ends (stopped by the harness after 200 requests)", Class::Endless),
            ("image hash does not match", Class::Mismatch),
            (
                "SMPUploadError: Upload failed, server reported mismatched SHA256: Response(header=Header(sequence=5), rc=None, off=4000, match=False)",
                Class::Mismatch,
            ),
            (
                "SMPUploadError: No offset received: response=Response(header=Header(sequence=3), rc=2, off=None)",
                Class::Refused(Some(2)),
            ),
            ("checksum error", Class::Mismatch),
            ("something else", Class::Unknown),
            ("Request Timed-Out", Class::Timeout),
            ("NO RESPONSE from the device", Class::Timeout),
            ("Upload rejected", Class::Refused(None)),
            ("Server returned Error Code: 7", Class::Refused(Some(7))),
            ("RC = 7", Class::Refused(Some(7))),
            ("Unexpected OFFSET", Class::Offset),
            ("wrong sequence number", Class::Sequence),
            ("SHA256 differs", Class::Mismatch),
            // The letters alone are no code.
            ("crc 5", Class::Mismatch),
            ("source 5", Class::Unknown),
        ] {
            assert_eq!(class(text), expected, "{text}");
        }
    }

    #[test]
    fn another_code_is_another_error() {
        let two = ClientError::UploadRejected { rc: 2, group: None };
        assert!(Class::Refused(Some(2)).allows(two));
        assert!(!Class::Refused(Some(3)).allows(two));
        assert!(Class::Refused(None).allows(two));
        assert!(!Class::Timeout.allows(two));
    }

    #[test]
    fn an_answer_without_offset_fits_only_a_text_without_code() {
        let malformed = ClientError::MalformedAnswer { phase: Phase::Upload };
        assert!(Class::Refused(None).allows(malformed));
        assert!(!Class::Refused(Some(2)).allows(malformed));
    }

    #[test]
    fn every_name_that_a_class_stands_for_is_one_of_the_model() {
        let classes = [Class::Timeout, Class::Refused(None), Class::Offset, Class::Mismatch];
        for name in classes.into_iter().flat_map(Class::names) {
            assert!(ClientError::NAMES.contains(name), "{name}");
        }
    }
}
