//! Base64 (RFC 4648, section 4), decoded as leniently as Zephyr does.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Appends the digits of `bytes`, padded to whole quads.
pub(super) fn encode(bytes: &[u8], out: &mut Vec<u8>) {
    for triple in bytes.chunks(3) {
        let mut padded = [0; 4];
        padded[1..=triple.len()].copy_from_slice(triple);
        let bits = u32::from_be_bytes(padded);
        let digit = |n: u32| ALPHABET[(bits >> (18 - 6 * n) & 0x3f) as usize];
        let quad = [digit(0), digit(1), digit(2), digit(3)];
        let used = triple.len() + 1;
        out.extend_from_slice(&quad[..used]);
        out.resize(out.len() + 4 - used, b'=');
    }
}

/// Why digits cannot be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Base64Error {
    /// A character of no meaning, a space between digits, or digits after padding.
    Digit,
    /// The result may be longer than the room for it.
    NoRoom,
}

/// Appends what `digits` stand for to `out`, which may grow by `room` octets at most (Zephyr
/// `base64.c`, `base64_decode`).
///
/// Line ends are skipped, and spaces before them or at the very end. Digits that make no whole quad
/// are checked, counted for the room, and then lost without an error.
pub(super) fn decode(digits: &[u8], room: usize, out: &mut Vec<u8>) -> Result<(), Base64Error> {
    let (count, padding) = check(digits)?;
    if count == 0 {
        return Ok(());
    }
    let longest = (6 * count).div_ceil(8) - padding;
    if longest > room {
        return Err(Base64Error::NoRoom);
    }
    let (mut bits, mut have, mut octets) = (0u32, 0, 3);
    for digit in digits.iter().copied().filter(|digit| !b"\r\n ".contains(digit)) {
        octets -= usize::from(digit == b'=');
        bits = bits << 6 | u32::from(value(digit).unwrap_or(0));
        have += 1;
        if have == 4 {
            out.extend_from_slice(&bits.to_be_bytes()[1..=octets]);
            (bits, have) = (0, 0);
        }
    }
    Ok(())
}

/// How many digits there are, padding included, and how many of them are padding.
fn check(digits: &[u8]) -> Result<(usize, usize), Base64Error> {
    let (mut count, mut padding, mut spaces) = (0, 0, false);
    for (n, &digit) in digits.iter().enumerate() {
        match digit {
            b' ' => {
                spaces = true;
                continue;
            }
            b'\n' => {
                spaces = false;
                continue;
            }
            // Skipped as a part of the line feed that follows; the spaces before it still count.
            b'\r' if digits.get(n + 1) == Some(&b'\n') => {
                spaces = false;
                continue;
            }
            _ if spaces => return Err(Base64Error::Digit),
            b'=' if padding < 2 => padding += 1,
            _ if padding > 0 || value(digit).is_none() => return Err(Base64Error::Digit),
            _ => {}
        }
        count += 1;
    }
    Ok((count, padding))
}

fn value(digit: u8) -> Option<u8> {
    match digit {
        b'A'..=b'Z' => Some(digit - b'A'),
        b'a'..=b'z' => Some(digit - b'a' + 26),
        b'0'..=b'9' => Some(digit - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Base64Error, decode, encode};
    use proptest::prelude::*;

    fn decoded(digits: &[u8], room: usize) -> Result<Vec<u8>, Base64Error> {
        let mut out = Vec::new();
        decode(digits, room, &mut out)?;
        Ok(out)
    }

    #[test]
    fn the_vectors_of_the_rfc_hold_in_both_directions() {
        let vectors: [(&[u8], &[u8]); 7] = [
            (b"", b""),
            (b"f", b"Zg=="),
            (b"fo", b"Zm8="),
            (b"foo", b"Zm9v"),
            (b"foob", b"Zm9vYg=="),
            (b"fooba", b"Zm9vYmE="),
            (b"foobar", b"Zm9vYmFy"),
        ];
        for (bytes, digits) in vectors {
            let mut out = Vec::new();
            encode(bytes, &mut out);
            assert_eq!(out, digits);
            assert_eq!(decoded(digits, bytes.len()).as_deref(), Ok(bytes));
        }
    }

    #[test]
    fn what_makes_no_quad_is_lost_without_an_error_but_needs_room() {
        for (digits, bytes) in [("Zm9vYmE", "foo"), ("Zm9vYm", "foo"), ("Zg=", ""), ("=", "")] {
            assert_eq!(decoded(digits.as_bytes(), 9).as_deref(), Ok(bytes.as_bytes()), "{digits}");
        }
        assert_eq!(decoded(b"Zm9vYmE", 5), Err(Base64Error::NoRoom));
        assert_eq!(decoded(b"Zm9vYmE", 6).as_deref(), Ok(&b"foo"[..]));
    }

    #[test]
    fn line_ends_and_spaces_before_them_are_skipped() {
        for digits in ["Zm9v\n", "Zm9v\r\n", "Zm9v  \r\n", "Zm9v  ", "Zm\nZv", "\nZm9v", "Zm9v \n"]
        {
            assert!(decoded(digits.as_bytes(), 9).is_ok(), "{digits:?}");
        }
    }

    #[test]
    fn other_characters_are_refused() {
        for digits in ["!!!!", "Zm 9v", " Zm9v", "Zm9v\r", "Zm-_", "Zg==Zg==", "Z===", "Zg=A", "\0"]
        {
            assert_eq!(decoded(digits.as_bytes(), 9), Err(Base64Error::Digit), "{digits:?}");
        }
        assert_eq!(decoded(&[0xff; 4], 9), Err(Base64Error::Digit));
    }

    proptest! {
        #[test]
        fn all_bytes_come_back_and_no_digits_exceed_the_room(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            digits in prop::collection::vec(any::<u8>(), 0..200),
            room in 0usize..100,
        ) {
            let mut out = Vec::new();
            encode(&bytes, &mut out);
            prop_assert_eq!(decoded(&out, bytes.len()), Ok(bytes));
            prop_assert!(decoded(&digits, room).map_or(0, |out| out.len()) <= room);
        }
    }
}
