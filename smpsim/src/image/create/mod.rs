//! `smpsim image create`.

mod arguments;
mod text;

use crate::output::{PartialFile, print, read, read_text};
use crate::{Refusal, Verdict};
pub(crate) use arguments::CreateArguments;
use arguments::Sha;
use flash_model::{
    Area, BootConfig, BootMode, BuildError, Geometry, ImageBuilder, ImageInfo, Layout, SigningKey,
    SlotFile, SlotTooSmall, generated_body,
};
use std::io::Write;
use std::path::Path;
pub(super) use text::slot_size;

/// Octets of a page, for what MCUboot accepts; imgtool's arguments do not tell it.
const PAGE: u32 = 4096;

/// Writes an image as `imgtool sign` would, and tells in one line what it is.
pub(crate) fn create(arguments: &CreateArguments) -> Result<Verdict, Refusal> {
    let (input, output) = files(arguments)?;
    let slot = slot(arguments);
    let builder = builder(arguments)?;
    let room = |e: SlotTooSmall| Refusal(format!("{}: {e}", output.display()));
    let body = body(arguments, input, |len| slot.check(len).map_err(room))?;
    let build = |e: BuildError| Refusal(format!("{}: {e}", output.display()));
    let image = builder.build(body.into_iter()).map_err(build)?;
    slot.check(image.len() as u64).map_err(room)?;
    let line = describe(&builder, &slot, &image);
    let octets = if arguments.pad || arguments.confirm || arguments.test {
        slot.pad(image, arguments.confirm).map_err(room)?
    } else {
        image
    };
    write(output, &octets)?;
    print(&format!("{}: {line}\n", output.display()));
    Ok(Verdict::Yes)
}

/// Input, unless a body is made up, and output.
fn files(arguments: &CreateArguments) -> Result<(Option<&Path>, &Path), Refusal> {
    let (input, output) = match (&arguments.files[..], arguments.body_len) {
        ([input, output], None) => (Some(&**input), &**output),
        ([output], Some(_)) => (None, &**output),
        ([_], None) => {
            let message = "two files are expected, INFILE and OUTFILE; or --body-len and OUTFILE";
            return Err(Refusal(message.to_owned()));
        }
        _ => {
            let message = "with --body-len there is no INFILE: one file is expected, OUTFILE";
            return Err(Refusal(message.to_owned()));
        }
    };
    for path in input.into_iter().chain([output]) {
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("hex")) {
            let path = path.display();
            return Err(Refusal(format!("{path}: Intel HEX is not supported here, only binary")));
        }
    }
    Ok((input, output))
}

fn slot(arguments: &CreateArguments) -> SlotFile {
    let slot = SlotFile::new(arguments.slot_size, arguments.align);
    SlotFile {
        max_align: arguments.max_align.unwrap_or(slot.max_align),
        max_sectors: arguments.max_sectors,
        overwrite_only: arguments.overwrite_only,
        ..slot
    }
}

fn builder(arguments: &CreateArguments) -> Result<ImageBuilder, Refusal> {
    if arguments.pure && arguments.sha != Sha::Auto {
        return Err(Refusal("--sha cannot be chosen with --pure".to_owned()));
    }
    let key = arguments.key.as_deref().map(|path| {
        SigningKey::from_pem(&read_text(path)?)
            .map_err(|e| Refusal(format!("{}: {e}", path.display())))
    });
    let custom = arguments.custom_tlv.chunks_exact(2).map(|pair| {
        let read = text::number_u16(&pair[0])
            .map_err(|e| format!("`{}`: {e}", pair[0]))
            .and_then(|kind| Ok((kind, text::octets(&pair[1])?)));
        read.map_err(|e| Refusal(format!("--custom-tlv {e}")))
    });
    let dependencies = arguments.dependencies.iter().flat_map(|list| &list.0);
    Ok(ImageBuilder {
        version: arguments.version,
        hdr_size: arguments.header_size,
        pad_header: arguments.pad_header,
        load_addr: arguments.load_addr,
        rom_fixed: arguments.rom_fixed,
        non_bootable: arguments.non_bootable,
        security_counter: arguments.security_counter.map(|counter| counter.of(arguments.version)),
        dependencies: dependencies.copied().collect(),
        custom_tlvs: custom.collect::<Result<_, _>>()?,
        hash: arguments.sha.algorithm(arguments.pure),
        key: key.transpose()?,
        key_format: arguments.public_key_format.into(),
        pure: arguments.pure,
        ..ImageBuilder::default()
    })
}

