//! `smpsim image inspect`.

use super::create::slot_size;
use super::describe::describe;
use super::document::{Asked, Document, ImageDocument, OtherImage};
use super::source;
use crate::output::{print, print_json, read_text};
use crate::{Refusal, Verdict};
use clap::Args;
use flash_model::{ImageInfo, VerifyingKey};
use std::path::{Path, PathBuf};

#[derive(Args, Debug)]
pub(crate) struct InspectArguments {
    /// An image as imgtool writes it, Intel HEX with images in it, or the zip archive for updates of
    /// the nRF Connect SDK
    file: PathBuf,
    /// Verify the signature with this key, public or private
    #[arg(long, value_name = "FILE.pem")]
    key: Option<PathBuf>,
    /// Size of the slot, octets: where the trailer ends and what the image must leave room in;
    /// otherwise the file's, when a trailer ends it, or that of an nRF52840 DK
    #[arg(long, value_name = "OCTETS", value_parser = slot_size)]
    slot_size: Option<u32>,
    /// Look at this entry of a zip archive only
    #[arg(long, value_name = "NAME")]
    zip_entry: Option<String>,
    /// Print one JSON document (schema smpsim.image/1)
    #[arg(long)]
    json: bool,
}

/// Prints every field of the images in a file and whether they are sound.
pub(crate) fn inspect(arguments: &InspectArguments) -> Result<Verdict, Refusal> {
    let path = arguments.file.as_path();
    let container = source::open(path, arguments.zip_entry.as_deref())?;
    let asked = Asked {
        slot_size: arguments.slot_size,
        key: arguments.key.as_deref().map(key).transpose()?,
    };
    let mut images = container.images.into_iter();
    let first = images.next().expect("a container has an image at least");
    let info = ImageInfo::parse(&first.bytes).map_err(|e| {
        Refusal(format!("{}: not an MCUboot image: {e}", source::place(path, &first)))
    })?;
    let document = Document {
        schema: "smpsim.image/1",
        file: path.display().to_string(),
        container: container.kind,
        image: ImageDocument::new(first, &info, &asked),
        other_images: images.map(|image| OtherImage::new(image, &asked)).collect(),
    };
    if arguments.json {
        print_json(&document)?;
    } else {
        print(&describe(&document));
    }
    Ok(if document.is_good() { Verdict::Yes } else { Verdict::No })
}

fn key(path: &Path) -> Result<(String, VerifyingKey), Refusal> {
    let name = path.display().to_string();
    let key = VerifyingKey::from_pem(&read_text(path)?)
        .map_err(|e| Refusal(format!("--key {name}: {e}")))?;
    Ok((name, key))
}
