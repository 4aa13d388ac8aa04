//! `smpsim emulate`: one device behind a socket, at the pace of the clock.

mod flash_file;
mod pace;
mod peers;
mod session;
mod sink;

use crate::output::{PartialFile, print};
use crate::{Refusal, Verdict, image};
use clap::Args;
use flash_file::FlashFile;
use pace::Pace;
use session::Session;
use sim::emulate::{Contents, ContentsError, DEFAULT, prepare};
use sim::image_file::ImageFile;
use sim::scenario::Scenario;
use sim::world::Prepared;
use sink::EmulatorSink;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tokio::net::UdpSocket;

#[derive(Args, Debug)]
pub(crate) struct EmulateArguments {
    /// Listen for SMP datagrams at this address; port 0 takes a free one
    #[arg(long, required = true, value_name = "ADDRESS:PORT")]
    udp: SocketAddr,
    /// Keep the device's flash in this file: raw octets of the whole part, then those of an external
    /// part, made when it is missing,
    /// written when the program ends
    #[arg(long, value_name = "FILE")]
    flash: Option<PathBuf>,
    /// Put this image into slot 0, which is erased before
    #[arg(long, value_name = "FILE")]
    image_slot0: Option<PathBuf>,
    /// Put this image into slot 1, which is erased before
    #[arg(long, value_name = "FILE")]
    image_slot1: Option<PathBuf>,
    /// Seconds of the device for each second of the clock
    #[arg(long, value_name = "X", default_value = "1", value_parser = pace::speed)]
    speed: f64,
    /// Era of the server; `smpsim profiles` lists them
    #[arg(long, value_name = "NAME", value_parser = profile_names())]
    profile: Option<String>,
    /// Take flash, partitions, boot loader and server from this scenario file or preset; `smpsim
    /// presets --why emulator` shows the one that is taken otherwise
    #[arg(long, value_name = "FILE|NAME")]
    scenario: Option<String>,
    /// Write the trace, one JSON object a line, with the datagrams in it
    #[arg(long, value_name = "FILE.jsonl")]
    trace: Option<PathBuf>,
    /// Allow an address that other machines reach; whoever reaches it can update the device
    #[arg(long)]
    allow_remote: bool,
}

/// Emulates a device until a signal ends the program.
pub(crate) fn run(arguments: &EmulateArguments) -> Result<Verdict, Refusal> {
    let address = arguments.udp;
    if !address.ip().is_loopback() && !arguments.allow_remote {
        return Err(Refusal(format!(
            "--udp {address}: other machines may reach this address, and whoever reaches the device \
             can update it; take 127.0.0.1, or add --allow-remote"
        )));
    }
    let flash = arguments.flash.as_deref().map(FlashFile::open).transpose()?;
    let prepared = device(arguments, flash.as_ref())?;
    let trace = arguments.trace.as_deref().map(PartialFile::create).transpose()?;
    let sink = EmulatorSink::new(trace.as_ref().map(PartialFile::writer).transpose()?);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Refusal(format!("no event loop: {e}")))?;
    let session = runtime.block_on(async {
        let socket = UdpSocket::bind(address)
            .await
            .map_err(|e| Refusal(format!("--udp {address}: cannot listen there: {e}")))?;
        let bound = socket.local_addr().map_err(|e| Refusal(format!("--udp {address}: {e}")))?;
        let mut stop = session::Stop::new()?;
        let mut session = Session::boot(&prepared, sink, Pace::new(arguments.speed));
        print(&format!("ready udp={bound}\n"));
        session.serve(&socket, &mut stop).await;
        Ok(session)
    })?;
    let (contents, sink) = session.end();
    if let Some(flash) = flash {
        flash.save(&contents)?;
    }
    sink.finish().map_err(|e| Refusal(format!("--trace: {e}")))?;
    trace.map_or(Ok(()), PartialFile::keep)?;
    Ok(Verdict::Yes)
}

/// The device that the arguments describe.
fn device(
    arguments: &EmulateArguments,
    flash: Option<&FlashFile<'_>>,
) -> Result<Prepared, Refusal> {
    let mut scenario = scenario(arguments.scenario.as_deref())?;
    if let Some(name) = &arguments.profile {
        let profile = sim::profiles::find(name).map_err(Refusal::new)?;
        scenario.server.profile = profile;
    }
    let paths = [arguments.image_slot0.as_deref(), arguments.image_slot1.as_deref()];
    let mut contents =
        Contents { flash: flash.and_then(FlashFile::contents), ..Contents::default() };
    for (slot, path) in paths.into_iter().enumerate() {
        contents.slots[slot] = path.map(slot_image).transpose()?;
    }
    prepare(scenario, &contents).map_err(|error| does_not_fit(&error, arguments, &paths))
}

fn scenario(name: Option<&str>) -> Result<Scenario, Refusal> {
    let name = name.unwrap_or(DEFAULT);
    let settings = crate::run::scenario_settings(name)?;
    Scenario::resolve(&settings).map_err(|e| crate::run::in_scenario(&settings.name, &e))
}

fn slot_image(path: &Path) -> Result<ImageFile, Refusal> {
    let contained = image::application(path, None)?;
    let place = image::place(path, &contained);
    ImageFile::sound(contained.bytes).map_err(|e| Refusal(format!("{place}: {e}")))
}

/// Why contents and partitions do not fit, with the file that the contents came from.
fn does_not_fit(
    error: &ContentsError,
    arguments: &EmulateArguments,
    images: &[Option<&Path>; 2],
) -> Refusal {
    let file = match *error {
        ContentsError::FlashSize { .. } => arguments.flash.as_deref(),
        ContentsError::TooLarge { slot, .. } => images[slot],
        _ => None,
    };
    match file {
        Some(file) => Refusal(format!("{}: {error}", file.display())),
        None => Refusal(error.to_string()),
    }
}

fn profile_names() -> clap::builder::PossibleValuesParser {
    sim::profiles::ALL.map(sim::profiles::Profile::name).into()
}
