//! Images made by imgtool, beside a document that states what is in them.

use super::difference::{Difference, same};
use super::{Companions, FileResult, ReadError};
use crate::report::hex;
use flash_model::{
    Area, Field, Geometry, HashAlgorithm, ImageError, ImageHeader, ImageInfo, TrailerMap,
    VerifyingKey, generated_body, tlv_type,
};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

/// Whether the document describes such images.
pub(super) fn recognises(document: &Value) -> bool {
    let images = document["images"].as_array();
    images.is_some_and(|images| images.iter().any(|image| image.get("file").is_some()))
}

/// Fields that say how an image came about or where it lies: nothing in its octets.
const ABOUT: [&str; 5] = ["name", "file", "note", "imgtool_args", "public_key"];

/// Takes each image apart and compares every field. An image is a case.
pub(super) fn check(document: &Value, companions: Companions<'_>) -> Result<FileResult, ReadError> {
    let mut result = FileResult { kind: "images made by imgtool", ..FileResult::default() };
    for (n, image) in document["images"].as_array().into_iter().flatten().enumerate() {
        let case = image["name"].as_str().map_or_else(|| format!("image {}", n + 1), str::to_owned);
        let read = |key: &str| match image[key].as_str() {
            Some(name) => companions(name)
                .map(Some)
                .ok_or_else(|| ReadError::NoCompanion { name: name.to_owned() }),
            None => Ok(None),
        };
        match compare(image, read("file")?.as_deref(), read("public_key")?.as_deref()) {
            Ok(()) => result.passed += 1,
            Err(difference) => result.failures.push(difference.of(&case)),
        }
    }
    Ok(result)
}

fn compare(
    expected: &Value,
    bytes: Option<&[u8]>,
    public_key: Option<&[u8]>,
) -> Result<(), Difference> {
    let (Some(expected), Some(bytes)) = (expected.as_object(), bytes) else {
        return Err(Difference::new("file", "an object with the name of a file", expected));
    };
    let key = public_key.map(read_key).transpose()?;
    let found = taken_apart(expected, bytes, key.as_ref())
        .map_err(|problem| Difference::new("image", "an image that can be taken apart", problem))?;
    let stated =
        expected.iter().filter(|(name, value)| !ABOUT.contains(&name.as_str()) && !value.is_null());
    for (name, value) in stated {
        field(name, value, found.get(name).unwrap_or(&Value::Null))?;
    }
    // What is in the image and not in the document.
    for (name, value) in &found {
        if expected.get(name).is_none_or(Value::is_null) {
            return Err(Difference::new(name, "not stated", value));
        }
    }
    Ok(())
}

/// Goes down to the first field that differs.
fn field(place: &str, expected: &Value, got: &Value) -> Result<(), Difference> {
    match (expected, got) {
        (Value::Object(e), Value::Object(g)) if e.keys().eq(g.keys()) => {
            e.iter().try_for_each(|(name, e)| field(&format!("{place}.{name}"), e, &g[name]))
        }
        (Value::Array(e), Value::Array(g)) if e.len() == g.len() => {
            let mut pairs = e.iter().zip(g).enumerate();
            pairs.try_for_each(|(n, (e, g))| field(&format!("{place}[{n}]"), e, g))
        }
        _ => same(place, expected, got),
    }
}

fn read_key(pem: &[u8]) -> Result<VerifyingKey, Difference> {
    let bad = |problem: String| Difference::new("public_key", "a public key in PEM", problem);
    let text = str::from_utf8(pem).map_err(|e| bad(e.to_string()))?;
    VerifyingKey::from_pem(text).map_err(|e| bad(e.to_string()))
}

/// What the octets say, in the document's form.
fn taken_apart(
    expected: &Map<String, Value>,
    bytes: &[u8],
    key: Option<&VerifyingKey>,
) -> Result<Map<String, Value>, ImageError> {
    let info = ImageInfo::parse(bytes)?;
    let mut found = Map::new();
    let mut set = |name: &str, value: Value| drop(found.insert(name.to_owned(), value));
    if let Some(body) = expected.get("body") {
        set("body", self::body(body, &info, bytes));
    }
    set("header", header(&info.header));
    let protected = u32::from(info.header.protect_tlv_size);
    if protected > 0 {
        let off = info.hashed_len - protected;
        set("prot_tlv_info", json!({ "off": off, "magic": "6908", "total": protected }));
    }
    let total = info.total_len - info.hashed_len;
    set("tlv_info", json!({ "off": info.hashed_len, "magic": "6907", "total": total }));
    set("tlvs", tlvs(&info, bytes));
    set("image_total_size", info.total_len.into());
    set("hash_coverage", json!([0, info.hashed_len]));
    let covered = &bytes[..info.hashed_len as usize];
    for algorithm in HashAlgorithm::ALL {
        let name = format!("{}_of_coverage", algorithm.name().to_lowercase().replace('-', ""));
        if expected.contains_key(&name) {
            set(&name, hex(algorithm.hash(covered).as_slice()).into());
        }
    }
    set("file_size", bytes.len().into());
    set("file_sha256", hex(&Sha256::digest(bytes)).into());
    set("verify", verify(&info, bytes, key));
    // The spacing cannot be seen in an image, only that the trailer fits it.
    let max_align = expected.get("max_align").and_then(Value::as_u64);
    let max_align = max_align.filter(|align| matches!(align, 8 | 16 | 32)).unwrap_or(8) as u32;
    set("max_align", max_align.into());
    if bytes.len() > info.total_len as usize {
        set("trailer", trailer(&info, bytes, max_align));
    }
    Ok(found)
}

