//! The JSON document of a run.

use super::budget::{Budget, Cause};
use super::counts::Counts;
use super::gateway::GatewayDoc;
use crate::fleet::FleetDoc;
use crate::image_file::ImageFile;
use crate::scenario::transport_name;
use crate::world::{Device, End, Prepared};
use core::fmt::Write;
use flash_model::SwapType;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use sim_core::{Span, Time};

/// `smpsim.run/1`. Seconds are exact to the nanosecond; digests are hex.
#[derive(Clone, Debug, Serialize)]
pub struct RunDoc {
    /// `smpsim.run/1`.
    pub schema: &'static str,
    /// Scenario name.
    pub scenario: String,
    /// Seed.
    pub seed: u64,
    /// `confirmed`, `tested`, `uploaded`, `reverted` or `failed`.
    pub outcome: &'static str,
    /// Name of the error, or null.
    pub error: Option<String>,
    /// The error in words, with its numbers, or null.
    pub error_text: Option<String>,
    /// The image.
    pub image: ImageDoc,
    /// The images that were to be installed with it.
    pub more_images: Vec<ImageDoc>,
    /// Virtual time from the start to the end.
    #[serde(serialize_with = "seconds")]
    pub duration_s: Span,
    /// First upload request handed to the link until last upload answer received; 0 without upload.
    #[serde(serialize_with = "seconds")]
    pub upload_s: Span,
    /// Wait for the answer to the first upload request; 0 without upload.
    #[serde(serialize_with = "seconds")]
    pub first_answer_s: Span,
    /// Image size divided by `upload_s`, octets a second; 0 when the upload was not completed.
    #[serde(rename = "goodput_Bps")]
    pub goodput_bps: u64,
    /// The ten causes.
    #[serde(serialize_with = "budget")]
    pub budget_s: Budget,
    /// The ten causes within the upload.
    #[serde(serialize_with = "budget")]
    pub upload_budget_s: Budget,
    /// SMP counts.
    pub smp: SmpDoc,
    /// Link counts.
    pub link: LinkDoc,
    /// Flash counts.
    pub flash: FlashDoc,
    /// Boots.
    pub boot: BootDoc,
    /// What a gateway's host did to the upload, or null without one.
    pub gateway: Option<GatewayDoc>,
    /// All devices of a fleet, or null for a device alone.
    pub fleet: Option<FleetDoc>,
    /// What became of the options of `--kconfig`, or null.
    pub kconfig: Option<crate::kconfig::Report>,
    /// Digest of the trace, 16 hex digits.
    pub trace_digest: String,
    /// Wall time of the run; the only figure that differs from run to run.
    pub wall_s: f64,
}

/// The image that was to be installed.
#[derive(Clone, Debug, Serialize)]
pub struct ImageDoc {
    /// Octets of the file.
    pub size: u32,
    /// SHA-256 of the file.
    pub sha256: String,
    /// SHA-256 TLV, as the image list shows it.
    pub tlv_sha256: String,
    /// Version in the header; empty when the file is no image.
    pub version: String,
}

/// SMP counts.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SmpDoc {
    /// Requests sent.
    pub requests: u32,
    /// Answers received in time.
    pub responses: u32,
    /// Upload requests for octets sent before.
    pub retries: u32,
    /// Image octets in upload requests that had been sent before.
    pub wasted_octets: u64,
    /// Requests without an answer in time.
    pub timeouts: u32,
    /// Most requests outstanding.
    pub window_max: u32,
    /// Requests, or answers, that were dropped on the way; their clients wait in vain.
    pub dropped: u32,
}

/// Link counts.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LinkDoc {
    /// What carried the frames: `ble`, `udp` or `serial`.
    pub kind: &'static str,
    /// Connection events.
    pub events: u32,
    /// Packets; or datagrams, or lines, of both directions.
    pub packets: u32,
    /// Packets sent again.
    pub retransmissions: u32,
    /// Packets not received with a valid CRC; or datagrams lost; or lines damaged.
    pub lost_packets: u32,
    /// Datagrams that were held back, so that later ones could overtake them.
    pub held_back: u32,
    /// Datagrams that arrived twice.
    pub doubled: u32,
    /// ATT MTU; or octets of the longest IP packet; 0 for a serial line.
    pub mtu: u16,
    /// Connection interval at the end.
    pub interval_us: u32,
}

/// Flash counts.
#[derive(Clone, Debug, Serialize)]
pub struct FlashDoc {
    /// Page erases.
    pub erases: u32,
    /// Write calls.
    pub writes: u32,
    /// Words written.
    pub words: u64,
    /// Time of all operations.
    #[serde(serialize_with = "seconds")]
    pub busy_s: Span,
    /// Erases of the page erased most.
    pub max_page_erases: u32,
    /// Writes of the line written most, where no erase is needed.
    pub max_line_writes: u32,
    /// Pages or lines used more often than they endure.
    pub worn_out: u32,
    /// Windows that the radio left and that were worked in.
    pub windows: u32,
    /// Those among them that the radio had refused at first.
    pub forced_windows: u32,
    /// Requests for time that the radio refused.
    pub refusals: u32,
    /// Calls that found no time within their limit.
    pub timeouts: u32,
}

