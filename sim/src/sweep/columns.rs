//! The columns of a row: one table from which files are written, read and described.

use crate::report::RunDoc;
use crate::report::budget::Cause;
use crate::scenario::Scenario;
use crate::scenario::keys::{ERRORS, OUTCOMES};
use sim_core::Span;

/// A value of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown<'r> {
    /// A whole number.
    Count(u64),
    /// A whole number that may be negative.
    Signed(i64),
    /// A truth value.
    Truth(bool),
    /// A time, written in seconds.
    Time(Span),
    /// A word.
    Word(&'r str),
    /// Nothing.
    Nothing,
}

/// What a column holds, for files that have types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Whole numbers.
    Count,
    /// Whole numbers that may be negative.
    Signed,
    /// Truth values.
    Truth,
    /// Seconds, exact to the nanosecond.
    Time,
    /// Words.
    Word,
}

/// A column with a figure of a run.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name, which ends with its unit.
    pub name: &'static str,
    /// What it holds.
    pub shape: Shape,
    /// The figure of a run.
    pub show: for<'r> fn(&'r Figures) -> Shown<'r>,
    /// Reads the figure from what a file has; `None` when it cannot be one.
    pub(super) read: fn(&mut Figures, &str) -> Option<()>,
}

/// A type of a figure.
trait Figure: Sized {
    const SHAPE: Shape;
    fn show(&self) -> Shown<'_>;
    fn read(text: &str) -> Option<Self>;
}

impl Figure for u64 {
    const SHAPE: Shape = Shape::Count;

    fn show(&self) -> Shown<'_> {
        Shown::Count(*self)
    }

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Figure for Span {
    const SHAPE: Shape = Shape::Time;

    fn show(&self) -> Shown<'_> {
        Shown::Time(*self)
    }

    fn read(text: &str) -> Option<Self> {
        let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = fraction.len() <= 9 && fraction.bytes().all(|c| c.is_ascii_digit());
        let ns: u64 = format!("{fraction:0<9}").parse().ok().filter(|_| digits)?;
        let seconds: u64 = seconds.parse().ok()?;
        seconds.checked_mul(1_000_000_000)?.checked_add(ns).map(Self::from_ns)
    }
}

/// A word of a fixed list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome(pub &'static str);

impl Figure for Outcome {
    const SHAPE: Shape = Shape::Word;

    fn show(&self) -> Shown<'_> {
        Shown::Word(self.0)
    }

    fn read(text: &str) -> Option<Self> {
        OUTCOMES.iter().find(|word| **word == text).map(|word| Self(word))
    }
}

/// The name of an error, or none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ErrorName(pub Option<&'static str>);

impl Figure for ErrorName {
    const SHAPE: Shape = Shape::Word;

    fn show(&self) -> Shown<'_> {
        self.0.map_or(Shown::Nothing, Shown::Word)
    }

    fn read(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self(None));
        }
        ERRORS.iter().find(|word| **word == text).map(|word| Self(Some(word)))
    }
}

/// A text that may be missing.
impl Figure for Option<String> {
    const SHAPE: Shape = Shape::Word;

    fn show(&self) -> Shown<'_> {
        self.as_deref().map_or(Shown::Nothing, Shown::Word)
    }

    fn read(text: &str) -> Option<Self> {
        Some((!text.is_empty()).then(|| text.to_owned()))
    }
}

/// A number of 64 bits in 16 hex digits.
impl Figure for String {
    const SHAPE: Shape = Shape::Word;

    fn show(&self) -> Shown<'_> {
        Shown::Word(self)
    }

    fn read(text: &str) -> Option<Self> {
        let hex = text.len() == 16 && text.bytes().all(|c| c.is_ascii_hexdigit());
        hex.then(|| text.to_owned())
    }
}

