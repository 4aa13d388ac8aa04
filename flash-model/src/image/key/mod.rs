//! Keys that sign images and verify their signatures.
//!
//! imgtool `keys/`; MCUboot `image_ecdsa.c`, `image_rsa.c`, `image_ed25519.c`.

mod kind;
mod pem;
mod signing;
mod verifying;

pub use kind::{KeyError, KeyKind, PublicKeyFormat};
pub use signing::{SignError, SigningKey};
pub use verifying::VerifyingKey;