/// Boots.
#[derive(Clone, Debug, Serialize)]
pub struct BootDoc {
    /// Swaps carried out.
    pub swaps: u32,
    /// Time in the boot loader.
    #[serde(serialize_with = "seconds")]
    pub swap_s: Span,
    /// Version that was booted last; null without a boot or with nothing bootable.
    pub booted: Option<String>,
    /// Type of the last swap: `none`, `test`, `perm`, `revert`; null without a boot.
    pub swap_type: Option<&'static str>,
}

impl ImageDoc {
    fn of(image: &ImageFile) -> Self {
        Self {
            size: image.len(),
            sha256: hex(&image.sha256()),
            tlv_sha256: hex(&image.tlv_sha256()),
            version: image.info().map(|i| i.header.version.to_string()).unwrap_or_default(),
        }
    }
}

pub(super) fn build(
    prepared: &Prepared,
    seed: u64,
    end: End,
    now: Time,
    device: &Device,
    counts: &Counts,
    digest: u64,
) -> RunDoc {
    let image = prepared.image();
    let (outcome, error, error_text) = describe(end, now, counts);
    let upload = counts.upload.filter(|u| u.end > u.start);
    let upload_s = upload.map_or(Span::ZERO, |u| u.end.since(u.start));
    let flash = device.flash().counters();
    let windows = device.flash().window_counters();
    RunDoc {
        schema: "smpsim.run/1",
        scenario: prepared.scenario().settings.name.clone(),
        seed,
        outcome,
        error,
        error_text,
        image: ImageDoc::of(image),
        more_images: prepared.more_images().map(|(_, image)| ImageDoc::of(image)).collect(),
        duration_s: now.since(Time::ZERO),
        upload_s,
        first_answer_s: counts.first_answer.map_or(Span::ZERO, |first| first.took),
        goodput_bps: if counts.earlier_images + counts.upload_off == prepared.octets() {
            goodput(prepared.octets(), upload_s)
        } else {
            0
        },
        budget_s: counts.budget.until(now),
        upload_budget_s: upload.map(|u| u.budget_after.since(&u.budget_before)).unwrap_or_default(),
        smp: counts.smp.clone(),
        link: LinkDoc {
            kind: transport_name(prepared.scenario().transport()),
            ..counts.link.clone()
        },
        flash: FlashDoc {
            erases: flash.erases,
            writes: flash.writes,
            words: flash.words,
            busy_s: flash.busy,
            max_page_erases: flash.max_page_erases,
            max_line_writes: flash.max_line_writes,
            worn_out: flash.worn_out,
            windows: windows.windows,
            forced_windows: windows.forced,
            refusals: windows.refusals,
            timeouts: windows.timeouts,
        },
        boot: BootDoc {
            swaps: counts.boots.iter().filter(|b| b.swap != SwapType::None && !b.cut).count()
                as u32,
            swap_s: counts.boots.iter().fold(Span::ZERO, |sum, boot| sum + boot.took),
            booted: counts
                .boots
                .last()
                .and_then(|boot| boot.booted.map(|version| version.to_string())),
            swap_type: counts.boots.last().map(|boot| boot.swap.name()),
        },
        gateway: prepared.scenario().host.as_ref().map(|_| counts.gateway.document(image.len())),
        fleet: None,
        kconfig: None,
        trace_digest: format!("{digest:016x}"),
        wall_s: 0.0,
    }
}

/// Longer than any answer takes that is still to come.
const SILENCE: Span = Span::from_s(60);

fn describe(
    end: End,
    now: Time,
    counts: &Counts,
) -> (&'static str, Option<String>, Option<String>) {
    match end {
        End::Finished(finish) => (
            finish.outcome.name(),
            finish.error.map(|error| error.name().to_owned()),
            finish.error.map(|error| error.to_string()),
        ),
        End::TimeLimit => {
            let mut text = "time_limit: the run reached run.limit_s".to_owned();
            if let Some(last) = counts.last_answer.filter(|last| now.since(*last) > SILENCE) {
                let last = last.as_secs_f64();
                let _ = write!(text, "; nothing has been answered since {last:.3} s");
            }
            ("failed", Some("time_limit".to_owned()), Some(text))
        }
    }
}

/// Octets a second, rounded down; 0 when no time passed.
fn goodput(octets: u32, span: Span) -> u64 {
    let numerator = u128::from(octets) * 1_000_000_000;
    numerator.checked_div(u128::from(span.as_ns())).unwrap_or_default() as u64
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's `serialize_with` passes a reference"
)]
pub(crate) fn seconds<S: Serializer>(span: &Span, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(span.as_secs_f64())
}

fn budget<S: Serializer>(budget: &Budget, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(Cause::ALL.len()))?;
    for cause in Cause::ALL {
        map.serialize_entry(cause.name(), &budget.of(cause).as_secs_f64())?;
    }
    map.end()
}
