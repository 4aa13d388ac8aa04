//! `smpsim.image/1`: what there is to know of the images in a file.

use flash_model::{
    Area, BootConfig, BootMode, Flag, Geometry, HashAlgorithm, ImageInfo, KeyKind, Layout, Magic,
    SlotFile, SwapType, Tlv, TlvValue, Trailer, VerifyingKey, flags, tlv_type,
};
use serde::Serialize;
use sim::hex;
use sim::image_file::{ContainedImage, ContainerKind, ManifestFile, trailer};

/// Slot of an nRF52840 DK, which is taken when nothing tells of another.
const DK_SLOT: u32 = Layout::nrf52840dk().primary().len;

/// Write size of the nRF52 flash, for files without a trailer that would tell.
const NRF52_WRITE_SIZE: u32 = 4;

/// What was asked for besides the file.
pub(super) struct Asked {
    pub(super) slot_size: Option<u32>,
    /// With the name of its file.
    pub(super) key: Option<(String, VerifyingKey)>,
}

#[derive(Serialize)]
pub(super) struct Document {
    pub(super) schema: &'static str,
    pub(super) file: String,
    pub(super) container: ContainerKind,
    #[serde(flatten)]
    pub(super) image: ImageDocument,
    pub(super) other_images: Vec<OtherImage>,
}

/// An image besides the first.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum OtherImage {
    Image(Box<ImageDocument>),
    /// Something that is for no MCUboot.
    NoImage(Box<NoImage>),
}

#[derive(Serialize)]
pub(super) struct NoImage {
    pub(super) entry: Option<String>,
    pub(super) base: Option<u32>,
    pub(super) manifest: Option<ManifestFile>,
    pub(super) size: usize,
    pub(super) sound: bool,
    pub(super) problem: String,
}

#[derive(Serialize)]
pub(super) struct ImageDocument {
    /// Name of the entry, in a zip archive.
    pub(super) entry: Option<String>,
    /// Address of the image, in Intel HEX.
    pub(super) base: Option<u32>,
    /// Octets that the Intel HEX file leaves out.
    pub(super) filled: u32,
    pub(super) manifest: Option<ManifestFile>,
    pub(super) size: usize,
    pub(super) version: String,
    pub(super) load_addr: u32,
    pub(super) hdr_size: u16,
    pub(super) protect_tlv_size: u16,
    pub(super) img_size: u32,
    pub(super) flags: u32,
    pub(super) flag_names: Vec<&'static str>,
    pub(super) tlvs: Vec<TlvDocument>,
    pub(super) image_len: u32,
    pub(super) hashed_len: u32,
    /// Octets behind the image: padding, or a trailer.
    pub(super) behind: usize,
    pub(super) hash: Option<HashAlgorithm>,
    pub(super) sound: bool,
    pub(super) problem: Option<String>,
    pub(super) signature: Option<SignatureDocument>,
    pub(super) slot: SlotDocument,
    pub(super) trailer: Option<TrailerDocument>,
}

#[derive(Serialize)]
pub(super) struct TlvDocument {
    pub(super) at: u32,
    #[serde(rename = "type")]
    pub(super) kind: u16,
    pub(super) name: Option<&'static str>,
    pub(super) len: u16,
    pub(super) protected: bool,
    pub(super) value: String,
    /// What the value means, where it is more than octets.
    pub(super) meaning: Option<String>,
    pub(super) problem: Option<String>,
}

/// What `--key` comes to.
#[derive(Serialize)]
pub(super) struct SignatureDocument {
    pub(super) key: String,
    pub(super) kind: KeyKind,
    /// Hash by which an image names the key.
    pub(super) key_hash: String,
    /// Whether the image does; `null` when it names none by hash.
    pub(super) key_hash_matches: Option<bool>,
    pub(super) valid: bool,
    pub(super) problem: Option<String>,
}

/// The slot that the image is held against.
#[derive(Serialize)]
pub(super) struct SlotDocument {
    pub(super) size: u32,
    /// Where the size is from: `option`, `file`, or `nrf52840dk`.
    pub(super) from: &'static str,
    pub(super) write_size: u32,
    pub(super) max_sectors: u32,
    pub(super) limits: Vec<LimitDocument>,
}

