//! Types of TLV entries (MCUboot `image.h`, `IMAGE_TLV_*`).

use core::ops::RangeInclusive;

/// Hash of the public key that a signature is verified with.
pub const KEYHASH: u16 = 0x01;
/// The public key itself.
pub const PUBKEY: u16 = 0x02;
/// SHA-256 of header, body and protected TLVs.
pub const SHA256: u16 = 0x10;
/// SHA-384 of the same.
pub const SHA384: u16 = 0x11;
/// SHA-512 of the same.
pub const SHA512: u16 = 0x12;
/// Signature: RSA-2048 with PSS padding.
pub const RSA2048_PSS: u16 = 0x20;
/// Signature: ECDSA, DER.
pub const ECDSA_SIG: u16 = 0x22;
/// Signature: RSA-3072 with PSS padding.
pub const RSA3072_PSS: u16 = 0x23;
/// Signature: Ed25519.
pub const ED25519: u16 = 0x24;
/// Says that the signature is over the image and not over its hash.
pub const SIG_PURE: u16 = 0x25;
/// Image key, encrypted with RSA-OAEP-2048.
pub const ENC_RSA2048: u16 = 0x30;
/// Image key, wrapped with AES.
pub const ENC_KW: u16 = 0x31;
/// Image key, encrypted with ECIES over P-256.
pub const ENC_EC256: u16 = 0x32;
/// Image key, encrypted with ECIES over X25519.
pub const ENC_X25519: u16 = 0x33;
/// The same with HMAC-SHA-512.
pub const ENC_X25519_SHA512: u16 = 0x34;
/// Another image that must have a version at least.
pub const DEPENDENCY: u16 = 0x40;
/// Security counter.
pub const SEC_CNT: u16 = 0x50;
/// Measured boot record, CBOR.
pub const BOOT_RECORD: u16 = 0x60;
/// Octets of the body when decompressed.
pub const DECOMP_SIZE: u16 = 0x70;
/// Hash of the decompressed image.
pub const DECOMP_SHA: u16 = 0x71;
/// Signature of the decompressed image.
pub const DECOMP_SIGNATURE: u16 = 0x72;
/// Octets of a compressed body when decrypted, without padding.
pub const COMP_DEC_SIZE: u16 = 0x73;
/// Who made the device.
pub const UUID_VID: u16 = 0x74;
/// What class of device the image is for.
pub const UUID_CID: u16 = 0x75;

/// The types that imgtool takes for entries of one's own (`--custom-tlv`).
pub const CUSTOM: RangeInclusive<u16> = 0x00a0..=0xfffe;

/// What MCUboot calls a type, without its prefix; `vendor` for the types left to vendors (`xxA0` to
/// `xxFF`, the wildcard 0xffff excepted).
pub const fn name(kind: u16) -> Option<&'static str> {
    Some(match kind {
        KEYHASH => "KEYHASH",
        PUBKEY => "PUBKEY",
        SHA256 => "SHA256",
        SHA384 => "SHA384",
        SHA512 => "SHA512",
        RSA2048_PSS => "RSA2048_PSS",
        ECDSA_SIG => "ECDSA_SIG",
        RSA3072_PSS => "RSA3072_PSS",
        ED25519 => "ED25519",
        SIG_PURE => "SIG_PURE",
        ENC_RSA2048 => "ENC_RSA2048",
        ENC_KW => "ENC_KW",
        ENC_EC256 => "ENC_EC256",
        ENC_X25519 => "ENC_X25519",
        ENC_X25519_SHA512 => "ENC_X25519_SHA512",
        DEPENDENCY => "DEPENDENCY",
        SEC_CNT => "SEC_CNT",
        BOOT_RECORD => "BOOT_RECORD",
        DECOMP_SIZE => "DECOMP_SIZE",
        DECOMP_SHA => "DECOMP_SHA",
        DECOMP_SIGNATURE => "DECOMP_SIGNATURE",
        COMP_DEC_SIZE => "COMP_DEC_SIZE",
        UUID_VID => "UUID_VID",
        UUID_CID => "UUID_CID",
        0xffff => return None,
        _ if kind & 0xff >= 0xa0 => "vendor",
        _ => return None,
    })
}
