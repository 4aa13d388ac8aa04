//! A command line in words, as the shell splits it.

/// One word of a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: Vec<u8>,
    /// The quotation mark that nothing closes.
    pub(super) open: Option<u8>,
}

/// Whether C's `isspace` takes it for white space.
pub(super) const fn is_space(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t'..=b'\r')
}

/// Takes the next word off a line; `None` at its end (Zephyr `shell_utils.c`, `z_shell_make_argv`).
pub(super) fn take_word(line: &mut &[u8]) -> Option<Word> {
    let start = line.iter().position(|&octet| !is_space(octet))?;
    let mut rest = &line[start..];
    let mut word = Word { text: Vec::new(), open: None };
    while let Some((&octet, behind)) = rest.split_first() {
        match word.open {
            None if is_space(octet) => break,
            None if octet == b'\\' => {
                let escaped = behind.split_first();
                word.text.extend(escaped.map(|(&octet, _)| octet));
                rest = escaped.map_or(behind, |(_, behind)| behind);
                continue;
            }
            None if matches!(octet, b'\'' | b'"') => word.open = Some(octet),
            Some(mark) if mark == octet => word.open = None,
            Some(mark) if octet == b'\\' => {
                let (octet, behind) = quoted_escape(behind, mark);
                word.text.push(octet);
                rest = behind;
                continue;
            }
            _ => word.text.push(octet),
        }
        rest = behind;
    }
    *line = rest;
    Some(word)
}

/// What a backslash between quotation marks stands for: the mark, an octet as `\0` and up to three
/// octal digits or as `\x` and up to two hexadecimal ones, and else itself.
fn quoted_escape(behind: &[u8], mark: u8) -> (u8, &[u8]) {
    let digits = |radix: u32, most: usize| {
        let digits = behind[1..].iter().take(most);
        let values = digits.map_while(|&octet| char::from(octet).to_digit(radix));
        let (count, value) = values
            .fold((0, 0_u8), |(n, value), digit| (n + 1, (u32::from(value) * radix + digit) as u8));
        (count > 0).then(|| (value, &behind[1 + count..]))
    };
    let octet = match behind.first() {
        Some(&octet) if octet == mark => Some((mark, &behind[1..])),
        Some(b'0') => digits(8, 3),
        Some(b'x') => digits(16, 2),
        _ => None,
    };
    octet.unwrap_or((b'\\', behind))
}

#[cfg(test)]
mod tests {
    use super::{Word, take_word};

    fn words(line: &str) -> Vec<String> {
        let mut rest = line.as_bytes();
        let mut words = Vec::new();
        while let Some(Word { text, open }) = take_word(&mut rest) {
            let mark = open.map_or(String::new(), |mark| format!(" open {}", char::from(mark)));
            words.push(format!("{}{mark}", String::from_utf8_lossy(&text)));
        }
        words
    }

    #[test]
    fn white_space_separates_and_quotation_marks_do_not() {
        for (line, expected) in [
            ("", &[][..]),
            (" \t\r\n", &[]),
            ("a", &["a"]),
            ("  a  b\tc\nd ", &["a", "b", "c", "d"]),
            ("\"a b\" 'c \"d'", &["a b", "c \"d"]),
            ("a\"b c\"d", &["ab cd"]),
            ("''", &[""]),
            ("a\\ b \\\"c", &["a b", "\"c"]),
            ("\"a\\\"b\"", &["a\"b"]),
            ("\"\\x41\\0102\\n\"", &["AB\\n"]),
            ("a;b", &["a;b"]),
            ("\"a b", &["a b open \""]),
        ] {
            assert_eq!(words(line), expected, "{line:?}");
        }
    }
}