/// A rule for the largest image.
#[derive(Serialize)]
pub(super) struct LimitDocument {
    pub(super) rule: &'static str,
    pub(super) limit: u64,
    pub(super) fits: bool,
}

#[derive(Serialize)]
pub(super) struct TrailerDocument {
    pub(super) slot_size: u32,
    /// Spacing of the fields, octets.
    pub(super) max_align: u32,
    pub(super) magic: &'static str,
    pub(super) image_ok: &'static str,
    pub(super) copy_done: &'static str,
    pub(super) swap_info: u8,
    pub(super) swap_type: &'static str,
    pub(super) swap_size: u32,
}

impl Document {
    /// Whether all images are sound, and signed by the key when there is one.
    pub(super) fn is_good(&self) -> bool {
        self.image.is_good()
            && self.other_images.iter().all(|other| match other {
                OtherImage::Image(image) => image.is_good(),
                OtherImage::NoImage(other) => other.sound,
            })
    }
}

impl OtherImage {
    pub(super) fn new(image: ContainedImage, asked: &Asked) -> Self {
        match ImageInfo::parse(&image.bytes) {
            Ok(info) => Self::Image(Box::new(ImageDocument::new(image, &info, asked))),
            Err(e) => Self::NoImage(Box::new(NoImage {
                size: image.bytes.len(),
                entry: image.entry,
                base: image.base,
                manifest: image.manifest,
                sound: false,
                problem: format!("not an MCUboot image: {e}"),
            })),
        }
    }
}

impl ImageDocument {
    pub(super) fn new(image: ContainedImage, info: &ImageInfo, asked: &Asked) -> Self {
        let bytes = &image.bytes;
        let header = &info.header;
        let problem = info.verify(bytes).err().map(|e| e.to_string());
        let trailer = trailer_of(bytes, info, asked.slot_size);
        Self {
            size: bytes.len(),
            version: header.version.to_string(),
            load_addr: header.load_addr,
            hdr_size: header.hdr_size,
            protect_tlv_size: header.protect_tlv_size,
            img_size: header.img_size,
            flags: header.flags,
            flag_names: flags::names(header.flags),
            tlvs: info.tlvs.iter().map(|tlv| TlvDocument::new(tlv, bytes)).collect(),
            image_len: info.total_len,
            hashed_len: info.hashed_len,
            behind: bytes.len().saturating_sub(info.total_len as usize),
            hash: info.hash,
            sound: problem.is_none(),
            problem,
            signature: asked.key.as_ref().map(|key| SignatureDocument::new(info, bytes, key)),
            slot: SlotDocument::new(info, asked.slot_size, trailer.as_ref()),
            trailer,
            entry: image.entry,
            base: image.base,
            filled: image.filled,
            manifest: image.manifest,
        }
    }

    pub(super) fn is_good(&self) -> bool {
        self.sound && self.signature.as_ref().is_none_or(|signature| signature.valid)
    }
}

impl TlvDocument {
    fn new(tlv: &Tlv, bytes: &[u8]) -> Self {
        let value = hex(tlv.value(bytes));
        let (meaning, problem) = match tlv.decode(bytes) {
            Ok(decoded) => (Some(meaning(&decoded)).filter(|text| *text != value), None),
            Err(e) => (None, Some(e.to_string())),
        };
        Self {
            at: tlv.at,
            kind: tlv.kind,
            name: tlv_type::name(tlv.kind),
            len: tlv.len,
            protected: tlv.protected,
            value,
            meaning,
            problem,
        }
    }
}

fn meaning(value: &TlvValue<'_>) -> String {
    match value {
        TlvValue::SecurityCounter(counter) => format!("security counter {counter}"),
        other => other.to_string(),
    }
}

