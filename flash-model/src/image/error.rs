//! Why octets are not a good image.

use super::{HashAlgorithm, ImageHeader, KeyKind, tlv_type};

/// Why octets are not a good image, or not one that a boot loader accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// Not even a header.
    #[error("{len} octets are too short for an image header of {}", ImageHeader::LEN)]
    TooShort {
        /// Octets given.
        len: u32,
    },
    /// The first four octets.
    #[error(
        "header field `magic` is {found:#010x}, not {:#010x}{}",
        ImageHeader::MAGIC,
        old_format(*found)
    )]
    BadMagic {
        /// What stands there.
        found: u32,
    },
    /// The header does not fit itself.
    #[error("header field `hdr_size` is {hdr_size}, less than the header's {}", ImageHeader::LEN)]
    HeaderSize {
        /// The field.
        hdr_size: u16,
    },
    /// Header, body and protected TLVs leave the octets given.
    #[error("header, body and protected TLVs end at {end}, behind the {len} octets there are")]
    Truncated {
        /// Where they end by the header.
        end: u64,
        /// Octets given.
        len: u32,
    },
    /// A TLV area does not begin where it must.
    #[error("TLV area at {at} begins with {found:#06x}, not {expected:#06x}")]
    TlvMagic {
        /// Offset in the image.
        at: u32,
        /// What stands there.
        found: u16,
        /// What must stand there.
        expected: u16,
    },
    /// Header and TLV area disagree.
    #[error("header field `protect_tlv_size` is {header}, the protected TLV area says {area}")]
    ProtectedSize {
        /// Size by the header.
        header: u16,
        /// Size by the TLV area.
        area: u16,
    },
    /// A TLV area or entry ends behind what holds it.
    #[error("TLV at {at} does not fit: it ends at {end}, behind {limit}")]
    TlvTooLong {
        /// Offset in the image.
        at: u32,
        /// Where it ends.
        end: u32,
        /// Where it must end at the latest.
        limit: u32,
    },
    /// An entry of fixed length has another one.
    #[error("the {} TLV is {len} octets long, not {expected}", tlv_name(*kind))]
    TlvLength {
        /// Its type.
        kind: u16,
        /// Its length.
        len: u16,
        /// The length of its type.
        expected: u16,
    },
    /// No hash at all.
    #[error("there is no {algorithm} TLV")]
    NoHash {
        /// The hash that is missing.
        algorithm: HashAlgorithm,
    },
    /// The hash is another one.
    #[error("the {algorithm} TLV is not the hash of header, body and protected TLVs")]
    HashMismatch {
        /// The hash that does not match.
        algorithm: HashAlgorithm,
    },
    /// The flags ask for what this boot loader cannot do.
    #[error("header field `flags` is {flags:#x}: encrypted or compressed images are not supported")]
    Unsupported {
        /// The field.
        flags: u32,
    },
    /// The image does not leave enough of the slot to the swap and the trailer.
    #[error("the image is {len} octets long, the boot loader takes {limit} at most")]
    TooLarge {
        /// Length with TLVs.
        len: u32,
        /// Longest accepted.
        limit: u32,
    },
    /// The image carries no signature of the kind asked for.
    #[error("there is no {} TLV: the image is not signed with an {kind} key", kind.tlv_name())]
    NoSignature {
        /// Kind of the key.
        kind: KeyKind,
    },
    /// No signature stands behind an entry that names the key.
    #[error("the image is signed with another key: no {} TLV names this one", tlv_name(*key_tlv))]
    UnknownKey {
        /// The type of entry that names keys.
        key_tlv: u16,
    },
    /// An entry that names a key is longer than any key.
    #[error("the {} TLV is {len} octets long, the boot loader takes {limit} at most", tlv_name(*kind))]
    KeyTooLong {
        /// Its type.
        kind: u16,
        /// Its length.
        len: u16,
        /// Longest accepted.
        limit: u16,
    },
    /// The signature is not one of this image by this key.
    #[error("the {} TLV is not a signature of this image by this key", kind.tlv_name())]
    BadSignature {
        /// Kind of the key.
        kind: KeyKind,
    },
    /// The boot loader wants a signature over the image itself.
    #[error("there is no SIG_PURE TLV that says 1: the signature is not over the image itself")]
    NotPure,
}

/// A type by its name, or as `unknown`.
fn tlv_name(kind: u16) -> &'static str {
    tlv_type::name(kind).unwrap_or("unknown")
}

const fn old_format(magic: u32) -> &'static str {
    if magic == ImageHeader::OLD_MAGIC {
        ": an image of the old format; sign it anew with a current imgtool"
    } else {
        ""
    }
}
