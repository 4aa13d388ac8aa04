//! `smpsim flash`.

#![expect(
    clippy::doc_markdown,
    reason = "these comments are the help text, which has no backticks"
)]

mod describe;
mod words;

use crate::output::{print, print_json, read, read_text};
use crate::{Refusal, Verdict, layout};
use clap::Args;
use flash_model::{BootConfig, BootMode, Geometry, ImagePolicy, Layout, Part, VerifyingKey};
use serde::Serialize;
use sim::flash_dump::{Dump, FlashReport, Setup, inspect as look};
use std::path::{Path, PathBuf};

/// Parts whose dumps can be looked at.
const PARTS: [&str; 4] = ["nrf52840", "nrf52833", "nrf5340", "nrf54l15"];

#[derive(Args, Debug)]
pub(crate) struct FlashArguments {
    /// Contents of the flash: raw octets, or Intel HEX
    file: PathBuf,
    /// Address of the first octet of a raw dump
    #[arg(long, value_name = "ADDR", value_parser = number)]
    base: Option<u32>,
    /// Mode of the boot loader
    #[arg(long, value_name = "NAME", default_value = "swap-move", value_parser = mode_names())]
    mode: String,
    /// Most pages of a slot that the boot loader knows (CONFIG_BOOT_MAX_IMG_SECTORS)
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = clap::value_parser!(u32).range(1..=8192))]
    max_sectors: u32,
    /// Partitions: a layout preset, a partition manager's partitions.yml or pm_static.yml, or a
    /// devicetree; otherwise those of the part's DK
    #[arg(long, value_name = "FILE|PRESET")]
    layout: Option<PathBuf>,
    /// Flash part; otherwise nrf52840, or that of the layout preset
    #[arg(long, value_name = "NAME", value_parser = PARTS)]
    part: Option<String>,
    /// Write size that the boot loader was built for, octets; otherwise that of the part
    #[arg(long, value_name = "N", value_parser = ["4", "8", "16", "32"])]
    write_size: Option<String>,
    /// Key of the boot loader, public or private; without it signatures are not looked at
    #[arg(long, value_name = "FILE.pem")]
    key: Option<PathBuf>,
    /// Print one JSON document (schema smpsim.flash/1)
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    file: String,
    layout: String,
    key: Option<String>,
    #[serde(flatten)]
    report: FlashReport,
}

/// Prints what a dump holds and what the next boot makes of it.
pub(crate) fn inspect(arguments: &FlashArguments) -> Result<Verdict, Refusal> {
    let path = arguments.file.as_path();
    let file = path.display().to_string();
    let (layout, setup) = setup(arguments)?;
    let dump = Dump::read(&read(path)?, arguments.base, &setup)
        .map_err(|e| Refusal(format!("{file}: {e}")))?;
    let key = arguments.key.as_ref().map(|path| path.display().to_string());
    let report = look(&dump, &setup);
    let document = Document { schema: "smpsim.flash/1", file, layout, key, report };
    if arguments.json {
        print_json(&document)?;
    } else {
        print(&describe::describe(&document));
    }
    let boots = document.report.next_boot.run.ending.booted();
    Ok(if boots { Verdict::Yes } else { Verdict::No })
}

fn setup(arguments: &FlashArguments) -> Result<(String, Setup), Refusal> {
    let asked = arguments.layout.as_deref();
    let own = asked.and_then(layout::preset_name).and_then(part_of).unwrap_or(PARTS[0]);
    let part = Part::by_name(arguments.part.as_deref().unwrap_or(own));
    let part = part.expect("clap takes these names only");
    let dk = Layout::preset_of(part.name);
    let (name, layout) = partitions(asked.unwrap_or(Path::new(dk)))?;
    let write_size = arguments.write_size.as_deref().map_or(part.geometry.write_size, |size| {
        size.parse().expect("clap takes these numbers only")
    });
    let part = Part { geometry: Geometry { write_size, ..part.geometry }, ..part };
    let boot = BootConfig {
        mode: BootMode::from_name(&arguments.mode).expect("clap takes these names only"),
        max_sectors: arguments.max_sectors,
        images: arguments.key.as_deref().map(key).transpose()?.unwrap_or_default(),
        ..BootConfig::default()
    };
    let setup = Setup { part, layout, boot };
    setup.check().map_err(|e| Refusal(format!("{name} on {}: {e}", part.name)))?;
    Ok((name, setup))
}

/// The part whose development kit has this layout.
fn part_of(preset: &str) -> Option<&'static str> {
    PARTS.into_iter().find(|part| Layout::preset_of(part) == preset)
}

fn partitions(path: &Path) -> Result<(String, Layout), Refusal> {
    let name = path.display().to_string();
    let preset = layout::preset_name(path).and_then(Layout::preset);
    let layout = match preset {
        Some(preset) => preset,
        None => {
            layout::file(path).map_err(|Refusal(problem)| Refusal(format!("--layout {problem}")))?
        }
    };
    Ok((name, layout))
}

fn key(path: &Path) -> Result<ImagePolicy, Refusal> {
    let key = VerifyingKey::from_pem(&read_text(path)?)
        .map_err(|e| Refusal(format!("--key {}: {e}", path.display())))?;
    Ok(ImagePolicy::signed_with(key))
}

fn mode_names() -> clap::builder::PossibleValuesParser {
    BootMode::ALL.map(BootMode::name).into()
}

/// Reads an address, decimal or in hex.
fn number(text: &str) -> Result<u32, String> {
    let plain = text.replace('_', "");
    let number = match plain.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => plain.parse(),
    };
    number.map_err(|_| "expected an address, such as 0xc000".to_owned())
}