macro_rules! figures {
    ($($(#[$doc:meta])+ $field:ident: $type:ty, $name:literal;)+) => {
        /// What a run came to.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct Figures {
            $($(#[$doc])+ pub $field: $type,)+
        }

        impl Figures {
            /// The columns in their order.
            pub const COLUMNS: &[Column] = &[$(Column {
                name: $name,
                shape: <$type as Figure>::SHAPE,
                show: |figures| figures.$field.show(),
                read: |figures, text| {
                    figures.$field = <$type as Figure>::read(text)?;
                    Some(())
                },
            },)+];
        }
    };
}

figures! {
    /// How the run ended.
    outcome: Outcome, "outcome";
    /// Why it failed.
    error: ErrorName, "error";
    /// From the start to the end.
    duration: Span, "duration_s";
    /// From the first upload request handed to the link to the last answer; 0 without upload.
    upload: Span, "upload_s";
    /// Wait for the answer to the first upload request.
    first_answer: Span, "first_answer_s";
    /// Image size by upload time, octets a second; 0 when the upload was not completed.
    goodput_bps: u64, "goodput_Bps";
    /// Size of the image, octets.
    image_octets: u64, "image_octets";
    /// Image octets sent again after they had been sent before.
    wasted_octets: u64, "wasted_octets";
    /// Packet buffers of the server, octets.
    ram_octets: u64, "ram_octets";
    /// Requests sent.
    requests: u64, "requests";
    /// Answers received in time.
    responses: u64, "responses";
    /// Upload requests for octets sent before.
    retries: u64, "retries";
    /// Requests without an answer in time.
    timeouts: u64, "timeouts";
    /// Most requests outstanding.
    window_max: u64, "window_max";
    /// Requests or answers dropped on the way.
    dropped: u64, "dropped";
    /// Connection events.
    link_events: u64, "link_events";
    /// Packets.
    link_packets: u64, "link_packets";
    /// Packets sent again.
    link_retransmissions: u64, "link_retransmissions";
    /// Packets not received with a valid CRC.
    link_lost_packets: u64, "link_lost_packets";
    /// ATT MTU.
    mtu: u64, "mtu";
    /// Connection interval at the end, microseconds.
    interval_us: u64, "interval_us";
    /// Page erases.
    flash_erases: u64, "flash_erases";
    /// Words written.
    flash_words: u64, "flash_words";
    /// Time of all flash operations.
    flash_busy: Span, "flash_busy_s";
    /// Erases of the page erased most.
    max_page_erases: u64, "max_page_erases";
    /// Swaps carried out.
    swaps: u64, "swaps";
    /// Time in the boot loader.
    swap_time: Span, "swap_s";
    /// Version booted last.
    booted: Option<String>, "booted";
    /// Time by cause.
    link_payload: Span, "budget_link_payload_s";
    /// Time by cause.
    link_overhead: Span, "budget_link_overhead_s";
    /// Time by cause.
    link_retransmit: Span, "budget_link_retransmit_s";
    /// Time by cause.
    link_wait: Span, "budget_link_wait_s";
    /// Time by cause.
    flash_erase: Span, "budget_flash_erase_s";
    /// Time by cause.
    flash_write: Span, "budget_flash_write_s";
    /// Time by cause.
    server: Span, "budget_server_s";
    /// Time by cause.
    client: Span, "budget_client_s";
    /// Time by cause.
    reconnect: Span, "budget_reconnect_s";
    /// Time by cause.
    boot_swap: Span, "budget_boot_swap_s";
    /// Digest of the trace.
    trace_digest: String, "trace_digest";
}

impl Figures {
    /// The figures of a run.
    pub(super) fn of(scenario: &Scenario, run: RunDoc) -> Self {
        let server = &scenario.server;
        let of = |cause| run.budget_s.of(cause);
        Self {
            outcome: Outcome(run.outcome),
            error: ErrorName(run.error.as_deref().and_then(error_name)),
            duration: run.duration_s,
            upload: run.upload_s,
            first_answer: run.first_answer_s,
            goodput_bps: run.goodput_bps,
            image_octets: run.image.size.into(),
            wasted_octets: run.smp.wasted_octets,
            ram_octets: u64::from(server.buf_count) * u64::from(server.buf_size),
            requests: run.smp.requests.into(),
            responses: run.smp.responses.into(),
            retries: run.smp.retries.into(),
            timeouts: run.smp.timeouts.into(),
            window_max: run.smp.window_max.into(),
            dropped: run.smp.dropped.into(),
            link_events: run.link.events.into(),
            link_packets: run.link.packets.into(),
            link_retransmissions: run.link.retransmissions.into(),
            link_lost_packets: run.link.lost_packets.into(),
            mtu: run.link.mtu.into(),
            interval_us: run.link.interval_us.into(),
            flash_erases: run.flash.erases.into(),
            flash_words: run.flash.words,
            flash_busy: run.flash.busy_s,
            max_page_erases: run.flash.max_page_erases.into(),
            swaps: run.boot.swaps.into(),
            swap_time: run.boot.swap_s,
            link_payload: of(Cause::LinkPayload),
            link_overhead: of(Cause::LinkOverhead),
            link_retransmit: of(Cause::LinkRetransmit),
            link_wait: of(Cause::LinkWait),
            flash_erase: of(Cause::FlashErase),
            flash_write: of(Cause::FlashWrite),
            server: of(Cause::Server),
            client: of(Cause::Client),
            reconnect: of(Cause::Reconnect),
            boot_swap: of(Cause::BootSwap),
            booted: run.boot.booted,
            trace_digest: run.trace_digest,
        }
    }

    /// Whether the upload was completed.
    pub fn uploaded(&self) -> bool {
        self.goodput_bps > 0
    }

    /// What went wrong: the error, or the outcome when it is not what was wanted.
    pub fn failure(&self) -> Option<&'static str> {
        match (self.outcome.0, self.error.0) {
            ("failed" | "reverted", Some(error)) => Some(error),
            (outcome @ ("failed" | "reverted"), None) => Some(outcome),
            _ => None,
        }
    }
}

fn error_name(name: &str) -> Option<&'static str> {
    ErrorName::read(name)?.0
}

#[cfg(test)]
mod tests {
    use super::{Figure, Figures, Shape};
    use sim_core::Span;

    #[test]
    fn times_come_back_to_the_nanosecond_and_nothing_else_is_one() {
        let span = Span::from_ns(64_986_123_456);
        assert_eq!(Span::read(&span.as_secs_f64().to_string()), Some(span));
        assert_eq!(Span::read("40"), Some(Span::from_s(40)));
        for text in ["", "1.", "-1", "1.0000000001", "1.5e3", "1.+5", "a", "18446744074"] {
            let read = Span::read(text);
            assert!(read.is_none() || text == "1.", "{text}: {read:?}");
        }
    }

    #[test]
    fn columns_have_names_of_their_own_that_tell_the_unit_of_times() {
        for (i, column) in Figures::COLUMNS.iter().enumerate() {
            assert!(Figures::COLUMNS[..i].iter().all(|c| c.name != column.name));
            assert_eq!(column.name.ends_with("_s"), column.shape == Shape::Time, "{}", column.name);
        }
    }
}
