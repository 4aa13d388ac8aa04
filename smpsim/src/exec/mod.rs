//! `--strategy exec:CMD`: an external program is the client, in virtual time.
//!
//! The program is told events and says what to do, one JSON object a line; docs/exec.md is the
//! contract. Time stands still while it thinks, so its own speed does not matter, and a run is as
//! deterministic as the program is.

mod client;
mod lines;
mod process;

use crate::Refusal;
use client::{External, ImageFacts};
use client_model::Client;
use sim::world::Prepared;
use sim_core::Seed;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

/// What `--strategy` begins with.
const PREFIX: &str = "exec:";

/// The command of `--strategy exec:CMD`, or `None` for a strategy of the simulator.
pub(crate) fn command(strategy: &str) -> Option<&str> {
    strategy.strip_prefix(PREFIX)
}

/// Why the program did not do what it was to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Complaint {
    /// It gave up, with these words.
    GaveUp(String),
    /// It does not keep to the lines.
    Broken(String),
}

/// Where a program's complaint is kept for whoever started it.
type Slot = Arc<Mutex<Option<Complaint>>>;

/// Makes clients of a command.
#[derive(Debug)]
pub(crate) struct Program {
    command: Arc<str>,
    image: tempfile::TempPath,
    complaint: Slot,
}

impl Program {
    /// The program for the image of a scenario, which it finds in a file.
    pub(crate) fn new(command: &str, prepared: &Prepared) -> Result<Self, Refusal> {
        if command.trim().is_empty() {
            return Err(Refusal(
                "--strategy exec: names no program; give its command line, as in \
                 exec:'python3 client.py'"
                    .to_owned(),
            ));
        }
        let cannot = |e: std::io::Error| Refusal(format!("the image for {command}: {e}"));
        let mut file = tempfile::NamedTempFile::with_prefix("smpsim-").map_err(cannot)?;
        file.write_all(prepared.image().bytes()).map_err(cannot)?;
        let image = file.into_temp_path();
        Ok(Self { command: command.into(), image, complaint: Slot::default() })
    }

    /// A client for one run; the program starts with it.
    pub(crate) fn client(&self, prepared: &Prepared, seed: u64) -> Client {
        let config = prepared.client_config(Seed(seed));
        let facts = ImageFacts {
            file: self.image.display().to_string(),
            size: prepared.image().len(),
            sha256: prepared.image().sha256(),
            tlv_sha256: prepared.image().tlv_sha256(),
        };
        let external = External::new(&self.command, facts, &config, &self.complaint);
        Client::with_frames(config, Box::new(external))
    }

    /// What the program of the last run complained of.
    pub(crate) fn take_complaint(&self) -> Option<Complaint> {
        self.complaint.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
