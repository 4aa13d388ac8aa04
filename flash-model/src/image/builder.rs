//! Making images as `imgtool sign` does.

use super::tlv::{INFO_MAGIC, PROTECTED_MAGIC};
use super::write::{TlvOverflow, TlvWriter};
use super::{
    Dependency, HashAlgorithm, ImageHeader, ImageVersion, KeyKind, PublicKeyFormat, SignError,
    SigningKey, flags, tlv_type,
};

/// What goes into an image besides its body. Layout and order of the TLVs are those of imgtool
/// (`image.py`, `Image.create`); whatever is left out is not in the image.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageBuilder {
    /// Version.
    pub version: ImageVersion,
    /// Octets from the start to the body, 32 at least.
    pub hdr_size: u16,
    /// Whether 0xff fills the header behind its fields (`--pad-header`), or zeros as the linker of
    /// an application puts there.
    pub pad_header: bool,
    /// Address in RAM that the boot loader copies the image to; 0 for none (`--load-addr`).
    pub load_addr: u32,
    /// Address in flash that the image is linked for; 0 for none (`--rom-fixed`).
    pub rom_fixed: u32,
    /// Whether the image must not be booted (`--non-bootable`).
    pub non_bootable: bool,
    /// Security counter (`--security-counter`).
    pub security_counter: Option<u32>,
    /// Other images that this one needs (`--dependencies`).
    pub dependencies: Vec<Dependency>,
    /// Who made the device (`--vid`).
    pub vendor_id: Option<[u8; 16]>,
    /// What class of device the image is for (`--cid`).
    pub class_id: Option<[u8; 16]>,
    /// Protected entries of one's own, type and value (`--custom-tlv`).
    pub custom_tlvs: Vec<(u16, Vec<u8>)>,
    /// The hash to carry (`--sha`).
    pub hash: HashAlgorithm,
    /// The key that signs (`--key`).
    pub key: Option<SigningKey>,
    /// How the image names that key (`--public-key-format`).
    pub key_format: PublicKeyFormat,
    /// Whether the signature is over the image instead of its hash (`--pure`), which takes an
    /// Ed25519 key and SHA-512.
    pub pure: bool,
}

/// Why an image cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// No room for the header.
    #[error("a header size of {hdr_size} is less than the header's {}", ImageHeader::LEN)]
    HeaderSize {
        /// Header size asked for.
        hdr_size: u16,
    },
    /// The header has one field for both addresses.
    #[error("an image has a load address or a fixed address in flash, not both")]
    TwoAddresses,
    /// The body's length does not fit its field.
    #[error("a body of {len} octets is too long for an image")]
    BodyTooLong {
        /// Octets of the body.
        len: usize,
    },
    /// A type that is not for one's own entries.
    #[error(
        "{kind:#06x} is not a type for custom TLVs: {:#06x} to {:#06x} are",
        tlv_type::CUSTOM.start(),
        tlv_type::CUSTOM.end()
    )]
    CustomType {
        /// The type.
        kind: u16,
    },
    /// A type given twice.
    #[error("the custom TLV {kind:#06x} is there twice")]
    CustomTwice {
        /// The type.
        kind: u16,
    },
    /// The length of an area or entry does not fit its field.
    #[error("the TLVs are too long together: an area has 65535 octets at most")]
    TlvsTooLong,
    /// The key does not sign such hashes.
    #[error("an {kind} key does not sign images with {hash}")]
    HashForKey {
        /// Kind of the key.
        kind: KeyKind,
        /// The hash asked for.
        hash: HashAlgorithm,
    },
    /// Only one combination signs the image itself.
    #[error("a signature over the image itself takes an Ed25519 key and SHA-512")]
    Pure,
    /// The key does not work.
    #[error(transparent)]
    Sign(#[from] SignError),
}

impl From<TlvOverflow> for BuildError {
    fn from(TlvOverflow: TlvOverflow) -> Self {
        Self::TlvsTooLong
    }
}

/// Header of 0x200 octets, zeros behind its fields, SHA-256, no signature.
impl Default for ImageBuilder {
    fn default() -> Self {
        Self {
            version: ImageVersion::default(),
            hdr_size: 0x200,
            pad_header: false,
            load_addr: 0,
            rom_fixed: 0,
            non_bootable: false,
            security_counter: None,
            dependencies: Vec::new(),
            vendor_id: None,
            class_id: None,
            custom_tlvs: Vec::new(),
            hash: HashAlgorithm::default(),
            key: None,
            key_format: PublicKeyFormat::default(),
            pure: false,
        }
    }
}

