//! `smpsim image`.

use crate::output::{print, print_json, read};
use crate::{Refusal, Verdict};
use flash_model::{ImageInfo, Tlv, flags, tlv_type};
use serde::Serialize;
use sim::hex;
use std::fmt::Write;
use std::path::Path;

/// `smpsim.image/1`.
#[derive(Serialize)]
struct Document {
    schema: &'static str,
    file: String,
    size: usize,
    version: String,
    load_addr: u32,
    hdr_size: u16,
    protect_tlv_size: u16,
    img_size: u32,
    flags: u32,
    flag_names: Vec<&'static str>,
    tlvs: Vec<TlvDocument>,
    image_len: u32,
    hashed_len: u32,
    /// Octets behind the image: padding, or a trailer.
    behind: usize,
    sound: bool,
    problem: Option<String>,
}

#[derive(Serialize)]
struct TlvDocument {
    at: u32,
    #[serde(rename = "type")]
    kind: u16,
    name: Option<&'static str>,
    len: u16,
    protected: bool,
    value: String,
}

/// Prints every field of an image and whether it is sound.
pub(crate) fn inspect(path: &Path, json: bool) -> Result<Verdict, Refusal> {
    let bytes = read(path)?;
    let info = ImageInfo::parse(&bytes)
        .map_err(|e| Refusal(format!("{}: not an MCUboot image: {e}", path.display())))?;
    let document = document(path, &bytes, &info);
    let verdict = if document.sound { Verdict::Yes } else { Verdict::No };
    if json {
        print_json(&document)?;
    } else {
        print(&describe(&document));
    }
    Ok(verdict)
}

fn document(path: &Path, bytes: &[u8], info: &ImageInfo) -> Document {
    let header = &info.header;
    let problem = info.verify(bytes).err().map(|e| e.to_string());
    Document {
        schema: "smpsim.image/1",
        file: path.display().to_string(),
        size: bytes.len(),
        version: header.version.to_string(),
        load_addr: header.load_addr,
        hdr_size: header.hdr_size,
        protect_tlv_size: header.protect_tlv_size,
        img_size: header.img_size,
        flags: header.flags,
        flag_names: flags::names(header.flags),
        tlvs: info.tlvs.iter().map(|tlv| tlv_document(tlv, bytes)).collect(),
        image_len: info.total_len,
        hashed_len: info.hashed_len,
        behind: bytes.len().saturating_sub(info.total_len as usize),
        sound: problem.is_none(),
        problem,
    }
}

fn tlv_document(tlv: &Tlv, bytes: &[u8]) -> TlvDocument {
    TlvDocument {
        at: tlv.at,
        kind: tlv.kind,
        name: tlv_type::name(tlv.kind),
        len: tlv.len,
        protected: tlv.protected,
        value: hex(tlv.value(bytes)),
    }
}

/// Longest TLV value that is printed whole, hex digits.
const SHOWN_DIGITS: usize = 64;

fn describe(document: &Document) -> String {
    let mut text = format!("{}: MCUboot image {}\n", document.file, document.version);
    let _ = write!(
        text,
        "  header           {} octets, load address {:#x}, flags {:#x}{}\n\
         \u{20}\u{20}body             {} octets\n\
         \u{20}\u{20}protected TLVs   {} octets\n\
         \u{20}\u{20}whole image      {} octets, {} of them hashed; {} octets behind it in the file\n",
        document.hdr_size,
        document.load_addr,
        document.flags,
        if document.flag_names.is_empty() {
            String::new()
        } else {
            format!(" ({})", document.flag_names.join(", "))
        },
        document.img_size,
        document.protect_tlv_size,
        document.image_len,
        document.hashed_len,
        document.behind,
    );
    for tlv in &document.tlvs {
        let value = match tlv.value.get(..SHOWN_DIGITS) {
            Some(start) if tlv.value.len() > SHOWN_DIGITS => format!("{start}..."),
            _ => tlv.value.clone(),
        };
        let _ = writeln!(
            text,
            "  TLV {:#06x} {:<12} {:>3} octets at {:<7}{} {value}",
            tlv.kind,
            tlv.name.unwrap_or("unknown"),
            tlv.len,
            tlv.at,
            if tlv.protected { " protected" } else { "" },
        );
    }
    let _ = match &document.problem {
        None => writeln!(text, "  sound: the hash matches"),
        Some(problem) => writeln!(text, "  not sound: {problem}"),
    };
    text
}