/// The application without the room for the header that it may begin with. `fits` sees its length with
/// the header before anything is made of it.
fn body(
    arguments: &CreateArguments,
    input: Option<&Path>,
    fits: impl Fn(u64) -> Result<(), Refusal>,
) -> Result<Vec<u8>, Refusal> {
    let header_size = usize::from(arguments.header_size);
    let Some(path) = input else {
        let len = arguments.body_len.unwrap_or_default();
        fits(u64::from(len) + header_size as u64)?;
        return Ok(generated_body(len, arguments.seed).collect());
    };
    let mut octets = read(path)?;
    if arguments.pad_header {
        fits((octets.len() + header_size) as u64)?;
        return Ok(octets);
    }
    fits(octets.len() as u64)?;
    let first = octets.iter().take(header_size).position(|&b| b != 0);
    if first.is_some() || octets.len() < header_size {
        let at = first.unwrap_or(octets.len());
        return Err(Refusal(format!(
            "{}: must begin with {header_size} zeros for the header, but has only {at}: use \
             --pad-header to put the header before it",
            path.display()
        )));
    }
    Ok(octets.split_off(header_size))
}

fn write(path: &Path, octets: &[u8]) -> Result<(), Refusal> {
    let file = PartialFile::create(path)?;
    let mut writer = file.writer()?;
    writer
        .write_all(octets)
        .and_then(|()| writer.flush())
        .map_err(|e| Refusal(format!("{}: {e}", path.display())))?;
    file.keep()
}

/// What the image is, and how much longer it might be.
fn describe(builder: &ImageBuilder, slot: &SlotFile, image: &[u8]) -> String {
    let len = image.len() as u64;
    let algorithm = builder.hash;
    let tlvs = ImageInfo::parse(image).map_or(0, |info| info.hashed_len as usize);
    let hash = algorithm.hash(&image[..tlvs]);
    let signature = match &builder.key {
        Some(key) => {
            let public = key.verifying_key();
            format!("signed with {} key {}", key.kind(), public.key_hash(algorithm))
        }
        None => "not signed".to_owned(),
    };
    let (mode, limit) = boot_limit(slot);
    let boot = match limit.checked_sub(len) {
        Some(room) => format!("room for {room} octets more by MCUboot's ({mode})"),
        None => format!("{} octets too long by MCUboot's ({mode}), which refuses it", len - limit),
    };
    let room = slot.limit().saturating_sub(len);
    format!(
        "image {}, {len} octets, {algorithm} {hash}, {signature}; room for {room} octets more by \
         imgtool's rule, {boot}",
        builder.version,
    )
}

/// How MCUboot updates a slot as long as the other one, and the longest image that it then accepts.
fn boot_limit(slot: &SlotFile) -> (&'static str, u64) {
    let mode = if slot.overwrite_only {
        BootMode::OverwriteOnly { fast: true }
    } else {
        BootMode::SwapMove
    };
    if slot.slot_size < PAGE {
        return (mode.name(), 0);
    }
    let slots = [Area::new(0, slot.slot_size); 2];
    let layout = Layout { slots, scratch: None, storage: None, ..Layout::nrf52840dk() };
    let geometry = Geometry { size: slot.slot_size, page: PAGE, write_size: slot.align };
    let config = BootConfig { mode, max_sectors: slot.max_sectors, ..BootConfig::default() };
    (mode.name(), u64::from(config.max_image_len(&layout, &geometry)))
}