impl ImageBuilder {
    /// The image around a body: header, body, protected TLVs, TLVs.
    pub fn build(&self, body: impl ExactSizeIterator<Item = u8>) -> Result<Vec<u8>, BuildError> {
        self.check()?;
        let len = body.len();
        let protected = self.protected()?;
        let header = ImageHeader {
            load_addr: if self.rom_fixed == 0 { self.load_addr } else { self.rom_fixed },
            hdr_size: self.hdr_size,
            protect_tlv_size: protected.len()?,
            img_size: u32::try_from(len).map_err(|_| BuildError::BodyTooLong { len })?,
            flags: self.flags(),
            version: self.version,
        };
        let mut image = Vec::with_capacity(usize::from(self.hdr_size) + len + 1024);
        image.extend_from_slice(&header.emit());
        let fill = if self.pad_header { 0xff } else { 0 };
        image.resize(usize::from(self.hdr_size), fill);
        image.extend(body);
        protected.append_to(&mut image);
        self.tlvs(&image)?.append_to(&mut image);
        Ok(image)
    }

    fn check(&self) -> Result<(), BuildError> {
        if u32::from(self.hdr_size) < ImageHeader::LEN {
            return Err(BuildError::HeaderSize { hdr_size: self.hdr_size });
        }
        if self.load_addr != 0 && self.rom_fixed != 0 {
            return Err(BuildError::TwoAddresses);
        }
        for (n, &(kind, _)) in self.custom_tlvs.iter().enumerate() {
            if !tlv_type::CUSTOM.contains(&kind) {
                return Err(BuildError::CustomType { kind });
            }
            if self.custom_tlvs[..n].iter().any(|&(other, _)| other == kind) {
                return Err(BuildError::CustomTwice { kind });
            }
        }
        let (kind, hash) = (self.key.as_ref().map(SigningKey::kind), self.hash);
        match kind {
            Some(KeyKind::Ed25519) if self.pure && hash == HashAlgorithm::Sha512 => Ok(()),
            _ if self.pure => Err(BuildError::Pure),
            Some(kind) if !kind.signs(hash) => Err(BuildError::HashForKey { kind, hash }),
            _ => Ok(()),
        }
    }

    fn flags(&self) -> u32 {
        [
            (self.load_addr != 0, flags::RAM_LOAD),
            (self.rom_fixed != 0, flags::ROM_FIXED),
            (self.non_bootable, flags::NON_BOOTABLE),
        ]
        .into_iter()
        .filter_map(|(set, flag)| set.then_some(flag))
        .sum()
    }

    /// The entries that the hash covers.
    fn protected(&self) -> Result<TlvWriter, BuildError> {
        let mut area = TlvWriter::new(PROTECTED_MAGIC);
        if let Some(counter) = self.security_counter {
            area.add(tlv_type::SEC_CNT, &counter.to_le_bytes())?;
        }
        for dependency in &self.dependencies {
            area.add(tlv_type::DEPENDENCY, &dependency.emit())?;
        }
        if let Some(id) = &self.vendor_id {
            area.add(tlv_type::UUID_VID, id)?;
        }
        if let Some(id) = &self.class_id {
            area.add(tlv_type::UUID_CID, id)?;
        }
        for (kind, value) in &self.custom_tlvs {
            area.add(*kind, value)?;
        }
        Ok(area)
    }

    /// The entries about everything before them: hash, key, signature.
    fn tlvs(&self, image: &[u8]) -> Result<TlvWriter, BuildError> {
        let hash = self.hash.hash(image);
        let mut area = TlvWriter::new(INFO_MAGIC);
        area.add(self.hash.tlv_type(), hash.as_slice())?;
        let Some(key) = &self.key else { return Ok(area) };
        if self.pure {
            area.add(tlv_type::SIG_PURE, &[1])?;
        }
        let public = key.verifying_key();
        match self.key_format {
            PublicKeyFormat::Hash => {
                area.add(tlv_type::KEYHASH, public.key_hash(self.hash).as_slice())?;
            }
            PublicKeyFormat::Full => area.add(tlv_type::PUBKEY, public.octets())?,
        }
        let signature = key.sign(if self.pure { image } else { hash.as_slice() })?;
        area.add(key.kind().tlv_type(), &signature)?;
        Ok(area)
    }
}
