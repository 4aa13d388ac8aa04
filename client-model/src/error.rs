//! How an update ends, and every reason for which it can fail.

use crate::event::Phase;
use serde::{Deserialize, Serialize};
use smp_wire::errors::{ErrorBody, group_error_name, rc_name};
use std::fmt;
use thiserror::Error;

/// How an update ends, as the client sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The new image runs and stays.
    Confirmed,
    /// The new image runs until the next reset.
    Tested,
    /// The new image is in its slot.
    Uploaded,
    /// The new image was tried, or refused, by the boot loader, and the old one runs again.
    Reverted,
    /// The update was given up.
    Failed,
}

impl Outcome {
    /// The name in reports, snake case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Tested => "tested",
            Self::Uploaded => "uploaded",
            Self::Reverted => "reverted",
            Self::Failed => "failed",
        }
    }
}

/// The end of an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Finish {
    /// How it ended.
    pub outcome: Outcome,
    /// Why it did not end well; `None` exactly for the first three outcomes.
    pub error: Option<ClientError>,
}

/// Why an update failed.
///
/// The text begins with the name in snake case, which [`ClientError::name`] gives alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error, Serialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum ClientError {
    /// No attempt to connect succeeded.
    #[error("connect_timeout: not connected after {attempts} attempts")]
    ConnectTimeout {
        /// Attempts made.
        attempts: u8,
    },
    /// The link went down in the midst of something.
    #[error("link_lost: in phase {phase}, reason {reason:#04x}")]
    LinkLost {
        /// What was going on.
        phase: Phase,
        /// HCI error code (Core Specification Vol 1 Part F).
        reason: u8,
    },
    /// No answer in time.
    #[error("timeout: no answer in phase {phase}")]
    Timeout {
        /// What was waited for.
        phase: Phase,
    },
    /// The server refused something other than an upload request.
    #[error("rc: {} in phase {phase}", Named(*rc, *group))]
    Rc {
        /// What was refused.
        phase: Phase,
        /// The code.
        rc: i32,
        /// The group that the code belongs to, for SMP v2's `err`.
        #[serde(skip_serializing_if = "Option::is_none")]
        group: Option<u16>,
    },
    /// An answer is not what the command calls for.
    #[error("malformed_answer: in phase {phase}")]
    MalformedAnswer {
        /// Whose answer.
        phase: Phase,
    },
    /// The server refused an upload request.
    #[error("upload_rejected: {}", Named(*rc, *group))]
    UploadRejected {
        /// The code.
        rc: i32,
        /// The group that the code belongs to, for SMP v2's `err`.
        #[serde(skip_serializing_if = "Option::is_none")]
        group: Option<u16>,
    },
    /// A chunk failed too many times.
    #[error("not_acknowledged: the chunk at {off} failed {failures} times")]
    NotAcknowledged {
        /// Where the chunk begins.
        off: u32,
        /// How often it failed.
        failures: u8,
    },
    /// The server asks for data behind the end of the image.
    #[error("offset_out_of_range: the server expects {off} next")]
    OffsetOutOfRange {
        /// The offset in its answer.
        off: u32,
    },
    /// Not even an empty chunk fits a frame.
    #[error("chunk_does_not_fit: no data fits a frame of {limit} octets at offset {off}")]
    ChunkDoesNotFit {
        /// Octets of the longest frame.
        limit: u16,
        /// Where the chunk would begin.
        off: u32,
    },
    /// A frame is longer than the server's buffer, and was not sent (Android's
    /// `InsufficientMtuException`).
    #[error("insufficient_mtu: a frame of {frame} octets, at most {max_packet} are taken")]
    InsufficientMtu {
        /// Octets of the frame.
        frame: u32,
        /// Octets of the longest frame.
        max_packet: u16,
    },
    /// A frame is longer than the ATT MTU: -122 (`EMSGSIZE`) from nRF Connect SDK's
    /// `bt_dfu_smp_command`.
    #[error("emsgsize: error -122, a frame of {frame} octets is longer than the ATT MTU {att_mtu}")]
    Emsgsize {
        /// Octets of the frame.
        frame: u32,
        /// ATT MTU.
        att_mtu: u16,
    },
    /// A frame fits the ATT MTU but not a write, which has three octets less: -12 (`ENOMEM`) from
    /// Zephyr's `bt_gatt_write_without_response`.
    #[error(
        "enomem: error -12, a frame of {frame} octets is longer than a write at ATT MTU {att_mtu}, \
         {} octets", att_mtu.saturating_sub(3)
    )]
    Enomem {
        /// Octets of the frame.
        frame: u32,
        /// ATT MTU.
        att_mtu: u16,
    },
    /// The client's parser wants `rc` first, and the server left it out, as it may on success.
    #[error("parser_needs_rc: the answer does not begin with rc")]
    ParserNeedsRc,
    /// The server says that the uploaded octets have another SHA-256.
    #[error("match_failed: the server's digest of the upload differs")]
    MatchFailed,
    /// The image list lacks the new image.
    #[error("image_not_listed: in phase {phase}")]
    ImageNotListed {
        /// When it was looked for.
        phase: Phase,
    },
    /// The test was answered without an error, yet the image is not pending.
    #[error("test_no_effect: the image is not pending after the test")]
    TestNoEffect,
    /// The confirm was answered without an error, yet the image is neither permanent nor confirmed.
    #[error("confirm_no_effect: the image is neither permanent nor confirmed after the confirm")]
    ConfirmNoEffect,
    /// The target slot holds what may not be overwritten, also after resets.
    #[error("slot_in_use: the target slot cannot be written")]
    SlotInUse,
    /// The link stays up after the reset.
    #[error("no_disconnect: the device did not reset")]
    NoDisconnect,
    /// After the reset the old image runs, and the new one still waits or is gone.
    #[error(
        "image_not_active: the old image runs after the reset, the new one is listed: {listed}"
    )]
    ImageNotActive {
        /// Whether the list still shows the new image.
        listed: bool,
    },
    /// After the reset the old image runs, and the new one is no longer marked.
    #[error("reverted: the boot loader went back to the old image")]
    Reverted,
    /// The strategy neither sends nor waits nor ends: a mistake in the strategy.
    #[error("strategy_stalled: nothing outstanding and nothing to send")]
    StrategyStalled,
    /// The gateway's ring cannot take the rest of a chunk, nor can it let go of anything.
    #[error(
        "ring_too_small: a ring of {ring} octets, full, lacks octets of the chunk of {chunk} that \
         goes next"
    )]
    RingTooSmall {
        /// Octets of the ring.
        ring: u32,
        /// Octets of the chunk.
        chunk: u16,
    },
    /// The other end of a protocol that is not SMP reports an error.
    #[error("protocol_error: code {code} in phase {phase}")]
    ProtocolError {
        /// What was going on.
        phase: Phase,
        /// The code, as that protocol defines it.
        code: u32,
    },
    /// The client may have one command at a time under way, and the answer to an earlier one never
    /// came: -16 (`EBUSY`) from nRF Connect SDK's `bt_dfu_smp_command`.
    #[error(
        "ebusy: error -16, {attempts} commands in a row found that the answer to an earlier one is \
         outstanding"
    )]
    Ebusy {
        /// Commands that were not sent for it.
        attempts: u8,
    },
    /// The service demands more security than the link has, and refuses notifications.
    #[error(
        "insufficient_authentication: ATT error {code:#04x} for enabling notifications: the SMP service \
         demands a paired link; pair by passkey, or build the service open"
    )]
    InsufficientAuthentication {
        /// ATT error code (Core Specification Vol 3 Part F 3.4.1.1).
        code: u8,
    },
    /// A text of the image list overran a buffer on the client's stack; what follows on hardware is
    /// a reset or worse.
    #[error(
        "client_crashed: a text of {octets} octets and its NUL in the image list overrun a buffer of \
         {buffer} octets in the client"
    )]
    ClientCrashed {
        /// Octets of the text.
        octets: u16,
        /// Octets of the buffer.
        buffer: u8,
    },
    /// A frame came with another number than that of the request under way, and the client takes
    /// the next frame for the answer whatever it is (smpclient's `SMPBadSequence`).
    #[error("bad_sequence: a frame with sequence number {seq} answers no request under way")]
    BadSequence {
        /// The frame's number.
        seq: u8,
    },
    /// The server's answer leaves the offset where it was, which ends the upload (mcumgr-client's
    /// "wrong offset received").
    #[error("wrong_offset: the server still expects {off}")]
    WrongOffset {
        /// The offset in its answer.
        off: u32,
    },
    /// A client outside the simulation gave up.
    #[error("external: the client program gave up with code {code}")]
    External {
        /// The code that it gave.
        code: u32,
    },
}

