//! Reading keys: PEM around PKCS #8, SEC 1, PKCS #1 and SubjectPublicKeyInfo.

use super::{KeyError, KeyKind};
use p256::pkcs8::der::asn1::AnyRef;
use p256::pkcs8::{ObjectIdentifier, PrivateKeyInfoRef, SubjectPublicKeyInfoRef};
use rsa::pkcs1::{DecodeRsaPrivateKey, DecodeRsaPublicKey};
use rsa::traits::PublicKeyParts;

/// A public key of a supported kind.
#[derive(Clone, Debug)]
pub(super) enum Public {
    EcdsaP256(p256::PublicKey),
    Ed25519(ed25519_dalek::VerifyingKey),
    Rsa(KeyKind, rsa::PublicKey),
}

/// A private key of a supported kind.
#[derive(Clone)]
pub(super) enum Private {
    EcdsaP256(p256::SecretKey),
    Ed25519(Box<ed25519_dalek::SigningKey>),
    Rsa(KeyKind, Box<rsa::PrivateKey>),
}

/// What a PEM file holds.
pub(super) enum Found {
    Public(Public),
    Private(Private),
}

/// RFC 5480, `id-ecPublicKey`.
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// RFC 5480, `secp256r1`.
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
/// RFC 8017, `rsaEncryption`.
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// RFC 8410, `id-Ed25519`.
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

const PRIVATE: &str = "PRIVATE KEY";
const EC_PRIVATE: &str = "EC PRIVATE KEY";
const RSA_PRIVATE: &str = "RSA PRIVATE KEY";
const PUBLIC: &str = "PUBLIC KEY";
const RSA_PUBLIC: &str = "RSA PUBLIC KEY";

/// Reads the key in a PEM file: the forms that `imgtool keygen` and `imgtool getpub` write, and the
/// older ones of OpenSSL.
pub(super) fn read(text: &str) -> Result<Found, KeyError> {
    // `openssl ecparam -genkey` puts the curve into a block of its own before the key.
    let end_of_curve = "-----END EC PARAMETERS-----";
    let text = text.split_once(end_of_curve).map_or(text, |(_, key)| key);
    let (label, der) = pem_rfc7468::decode_vec(text.as_bytes()).map_err(|e| match e {
        pem_rfc7468::Error::HeaderDisallowed => KeyError::Encrypted,
        e => KeyError::NotPem { reason: e.to_string() },
    })?;
    match label {
        PRIVATE => private(&der).map(Found::Private),
        EC_PRIVATE => p256::SecretKey::from_sec1_der(&der)
            .map(|key| Found::Private(Private::EcdsaP256(key)))
            .map_err(|_| KeyError::Malformed { label: "P-256 private key" }),
        RSA_PRIVATE => rsa_private(&der).map(Found::Private),
        PUBLIC => public(&der).map(Found::Public),
        RSA_PUBLIC => rsa_public(&der).map(Found::Public),
        "ENCRYPTED PRIVATE KEY" => Err(KeyError::Encrypted),
        label => Err(KeyError::Label { label: label.to_owned() }),
    }
}

fn private(der: &[u8]) -> Result<Private, KeyError> {
    let malformed = || KeyError::Malformed { label: PRIVATE };
    let info = PrivateKeyInfoRef::try_from(der).map_err(|_| malformed())?;
    match info.algorithm.oid {
        EC => {
            expect_p256(info.algorithm.parameters)?;
            info.try_into().map(Private::EcdsaP256).map_err(|_| malformed())
        }
        ED25519 => {
            let key = ed25519_dalek::SigningKey::try_from(info).map_err(|_| malformed())?;
            Ok(Private::Ed25519(Box::new(key)))
        }
        RSA => rsa_private(info.private_key.as_bytes()),
        other => Err(unsupported(other)),
    }
}

fn public(der: &[u8]) -> Result<Public, KeyError> {
    let malformed = || KeyError::Malformed { label: PUBLIC };
    let info = SubjectPublicKeyInfoRef::try_from(der).map_err(|_| malformed())?;
    match info.algorithm.oid {
        EC => {
            expect_p256(info.algorithm.parameters)?;
            info.try_into().map(Public::EcdsaP256).map_err(|_| malformed())
        }
        ED25519 => info.try_into().map(Public::Ed25519).map_err(|_| malformed()),
        RSA => rsa_public(info.subject_public_key.as_bytes().ok_or_else(malformed)?),
        other => Err(unsupported(other)),
    }
}

fn rsa_private(der: &[u8]) -> Result<Private, KeyError> {
    let key = rsa::PrivateKey::from_pkcs1_der(der)
        .map_err(|_| KeyError::Malformed { label: RSA_PRIVATE })?;
    let kind = rsa_kind(&key)?;
    Ok(Private::Rsa(kind, Box::new(key)))
}

fn rsa_public(der: &[u8]) -> Result<Public, KeyError> {
    let key = rsa::PublicKey::from_pkcs1_der(der)
        .map_err(|_| KeyError::Malformed { label: RSA_PUBLIC })?;
    Ok(Public::Rsa(rsa_kind(&key)?, key))
}

fn rsa_kind(key: &impl PublicKeyParts) -> Result<KeyKind, KeyError> {
    match key.n().bit_width() {
        2048 => Ok(KeyKind::Rsa2048),
        3072 => Ok(KeyKind::Rsa3072),
        bits => Err(KeyError::Algorithm { algorithm: format!("RSA-{bits}") }),
    }
}

fn expect_p256(curve: Option<AnyRef<'_>>) -> Result<(), KeyError> {
    match curve.and_then(|curve| curve.decode_as::<ObjectIdentifier>().ok()) {
        Some(P256) => Ok(()),
        Some(other) => Err(unsupported(other)),
        None => Err(KeyError::Malformed { label: "P-256 key" }),
    }
}

/// Names the algorithms that imgtool knows besides.
fn unsupported(oid: ObjectIdentifier) -> KeyError {
    let text = oid.to_string();
    let algorithm = match text.as_str() {
        "1.3.132.0.34" => "ECDSA P-384".to_owned(),
        "1.3.101.110" => "X25519 (which encrypts and does not sign)".to_owned(),
        _ => text,
    };
    KeyError::Algorithm { algorithm }
}

impl Private {
    pub(super) fn public(&self) -> Public {
        match self {
            Self::EcdsaP256(key) => Public::EcdsaP256(key.public_key()),
            Self::Ed25519(key) => Public::Ed25519(key.verifying_key()),
            Self::Rsa(kind, key) => Public::Rsa(*kind, key.to_public_key()),
        }
    }
}
