//! The command line.

#![expect(
    clippy::doc_markdown,
    reason = "these comments are the help text, which has no backticks"
)]

use crate::advise::AdviseArguments;
use crate::chunk::ChunkArguments;
use crate::emulate::EmulateArguments;
use crate::flash::FlashArguments;
use crate::image::{CreateArguments, InspectArguments};
use crate::sweep::{MergeArguments, SweepArguments};
use crate::tui::TuiArguments;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Simulates SMP (MCUmgr) firmware updates over Bluetooth LE.
///
/// Without a command: the reference update, as `smpsim run`.
///
/// Exit status: 0 done, 1 it ran and the answer is no, 2 the input or usage was wrong.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run one whole update and tell where the time went
    Run(RunArguments),
    /// Try the changes that a user can make, and tell which help most
    Advise(AdviseArguments),
    /// Run strategies x settings x seeds on all cores, and compare
    Sweep(Box<SweepArguments>),
    /// Put the shards of a sweep together
    Merge(Box<MergeArguments>),
    /// Watch an update on the screen: flash, packets, rate, SMP frames
    Tui(TuiArguments),
    /// List the scenarios inside the program
    Presets {
        /// Show one preset: of a failure its symptom, cause and fix with the commands to see them,
        /// and its scenario file
        #[arg(long, value_name = "NAME")]
        why: Option<String>,
        /// Print the scenario file alone
        #[arg(long, requires = "why")]
        file: bool,
    },
    /// Look at MCUboot images
    Image {
        #[command(subcommand)]
        command: ImageCommand,
    },
    /// Look at dumps of flash
    Flash {
        #[command(subcommand)]
        command: FlashCommand,
    },
    /// Put one device behind a UDP port, for real clients
    Emulate(EmulateArguments),
    /// List the eras of Zephyr's server, or tell what differs between two
    Profiles {
        /// Show what a client observes where these two differ
        #[arg(long, num_args = 2, value_names = ["A", "B"])]
        diff: Option<Vec<String>>,
        /// Print one JSON document (schema smpsim.profiles/1)
        #[arg(long)]
        json: bool,
    },
    /// List the clients that can be played: real, proposed, and of other protocols
    Strategies {
        /// Print one JSON document (schema smpsim.strategies/1)
        #[arg(long)]
        json: bool,
    },
    /// Compute how much image data fits a request, for a link and a set of keys
    Chunk(ChunkArguments),
    /// Tell what an error means, who sends it, and what to do
    Explain {
        /// A result code (8, MGMT_ERR_EBUSY), a group's error (1/28, IMG_MGMT_ERR_NO_FREE_SLOT), a
        /// negative errno (-122), or a Bluetooth reason in hex (0x08)
        #[arg(allow_negative_numbers = true, value_name = "CODE")]
        code: String,
        /// Group that the code came from: its number or its name
        #[arg(long, value_name = "GROUP")]
        group: Option<String>,
        /// Print one JSON document (schema smpsim.explain/1)
        #[arg(long)]
        json: bool,
    },
    /// Decode SMP frames: header, fields, errors by name
    Frame {
        /// Octets in hex, as a log shows them; `-` reads standard input
        #[arg(required = true, value_name = "HEX")]
        hex: Vec<String>,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Hold recorded reference data against the models
    Conform {
        /// Recorded data: logs of SMP frames, sessions of servers, runs of MCUboot with power cuts,
        /// sets of imgtool images (expected.json with its files beside it), figures of links and
        /// flash, uploads of clients; gzip of these too
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ImageCommand {
    /// Print every field and TLV, and whether the image is sound
    Inspect(InspectArguments),
    /// Write an image as imgtool sign would, from an application or a made-up body
    Create(Box<CreateArguments>),
}

#[derive(Debug, Subcommand)]
pub(crate) enum FlashCommand {
    /// Print partitions, images, trailers, and what the next boot does and why
    Inspect(Box<FlashArguments>),
}

#[derive(Args, Debug, Default)]
pub(crate) struct RunArguments {
    /// Preset name or scenario file; `smpsim presets` lists the presets
    pub(crate) scenario: Option<String>,
    /// Install this image instead of the generated one: as imgtool writes it, Intel HEX, or a
    /// dfu_application.zip
    #[arg(long, value_name = "FILE")]
    pub(crate) image: Option<PathBuf>,
    /// Take this entry of the zip archive, whatever its manifest says
    #[arg(long, requires = "image", value_name = "NAME")]
    pub(crate) zip_entry: Option<String>,
    /// Take an image that is broken or too large, to see what the device does with it
    #[arg(long, requires = "image")]
    pub(crate) force: bool,
    /// Take partitions from this file, a partition manager's partitions.yml or pm_static.yml or a
    /// devicetree with fixed-partitions, or from the layout preset of this name
    #[arg(long, value_name = "FILE|NAME")]
    pub(crate) layout: Option<PathBuf>,
    /// Take the server's options from a build's .config or a project's prj.conf; may be repeated, for
    /// the files laid over a prj.conf and for MCUboot's own
    #[arg(long, value_name = "FILE")]
    pub(crate) kconfig: Vec<PathBuf>,
    /// Seed of all randomness
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) seed: u64,
    /// Change one setting, such as link.interval_us=7500; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Client to play: short for --set client.strategy=NAME, or exec:CMD for a program of yours that
    /// is told events and says what to send, one JSON object a line
    #[arg(long, value_name = "NAME")]
    pub(crate) strategy: Option<String>,
    /// Print the resolved scenario with the source of every value, and do not run it
    #[arg(long)]
    pub(crate) explain: bool,
    /// Exit with 1 unless this holds, such as 'upload_s<20'; any figure of the JSON document
    #[arg(long, value_name = "CONDITION")]
    pub(crate) require: Vec<String>,
    /// Print one JSON document (schema smpsim.run/1)
    #[arg(long)]
    pub(crate) json: bool,
    /// Write the trace, one JSON object a line
    #[arg(long, value_name = "FILE.jsonl")]
    pub(crate) trace: Option<PathBuf>,
}

impl Default for Command {
    fn default() -> Self {
        Self::Run(RunArguments { seed: 1, ..RunArguments::default() })
    }
}
