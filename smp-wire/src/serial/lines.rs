//! Which octets of a serial line make a line of SMP.

use super::{FIRST_LINE, NEXT_LINE};

/// The buffer of a line, line feed included (Zephyr `uart_mcumgr.h`,
/// `CONFIG_UART_MCUMGR_RX_BUF_SIZE`).
const UART_LINE: usize = 128;

/// The buffer of a line within the shell (Zephyr `smp_shell.h`, `SMP_SHELL_RX_BUF_SIZE`).
const SHELL_LINE: usize = 127;

/// The lines of a UART that belongs to SMP alone (Zephyr `uart_mcumgr.c`): everything up to a line
/// feed is one, unless it is longer than its buffer and lost as a whole.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    line: Vec<u8>,
    /// The line under way is longer than its buffer.
    too_long: bool,
}

impl Lines {
    /// Takes one octet; the line that it ends, line feed included.
    pub fn take(&mut self, octet: u8) -> Option<&[u8]> {
        if self.line.last() == Some(&b'\n') {
            self.line.clear();
        }
        if self.line.len() == UART_LINE {
            self.line.clear();
            self.too_long = true;
        }
        if !self.too_long {
            self.line.push(octet);
        }
        if octet != b'\n' {
            return None;
        }
        let lost = std::mem::take(&mut self.too_long);
        (!lost).then_some(self.line.as_slice())
    }
}

/// The lines of SMP on a UART that belongs to the shell (Zephyr `smp_shell.c`): from a marker to
/// its line feed. Everything else goes to the prompt.
///
/// A marker may stand anywhere. Its first octet alone, at any time before, is enough to make the
/// shell wait for the second one of that marker; the other marker goes unnoticed until then. A
/// line that is too long is cut, and its octets behind that are lost.
#[derive(Clone, Debug, Default)]
pub struct ShellLines {
    state: Shell,
    line: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default)]
enum Shell {
    /// At the prompt.
    #[default]
    Prompt,
    /// The first octet of this marker has come.
    Half([u8; 2]),
    /// Within a line.
    Line,
}

impl ShellLines {
    /// Takes one octet, as the UART hands it to the shell; the line that it ends, line feed included
    /// unless it was cut off.
    pub fn take(&mut self, octet: u8) -> Option<&[u8]> {
        match self.state {
            Shell::Prompt => {
                let marker = [FIRST_LINE, NEXT_LINE].into_iter().find(|m| m[0] == octet)?;
                self.state = Shell::Half(marker);
                None
            }
            Shell::Half(marker) => {
                if octet == marker[1] {
                    self.state = Shell::Line;
                    self.line.clear();
                    self.line.extend_from_slice(&marker);
                }
                None
            }
            Shell::Line => {
                if self.line.len() < SHELL_LINE {
                    self.line.push(octet);
                }
                if octet != b'\n' {
                    return None;
                }
                self.state = Shell::Prompt;
                Some(&self.line)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Lines, ShellLines};

    fn uart(octets: &[u8]) -> Vec<Vec<u8>> {
        let mut lines = Lines::default();
        octets.iter().filter_map(|&octet| lines.take(octet).map(<[u8]>::to_vec)).collect()
    }

    fn shell(octets: &[u8]) -> Vec<Vec<u8>> {
        let mut lines = ShellLines::default();
        octets.iter().filter_map(|&octet| lines.take(octet).map(<[u8]>::to_vec)).collect()
    }

    #[test]
    fn a_uart_cuts_at_line_feeds() {
        assert_eq!(
            uart(b"\x06\x09AA\r\nnoise\n\nrest"),
            [&b"\x06\x09AA\r\n"[..], b"noise\n", b"\n"]
        );
    }

    #[test]
    fn a_line_longer_than_its_buffer_is_lost_and_the_next_one_is_not() {
        let line = |len: usize| [vec![b'x'; len - 1], vec![b'\n']].concat();
        assert_eq!(uart(&line(128)), [line(128)]);
        for len in [129, 130, 257, 400] {
            assert_eq!(uart(&[line(len), line(5)].concat()), [line(5)], "{len}");
        }
    }

    #[test]
    fn the_shell_finds_a_marker_anywhere_and_takes_nothing_else() {
        assert_eq!(
            shell(b"help\nnoise\x06\x09AA\nhelp\n\x04\x14BB\n"),
            [&b"\x06\x09AA\n"[..], b"\x04\x14BB\n"]
        );
        assert_eq!(shell(b"\x06x\x06\x09AA\n"), [b"\x06\x09AA\n"]);
    }

    #[test]
    fn half_a_marker_hides_the_other_marker_until_its_second_half_comes() {
        assert_eq!(shell(b"\x04\n\x06\x09AA\n"), Vec::<Vec<u8>>::new());
        assert_eq!(shell(b"\x04\n\x06\x09AA\n\x14CC\n"), [b"\x04\x14CC\n"]);
    }

    #[test]
    fn a_line_too_long_for_the_shell_is_cut() {
        let long = [&b"\x06\x09"[..], &[b'A'; 200], b"\n"].concat();
        assert_eq!(shell(&long), [&long[..127]]);
    }
}