/// A refusal's code with its name: `rc 3 (MGMT_ERR_EINVAL)`, `error 28 of group 1 (...)`.
struct Named(i32, Option<u16>);

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(rc, group) = *self;
        let Some(group) = group else { return write!(f, "rc {rc} ({})", rc_name(rc.into())) };
        let name = u16::try_from(rc).ok().and_then(|rc| group_error_name(group, rc));
        write!(f, "error {rc} of group {group} ({})", name.unwrap_or("unknown"))
    }
}

impl ClientError {
    /// Every name that [`Self::name`] can give.
    pub const NAMES: [&'static str; 30] = [
        "connect_timeout",
        "link_lost",
        "timeout",
        "rc",
        "malformed_answer",
        "upload_rejected",
        "not_acknowledged",
        "offset_out_of_range",
        "chunk_does_not_fit",
        "insufficient_mtu",
        "emsgsize",
        "enomem",
        "parser_needs_rc",
        "match_failed",
        "image_not_listed",
        "test_no_effect",
        "confirm_no_effect",
        "slot_in_use",
        "no_disconnect",
        "image_not_active",
        "reverted",
        "strategy_stalled",
        "ring_too_small",
        "protocol_error",
        "external",
        "bad_sequence",
        "wrong_offset",
        "ebusy",
        "insufficient_authentication",
        "client_crashed",
    ];

