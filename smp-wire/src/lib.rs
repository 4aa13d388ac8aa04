//! The Simple Management Protocol (SMP) of `MCUmgr` on the wire: the frame header, the CBOR bodies
//! of each management group, and the error codes.
//! It keeps no state, knows no time and does no IO: bytes come in as slices and go out into the
//! caller's `Vec`.
//!
//! Two readings of a body exist, and every `decode` says which it follows:
//!
//! - **The server's** (requests): what Zephyr's `zcbor_map_decode_bulk` takes, down to what it
//!   refuses. Definite and indefinite maps, any key order, unknown keys skipped; a known key twice,
//!   of the wrong type or out of range refuses the whole body.
//! - **The client's** (responses): as tolerant as CBOR allows, because clients meet servers of all
//!   ages: a repeated key overwrites, what is missing is `None`, integers may have any width.
//!
//! A frame is written in three steps: [`begin`] appends the header, a body appends itself,
//! [`header::put_len`] fixes the length.
//!
//! ```
//! use smp_wire::{begin, cbor::MapForm, group, header, os::EchoRequest};
//!
//! let mut frame = Vec::new();
//! begin(&mut frame, header::Header::request(header::OP_WRITE, group::OS, group::os::ECHO, 5));
//! EchoRequest { d: b"hi" }.emit(&mut frame, MapForm::Definite);
//! header::put_len(&mut frame);
//! assert_eq!(frame, b"\x02\0\0\x06\0\0\x05\0\xa1\x61d\x62hi");
//! ```

mod single_text;

pub mod cbor;
pub mod enumeration;
pub mod errors;
pub mod fs;
pub mod group;
pub mod header;
pub mod image;
pub mod os;
pub mod serial;
pub mod settings;
pub mod shell;
pub mod stat;

/// Appends the eight bytes of `header`; the body follows, then [`header::put_len`].
pub fn begin(out: &mut Vec<u8>, header: header::Header) {
    out.extend_from_slice(&header.emit());
}
