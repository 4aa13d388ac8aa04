//! Octets as logs show them.

/// Why a text is not taken as octets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HexError {
    /// A character that is no hex digit.
    #[error(
        "character {at}: {found:?} is no hex digit; spaces, dashes, colons and 0x may stand between"
    )]
    Digit {
        /// Place, counted from 1.
        at: usize,
        /// The character.
        found: char,
    },
    /// Half an octet is left over.
    #[error("{0} hex digits are an odd number; an octet has two")]
    Odd(usize),
    /// Nothing there.
    #[error("no octets given")]
    Empty,
}

/// Reads octets from hex, with spaces, dashes, colons or `0x` between.
///
/// # Errors
/// When something else stands there.
pub fn parse_hex(text: &str) -> Result<Vec<u8>, HexError> {
    let mut digits = Vec::with_capacity(text.len());
    let chars: Vec<char> = text.chars().collect();
    for (i, &c) in chars.iter().enumerate() {
        match c {
            '-' | ':' | ',' => {}
            c if c.is_whitespace() => {}
            'x' | 'X' if i > 0 && chars[i - 1] == '0' => {
                digits.pop();
            }
            c => match c.to_digit(16) {
                Some(digit) => digits.push(digit as u8),
                None => return Err(HexError::Digit { at: i + 1, found: c }),
            },
        }
    }
    if digits.is_empty() {
        return Err(HexError::Empty);
    }
    if digits.len() % 2 == 1 {
        return Err(HexError::Odd(digits.len()));
    }
    Ok(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::parse_hex;

    #[test]
    fn hex_of_logs_is_read_as_it_is_pasted() {
        let plain = parse_hex("0300000600").expect("hex");
        for text in ["(0x) 03-00-00-06-00", "0x0300000600", "03:00:00 06\n00"] {
            let text = text.replace(['(', ')'], "");
            assert_eq!(parse_hex(&text).expect("hex"), plain, "{text}");
        }
        assert!(parse_hex("0g").unwrap_err().to_string().contains("character 2"));
        assert!(parse_hex("123").unwrap_err().to_string().contains("odd"));
        assert!(parse_hex("  ").is_err());
    }
}
