//! A client's ways outside the upload: how it writes, in which order it does things, how long it
//! waits.

use sim_core::Span;
use smp_wire::cbor::MapForm;

/// A client's ways outside the upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Habits {
    /// Version bits of the header: 0 for SMP v1, 1 for SMP v2.
    pub version: u8,
    /// Form of the maps.
    pub map_form: MapForm,
    /// Where sequence numbers come from, and which request an answer belongs to.
    pub seq: SeqRule,
    /// Body of a command without parameters.
    pub empty_body: EmptyBody,
    /// How the server is asked for its buffers after each connection.
    pub params: AskParams,
    /// The boot loader's name and mode are asked for before the list, where the flow leaves that
    /// open.
    pub asks_boot_loader: bool,
    /// State writes have `confirm` before `hash`.
    pub confirm_first: bool,
    /// What is done before and after the upload.
    pub flow: Flow,
    /// The slot is erased by a command of its own before the upload.
    pub erases_first: bool,
    /// How a serial console is written to.
    pub serial: SerialWays,
    /// Octets of each of the buffers that the client copies the key `version` of the image list and
    /// its text into, each with a NUL behind it; 0 for buffers that are long enough.
    pub version_buf: u8,
    /// What happens to a frame longer than a write.
    pub oversize: Oversize,
    /// Who ends the connection at the reset.
    pub after_reset: AfterReset,
    /// The answer to the reset does not matter, only that the link goes down.
    pub ignores_reset_answer: bool,
    /// In mode upload only, a reset follows the upload.
    pub resets_after_upload_only: bool,
    /// How long answers are waited for.
    pub timeouts: Timeouts,
    /// What becomes of a command that is not answered in time.
    pub retry: Retry,
    /// Before the upload, echoes tell which frames arrive: as long as the server's buffer where it
    /// tells one, else as one write, and shorter ones when that is not answered.
    pub probes_frames: bool,
    /// After the reset the client does not wait for the estimated end of the swap: it listens for
    /// the device as soon as the link is down, or over UDP asks it again and again. Attempts that fail
    /// within the estimated time are not counted. Over a serial link it waits all the same.
    pub reconnects_at_once: bool,
    /// The client sets connection parameters: [`crate::Strategy::wants_params`] is asked.
    pub sets_params: bool,
    /// How often in an update what a lost link undid is done again on a new connection: a command
    /// without an answer, or a reset that did not arrive. 0: the update ends.
    pub redoes_commands: u8,
}

impl Default for Habits {
    /// SMP v2 with definite maps and counted sequence numbers; asks for nothing but the list
    /// before the upload, splits long frames, and waits 2.5 to 40 s.
    fn default() -> Self {
        Self {
            version: 1,
            map_form: MapForm::Definite,
            seq: SeqRule::Count,
            empty_body: EmptyBody::Map,
            params: AskParams::Never,
            asks_boot_loader: false,
            confirm_first: false,
            flow: Flow::Android,
            erases_first: false,
            serial: SerialWays { line: 127, pause: Span::ZERO },
            version_buf: 0,
            oversize: Oversize::Split,
            after_reset: AfterReset::Wait,
            ignores_reset_answer: false,
            resets_after_upload_only: false,
            timeouts: Timeouts {
                params: Some(Span::from_ms(2_500)),
                boot: Some(Span::from_ms(2_500)),
                list: Some(Span::from_s(5)),
                state: Some(Span::from_ms(2_500)),
                erase: Some(Span::from_s(40)),
                reset: Some(Span::from_ms(2_500)),
            },
            retry: Retry::NONE,
            probes_frames: false,
            reconnects_at_once: false,
            sets_params: false,
            redoes_commands: 0,
        }
    }
}

/// How the server is asked for its buffers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskParams {
    /// Not at all after a connection; a flow may ask once.
    Never,
    /// By this frame, which is hard-coded.
    Frame(&'static [u8]),
    /// By a command like any other.
    Command,
}

/// What becomes of a command other than an upload request that is not answered in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// How often it is sent at most; 0 counts as 1.
    pub tries: u8,
    /// After each attempt, also the last, the client does nothing for as long as it waited for the
    /// answer, but at most for this.
    pub pause_max: Span,
    /// Every attempt has the sequence number of the first.
    pub same_seq: bool,
}

impl Retry {
    /// It is sent once.
    pub const NONE: Self = Self { tries: 1, pause_max: Span::ZERO, same_seq: false };
}

/// Where sequence numbers come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeqRule {
    /// 0 to 255 and round, anew on each connection; an answer belongs to the request with its
    /// number.
    Count,
    /// The same, but 0 follows `last`.
    CountTo {
        /// The number after which 0 comes.
        last: u8,
    },
    /// Always 0; an answer belongs to the oldest request.
    Zero,
    /// Counted over all connections; an answer belongs to the request with its number.
    Process {
        /// The first number.
        first: u8,
        /// The number after which 0 comes, 255 or 254.
        last: u8,
    },
    /// Counted over all connections by each command group for itself, 0 after 255; an answer
    /// belongs to the request with its number.
    ByGroup {
        /// The first numbers of group 0, of group 1 and of all others.
        first: [u8; 3],
    },
}

/// Body of a command without parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmptyBody {
    /// An empty map.
    Map,
    /// No octet.
    Nothing,
}

/// What is done before and after the upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// The image list decides what there is to do, as in Nordic's library for Android.
    Android,
    /// The upload first; the list after it tells which image slot 1 holds.
    UploadFirst,
    /// Boot loader, list, upload, marks and reset as in Nordic's library for iOS.
    Ios,
    /// Upload, mark and reset by a command line tool; what is to be done after the reset, its user
    /// does by a further run.
    CommandLine,
    /// Boot loader, list, upload, mark and reset as `firmware_update` of mcumgr-toolkit does them;
    /// what is to be done after the reset, its user does.
    McumgrToolkit,
    /// As the Android library's, but nothing ends the update that can be done without.
    Proposed,
}

/// How a serial console is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SerialWays {
    /// Octets of the longest line, its end included.
    pub line: u16,
    /// Pause before every line of a frame but the first.
    pub pause: Span,
}

/// What happens to a frame longer than a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Oversize {
    /// It is sent in several writes, as long as the server's buffer holds it.
    Split,
    /// It is sent in several writes, whatever the server's buffer holds.
    SplitAnyway,
    /// It is an error.
    Refuse,
}

/// Who ends the connection at the reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterReset {
    /// The client waits until the link goes down: with Zephyr's server, the supervision timeout.
    Wait,
    /// The client disconnects when the reset is answered.
    Disconnect,
}

/// How long answers are waited for; `None` waits for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Parameters.
    pub params: Option<Span>,
    /// The boot loader's name and mode.
    pub boot: Option<Span>,
    /// Image list.
    pub list: Option<Span>,
    /// Test and confirm.
    pub state: Option<Span>,
    /// Erasing the settings.
    pub erase: Option<Span>,
    /// Reset.
    pub reset: Option<Span>,
}

impl Timeouts {
    /// The same time for every answer.
    pub const fn all(timeout: Option<Span>) -> Self {
        Self {
            params: timeout,
            boot: timeout,
            list: timeout,
            state: timeout,
            erase: timeout,
            reset: timeout,
        }
    }
}