    /// The error of a command that the server refused with this body.
    pub fn refused(phase: Phase, error: ErrorBody) -> Self {
        let (rc, group) = match error {
            ErrorBody::Rc(rc) => (rc, None),
            ErrorBody::Group { group, rc } => (rc.into(), Some(group)),
        };
        match phase {
            Phase::Upload => Self::UploadRejected { rc, group },
            _ => Self::Rc { phase, rc, group },
        }
    }

    /// The name alone, snake case.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::ConnectTimeout { .. } => "connect_timeout",
            Self::LinkLost { .. } => "link_lost",
            Self::Timeout { .. } => "timeout",
            Self::Rc { .. } => "rc",
            Self::MalformedAnswer { .. } => "malformed_answer",
            Self::UploadRejected { .. } => "upload_rejected",
            Self::NotAcknowledged { .. } => "not_acknowledged",
            Self::OffsetOutOfRange { .. } => "offset_out_of_range",
            Self::ChunkDoesNotFit { .. } => "chunk_does_not_fit",
            Self::InsufficientMtu { .. } => "insufficient_mtu",
            Self::Emsgsize { .. } => "emsgsize",
            Self::Enomem { .. } => "enomem",
            Self::ParserNeedsRc => "parser_needs_rc",
            Self::MatchFailed => "match_failed",
            Self::ImageNotListed { .. } => "image_not_listed",
            Self::TestNoEffect => "test_no_effect",
            Self::ConfirmNoEffect => "confirm_no_effect",
            Self::SlotInUse => "slot_in_use",
            Self::NoDisconnect => "no_disconnect",
            Self::ImageNotActive { .. } => "image_not_active",
            Self::Reverted => "reverted",
            Self::StrategyStalled => "strategy_stalled",
            Self::RingTooSmall { .. } => "ring_too_small",
            Self::ProtocolError { .. } => "protocol_error",
            Self::Ebusy { .. } => "ebusy",
            Self::InsufficientAuthentication { .. } => "insufficient_authentication",
            Self::ClientCrashed { .. } => "client_crashed",
            Self::External { .. } => "external",
            Self::BadSequence { .. } => "bad_sequence",
            Self::WrongOffset { .. } => "wrong_offset",
        }
    }

    /// How an update with this error ends.
    pub(crate) const fn outcome(&self) -> Outcome {
        match self {
            Self::Reverted => Outcome::Reverted,
            _ => Outcome::Failed,
        }
    }

    /// Code and data in one word, for the trace digest; different errors give different words,
    /// and none gives 0.
    pub(crate) fn word(&self) -> u64 {
        let (code, phase, a, b) = self.parts();
        debug_assert!(b < 1 << 17, "the second number has 17 bits");
        (code as u64) << 56 | (phase as u64) << 49 | u64::from(b) << 32 | u64::from(a)
    }

    /// Code, phase, a number of 32 bits and one of 17.
    fn parts(&self) -> (u8, Phase, u32, u32) {
        let none = Phase::Connect;
        let of = |group: Option<u16>| group.map_or(0, |group| u32::from(group) + 1);
        match *self {
            Self::ConnectTimeout { attempts } => (1, none, attempts.into(), 0),
            Self::LinkLost { phase, reason } => (2, phase, reason.into(), 0),
            Self::Timeout { phase } => (3, phase, 0, 0),
            Self::Rc { phase, rc, group } => (4, phase, rc.cast_unsigned(), of(group)),
            Self::MalformedAnswer { phase } => (5, phase, 0, 0),
            Self::UploadRejected { rc, group } => (6, none, rc.cast_unsigned(), of(group)),
            Self::NotAcknowledged { off, failures } => (7, none, off, failures.into()),
            Self::OffsetOutOfRange { off } => (8, none, off, 0),
            Self::ChunkDoesNotFit { limit, off } => (9, none, off, limit.into()),
            Self::InsufficientMtu { frame, max_packet } => (10, none, frame, max_packet.into()),
            Self::Emsgsize { frame, att_mtu } => (11, none, frame, att_mtu.into()),
            Self::Enomem { frame, att_mtu } => (12, none, frame, att_mtu.into()),
            Self::ParserNeedsRc => (13, none, 0, 0),
            Self::MatchFailed => (14, none, 0, 0),
            Self::ImageNotListed { phase } => (15, phase, 0, 0),
            Self::TestNoEffect => (16, none, 0, 0),
            Self::ConfirmNoEffect => (17, none, 0, 0),
            Self::SlotInUse => (18, none, 0, 0),
            Self::NoDisconnect => (19, none, 0, 0),
            Self::ImageNotActive { listed } => (20, none, listed.into(), 0),
            Self::Reverted => (21, none, 0, 0),
            Self::StrategyStalled => (22, none, 0, 0),
            Self::RingTooSmall { ring, chunk } => (23, none, ring, chunk.into()),
            Self::ProtocolError { phase, code } => (24, phase, code, 0),
            Self::Ebusy { attempts } => (26, none, attempts.into(), 0),
            Self::InsufficientAuthentication { code } => (27, none, code.into(), 0),
            Self::ClientCrashed { octets, buffer } => (28, none, octets.into(), buffer.into()),
            Self::External { code } => (25, none, code, 0),
            Self::BadSequence { seq } => (29, none, seq.into(), 0),
            Self::WrongOffset { off } => (30, none, off, 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ClientError as E, ErrorBody, Phase};

    fn samples() -> Vec<E> {
        let phase = Phase::Confirm;
        vec![
            E::ConnectTimeout { attempts: 4 },
            E::LinkLost { phase, reason: 8 },
            E::Timeout { phase },
            E::Rc { phase, rc: -3, group: None },
            E::Rc { phase, rc: -3, group: Some(0) },
            E::MalformedAnswer { phase },
            E::UploadRejected { rc: 3, group: None },
            E::UploadRejected { rc: 3, group: Some(u16::MAX) },
            E::NotAcknowledged { off: u32::MAX, failures: 5 },
            E::OffsetOutOfRange { off: 7 },
            E::ChunkDoesNotFit { limit: 20, off: 0 },
            E::InsufficientMtu { frame: 65_543, max_packet: 244 },
            E::Emsgsize { frame: 458, att_mtu: 247 },
            E::Enomem { frame: 458, att_mtu: 460 },
            E::ParserNeedsRc,
            E::MatchFailed,
            E::ImageNotListed { phase },
            E::TestNoEffect,
            E::ConfirmNoEffect,
            E::SlotInUse,
            E::NoDisconnect,
            E::ImageNotActive { listed: true },
            E::ImageNotActive { listed: false },
            E::Reverted,
            E::StrategyStalled,
            E::RingTooSmall { ring: 300, chunk: 469 },
            E::Ebusy { attempts: 3 },
            E::InsufficientAuthentication { code: 5 },
            E::ClientCrashed { octets: 7, buffer: 5 },
            E::ProtocolError { phase, code: 3 },
            E::ProtocolError { phase: Phase::Upload, code: 3 },
            E::External { code: 3 },
            E::BadSequence { seq: 254 },
            E::WrongOffset { off: 7 },
        ]
    }

    #[test]
    fn every_error_has_one_name_in_text_and_in_json() {
        for error in samples() {
            assert!(E::NAMES.contains(&error.name()));
            let json = serde_json::to_value(error).unwrap();
            assert_eq!(json["name"], error.name());
            let text = error.to_string();
            assert!(text.starts_with(&format!("{}: ", error.name())), "{text}");
        }
    }

    #[test]
    fn different_errors_give_different_words_and_none_gives_zero() {
        let words: std::collections::BTreeSet<u64> = samples().iter().map(E::word).collect();
        assert_eq!(words.len(), samples().len());
        assert!(!words.contains(&0));
    }

    #[test]
    fn the_limits_stand_in_the_text() {
        let text = E::Emsgsize { frame: 458, att_mtu: 247 }.to_string();
        assert!(text.contains("-122") && text.contains("458") && text.contains("247"), "{text}");
        let text = E::Enomem { frame: 245, att_mtu: 247 }.to_string();
        assert!(text.contains("-12,") && text.contains("245") && text.contains("244"), "{text}");
    }

    #[test]
    fn both_error_forms_keep_their_numbers() {
        let refused = |phase, body| E::refused(phase, body);
        let group = ErrorBody::Group { group: 1, rc: 28 };
        assert_eq!(
            refused(Phase::Upload, ErrorBody::Rc(2)),
            E::UploadRejected { rc: 2, group: None }
        );
        assert_eq!(
            refused(Phase::Test, group),
            E::Rc { phase: Phase::Test, rc: 28, group: Some(1) }
        );
    }
}