fn header(header: &ImageHeader) -> Value {
    let v = header.version;
    json!({
        "magic": format!("{:x}", ImageHeader::MAGIC),
        "load_addr": header.load_addr,
        "hdr_size": header.hdr_size,
        "protect_tlv_size": header.protect_tlv_size,
        "img_size": header.img_size,
        "flags": header.flags,
        "version": v.to_string(),
        "version_fields": [v.major, v.minor, v.revision, v.build],
    })
}

fn tlvs(info: &ImageInfo, bytes: &[u8]) -> Value {
    let entries = info.tlvs.iter().map(|tlv| {
        json!({
            "off": tlv.at,
            "type": tlv.kind,
            "name": tlv_type::name(tlv.kind),
            "len": tlv.len,
            "protected": tlv.protected,
            "value": hex(tlv.value(bytes)),
        })
    });
    entries.collect()
}

/// The stated rule, if the body follows it.
fn body(stated: &Value, info: &ImageInfo, bytes: &[u8]) -> Value {
    let len = info.header.img_size;
    let start = usize::from(info.header.hdr_size);
    let seed = stated["seed"].as_u64().and_then(|seed| u32::try_from(seed).ok());
    let follows = |seed: &u32| {
        bytes[start..].iter().copied().take(len as usize).eq(generated_body(len, *seed))
    };
    json!({ "len": len, "seed": seed.filter(follows) })
}

/// What `imgtool verify` prints (`main.py`, `verify`).
fn verify(info: &ImageInfo, bytes: &[u8], key: Option<&VerifyingKey>) -> Value {
    if info.verify(bytes).is_err() {
        return json!(["Image has an invalid hash"]);
    }
    if key.is_some_and(|key| info.verify_signature(bytes, key).is_err()) {
        return json!(["No signature found for the given key"]);
    }
    let digest = info.tlvs.iter().find(|tlv| HashAlgorithm::of_tlv(tlv.kind).is_some());
    let digest = digest.map(|tlv| hex(tlv.value(bytes))).unwrap_or_default();
    json!([
        "Image was correctly validated",
        format!("Image version: {}", info.header.version),
        format!("Image digest: {digest}"),
    ])
}

/// The trailer of a file as long as its slot.
fn trailer(info: &ImageInfo, bytes: &[u8], max_align: u32) -> Value {
    let len = bytes.len() as u32;
    let room = len - info.total_len;
    let geometry = Geometry { size: len, page: len, write_size: max_align };
    if room < 16 + 6 * max_align {
        let blank = bytes[info.total_len as usize..].iter().all(|&octet| octet == 0xff);
        return json!({ "padding_all_ff": blank });
    }
    let map = TrailerMap::new(Area::new(0, len), &geometry);
    let octet = |field: Field| bytes[map.at(field) as usize];
    let magic = map.at(Field::Magic) as usize;
    let flags = [Field::ImageOk, Field::CopyDone, Field::SwapInfo].map(|f| map.at(f) as usize);
    let padding = info.total_len as usize..magic;
    let all_ff = padding.into_iter().all(|at| bytes[at] == 0xff || flags.contains(&at));
    json!({
        "magic": hex(&bytes[magic..]),
        "magic_off": magic,
        "image_ok_off": map.at(Field::ImageOk),
        "image_ok": octet(Field::ImageOk),
        "copy_done_off": map.at(Field::CopyDone),
        "copy_done": octet(Field::CopyDone),
        "swap_info_off": map.at(Field::SwapInfo),
        "swap_info": octet(Field::SwapInfo),
        "swap_size_off": map.at(Field::SwapSize),
        "padding_all_ff": all_ff,
    })
}
