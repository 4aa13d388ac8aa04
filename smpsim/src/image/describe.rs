//! What `smpsim image inspect` prints for people.

use super::document::{
    Document, ImageDocument, LimitDocument, OtherImage, SignatureDocument, SlotDocument,
    TlvDocument, TrailerDocument,
};
use sim::image_file::{ContainerKind, ManifestFile};
use std::fmt::Write;

/// Longest TLV value that is printed whole, hex digits.
const SHOWN_DIGITS: usize = 64;

/// All images of a document, one after the other.
pub(super) fn describe(document: &Document) -> String {
    let mut text = String::new();
    if document.container != ContainerKind::Bin {
        let kind = match document.container {
            ContainerKind::DfuZip => "update package",
            _ => "Intel HEX",
        };
        let count = 1 + document.other_images.len();
        let plural = if count == 1 { "" } else { "s" };
        let _ = writeln!(text, "{}: {kind} with {count} image{plural}", document.file);
    }
    image(&mut text, &document.file, &document.image);
    for other in &document.other_images {
        text.push('\n');
        match other {
            OtherImage::Image(found) => image(&mut text, &document.file, found),
            OtherImage::NoImage(other) => {
                let place = place(&document.file, other.entry.as_deref(), other.base);
                let _ = writeln!(text, "{place}: {} octets, {}", other.size, other.problem);
                describe_manifest(&mut text, other.manifest.as_ref());
            }
        }
    }
    text
}

fn place(file: &str, entry: Option<&str>, base: Option<u32>) -> String {
    match (entry, base) {
        (Some(entry), _) => format!("{file}: {entry}"),
        (None, Some(base)) => format!("{file}: at {base:#x}"),
        (None, None) => file.to_owned(),
    }
}

fn image(text: &mut String, file: &str, image: &ImageDocument) {
    let place = place(file, image.entry.as_deref(), image.base);
    let flags = match image.flag_names[..] {
        [] => String::new(),
        _ => format!(" ({})", image.flag_names.join(", ")),
    };
    let _ = write!(
        text,
        "{place}: MCUboot image {}\n\
         \u{20} header           {} octets, load address {:#x}, flags {:#x}{flags}\n\
         \u{20} body             {} octets\n\
         \u{20} protected TLVs   {} octets\n\
         \u{20} whole image      {} octets, {} of them hashed; {} octets behind it in the file\n",
        image.version,
        image.hdr_size,
        image.load_addr,
        image.flags,
        image.img_size,
        image.protect_tlv_size,
        image.image_len,
        image.hashed_len,
        image.behind,
    );
    if image.filled > 0 {
        let _ =
            writeln!(text, "  left out         {} octets, taken as erased (0xff)", image.filled);
    }
    describe_manifest(text, image.manifest.as_ref());
    for tlv in &image.tlvs {
        describe_tlv(text, tlv);
    }
    if let Some(trailer) = &image.trailer {
        describe_trailer(text, trailer);
    }
    describe_slot(text, &image.slot);
    verdict(text, image);
}

/// What the manifest says, and where the image says otherwise.
fn describe_manifest(text: &mut String, manifest: Option<&ManifestFile>) {
    let Some(file) = manifest else { return };
    let texts = [
        ("type", file.kind.clone()),
        ("board", file.board.clone()),
        ("soc", file.soc.clone()),
        ("partition", file.partition.clone()),
        ("version", file.version.clone()),
        ("image", file.image_index.map(|n| n.to_string())),
        ("primary slot", file.slot_index_primary.map(|n| n.to_string())),
        ("secondary slot", file.slot_index_secondary.map(|n| n.to_string())),
        ("slot", file.slot.map(|n| n.to_string())),
        ("load address", file.load_address.map(|n| format!("{n:#x}"))),
        ("size", file.size.map(|n| n.to_string())),
    ];
    let said: Vec<_> = texts
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| format!("{name} {value}")))
        .collect();
    let _ = writeln!(text, "  manifest         {}", said.join(", "));
}

fn describe_tlv(text: &mut String, tlv: &TlvDocument) {
    let value = match tlv.value.get(..SHOWN_DIGITS) {
        Some(start) if tlv.value.len() > SHOWN_DIGITS => format!("{start}..."),
        _ => tlv.value.clone(),
    };
    let note = match (&tlv.meaning, &tlv.problem) {
        (Some(note), _) | (None, Some(note)) => format!(" ({note})"),
        (None, None) => String::new(),
    };
    let _ = writeln!(
        text,
        "  TLV {:#06x} {:<12} {:>3} octets at {:<7}{} {value}{note}",
        tlv.kind,
        tlv.name.unwrap_or("unknown"),
        tlv.len,
        tlv.at,
        if tlv.protected { " protected" } else { "" },
    );
}

fn describe_trailer(text: &mut String, trailer: &TrailerDocument) {
    let _ = writeln!(
        text,
        "  trailer          magic {}, image_ok {}, copy_done {}, swap_info {:#04x} ({}), swap_size \
         {:#x}; at the end of {} octets, fields {} apart",
        trailer.magic,
        trailer.image_ok,
        trailer.copy_done,
        trailer.swap_info,
        trailer.swap_type,
        trailer.swap_size,
        trailer.slot_size,
        trailer.max_align,
    );
}

fn describe_slot(text: &mut String, slot: &SlotDocument) {
    let from = match slot.from {
        "option" => "as asked for",
        "file" => "as long as the file",
        _ => "of an nRF52840 DK",
    };
    let limits: Vec<_> =
        slot.limits.iter().map(|limit| format!("{} {}", limit.rule, limit.limit)).collect();
    let _ = write!(
        text,
        "  slot             {:#x} octets {from}, write size {}, {} sectors at most\n\
         \u{20} largest image    {}\n",
        slot.size,
        slot.write_size,
        slot.max_sectors,
        limits.join(", "),
    );
    let (fits, too_large): (Vec<_>, Vec<_>) = slot.limits.iter().partition(|limit| limit.fits);
    let names = |limits: &[&LimitDocument]| {
        limits.iter().map(|limit| limit.rule).collect::<Vec<_>>().join(", ")
    };
    let _ = match (&fits[..], &too_large[..]) {
        (_, []) => writeln!(text, "  fits             all of these"),
        ([], _) => writeln!(text, "  too large        for all of these"),
        (fits, too_large) => {
            let (fits, too_large) = (names(fits), names(too_large));
            writeln!(text, "  fits             {fits}; too large for {too_large}")
        }
    };
}

/// The last lines: what it comes to.
fn verdict(text: &mut String, image: &ImageDocument) {
    if let Some(signature) = &image.signature {
        describe_signature(text, signature);
    }
    let _ = match &image.problem {
        None => writeln!(text, "  sound: the hash matches"),
        Some(problem) => writeln!(text, "  not sound: {problem}"),
    };
}

fn describe_signature(text: &mut String, signature: &SignatureDocument) {
    let verdict = match &signature.problem {
        None => "signed with this key".to_owned(),
        Some(problem) => problem.clone(),
    };
    let named = match signature.key_hash_matches {
        Some(true) => "the KEYHASH TLV names it",
        Some(false) => "the KEYHASH TLV names another key: a boot loader would refuse it",
        None => "no KEYHASH TLV names it",
    };
    let _ = writeln!(text, "  key              {}: {verdict}; {named}", signature.key);
}