impl SignatureDocument {
    fn new(info: &ImageInfo, bytes: &[u8], (name, key): &(String, VerifyingKey)) -> Self {
        let hash = key.key_hash(info.hash.unwrap_or_default());
        let named = info.tlvs.iter().filter(|tlv| tlv.kind == tlv_type::KEYHASH);
        let named: Vec<_> = named.map(|tlv| tlv.value(bytes) == hash.as_slice()).collect();
        let problem = info.verify_signature(bytes, key).err().map(|e| e.to_string());
        Self {
            key: name.clone(),
            kind: key.kind(),
            key_hash: hex(hash.as_slice()),
            key_hash_matches: (!named.is_empty()).then(|| named.contains(&true)),
            valid: problem.is_none(),
            problem,
        }
    }
}

impl SlotDocument {
    fn new(info: &ImageInfo, asked: Option<u32>, trailer: Option<&TrailerDocument>) -> Self {
        let good = trailer.filter(|trailer| trailer.magic == name_of_magic(Magic::Good));
        let (size, from) = match (asked, good) {
            (Some(size), _) => (size, "option"),
            (None, Some(trailer)) => (trailer.slot_size, "file"),
            (None, None) => (DK_SLOT, "nrf52840dk"),
        };
        // A trailer with fields 8 octets apart is that of any flash up to this write size.
        let wide = good.map(|trailer| trailer.max_align).filter(|align| *align > 8);
        let write_size = wide.unwrap_or(NRF52_WRITE_SIZE);
        let imgtool = SlotFile::new(size, write_size);
        let modes = MODES.map(|mode| (mode.name(), boot_limit(mode, size, write_size)));
        let rules = [("imgtool", imgtool.limit())].into_iter().chain(modes);
        let len = u64::from(info.total_len);
        let limit = |(rule, limit)| LimitDocument { rule, limit, fits: len <= limit };
        let limits = rules.map(limit).collect();
        Self { size, from, write_size, max_sectors: imgtool.max_sectors, limits }
    }
}

/// The ways of updating that set limits of their own; the others share these.
const MODES: [BootMode; 5] = [
    BootMode::SwapMove,
    BootMode::SwapOffset,
    BootMode::SwapScratch,
    BootMode::OverwriteOnly { fast: true },
    BootMode::DirectXip { revert: false },
];

/// The largest image that a boot loader with two such slots takes.
fn boot_limit(mode: BootMode, size: u32, write_size: u32) -> u64 {
    const PAGE: u32 = 0x1000;
    if size < PAGE {
        return 0;
    }
    let geometry = Geometry { size, page: PAGE, write_size };
    let slots = [Area::new(0, size); 2];
    let layout = Layout { slots, ..Layout::nrf52840dk() };
    let config = BootConfig { mode, ..BootConfig::default() };
    u64::from(config.max_image_len(&layout, &geometry))
}

/// The trailer, when the file reaches to the end of its slot and there is something behind the
/// image.
fn trailer_of(bytes: &[u8], info: &ImageInfo, asked: Option<u32>) -> Option<TrailerDocument> {
    let slot_size = asked.map_or(bytes.len(), |size| size as usize);
    let slot = bytes.get(..slot_size)?;
    if slot.len() <= info.total_len as usize {
        return None;
    }
    let (trailer, max_align) = trailer(slot)?;
    Some(TrailerDocument::new(trailer, slot_size as u32, max_align))
}

impl TrailerDocument {
    fn new(trailer: Trailer, slot_size: u32, max_align: u32) -> Self {
        Self {
            slot_size,
            max_align,
            magic: name_of_magic(trailer.magic),
            image_ok: name_of_flag(trailer.image_ok),
            copy_done: name_of_flag(trailer.copy_done),
            swap_info: trailer.swap_info,
            swap_type: match SwapType::from_swap_info(trailer.swap_info) {
                SwapType::None => "none",
                SwapType::Test => "test",
                SwapType::Perm => "perm",
                SwapType::Revert => "revert",
            },
            swap_size: trailer.swap_size,
        }
    }
}

fn name_of_magic(magic: Magic) -> &'static str {
    match magic {
        Magic::Good => "good",
        Magic::Unset => "unset",
        Magic::Bad => "bad",
    }
}

fn name_of_flag(flag: Flag) -> &'static str {
    match flag {
        Flag::Set => "set",
        Flag::Unset => "unset",
        Flag::Bad => "bad",
    }
}
