//! Access addresses of connections (Vol 6 Part B 2.1.2).

use sim_core::Stream;

/// Access address of advertising channel packets.
const ADVERTISING: u32 = 0x8e89_bed6;

/// Draws for one connection.
const ATTEMPTS: u64 = 1_000;

/// Whether the central may choose this access address. The rules for LE Coded are kept too, since a
/// connection may change to it.
pub(crate) fn is_lawful(address: u32) -> bool {
    let octets = address.to_le_bytes();
    let transitions = |word: u32, bits: u32| {
        ((word ^ word >> 1) & ((1u32 << (bits - 1)).wrapping_sub(1))).count_ones()
    };
    (address ^ ADVERTISING).count_ones() > 1
        && longest_run(address) <= 6
        && octets.iter().any(|octet| *octet != octets[0])
        && transitions(address, 32) <= 24
        && transitions(address >> 26, 6) >= 2
        && (address & 0xff).count_ones() >= 3
        && transitions(address & 0xffff, 16) <= 11
}

/// A lawful access address for the connection with this number.
pub(crate) fn draw(stream: &Stream, connection: u64) -> u32 {
    (0..ATTEMPTS)
        .map(|attempt| stream.at(connection, attempt) as u32)
        .find(|address| is_lawful(*address))
        .expect("more than half of all words are lawful")
}

/// Most equal bits in a row.
fn longest_run(word: u32) -> u32 {
    // Bit i tells that bits i and i + 1 are equal; each round shortens its runs of ones by one.
    let mut equal = !(word ^ word >> 1) & (u32::MAX >> 1);
    let mut run = 1;
    while equal != 0 {
        equal &= equal >> 1;
        run += 1;
    }
    run
}

#[cfg(test)]
mod tests {
    use super::{draw, is_lawful, longest_run};
    use sim_core::Seed;

    #[test]
    fn each_rule_refuses_what_breaks_it() {
        assert!(is_lawful(0x5065_5d2b) && is_lawful(0x7176_4129));
        assert!(!is_lawful(0x8e89_bed6), "the advertising address");
        assert!(!is_lawful(0x8e89_bed7), "one bit from it");
        assert!(!is_lawful(0x5080_7d2b), "seven equal bits in a row");
        assert!(!is_lawful(0x6b6b_6b6b), "four equal octets");
        assert!(!is_lawful(0x5555_5a55), "more than 24 transitions");
        assert!(!is_lawful(0x0765_5d2b), "fewer than two transitions in the upper six bits");
        assert!(!is_lawful(0x5065_5d81), "fewer than three ones in the lowest octet");
        assert!(!is_lawful(0x5065_55ab), "more than eleven transitions in the lower half");
    }

    #[test]
    fn runs_are_counted_over_octet_boundaries() {
        assert_eq!(longest_run(0x5555_5555), 1);
        assert_eq!(longest_run(0xf0f1_ff0f), 9);
        assert_eq!(longest_run(0), 32);
    }

    #[test]
    fn connections_draw_lawful_and_different_addresses() {
        let stream = Seed(1).stream("link.access_address");
        let mut drawn: Vec<u32> = (0..1_000).map(|n| draw(&stream, n)).collect();
        assert!(drawn.iter().all(|address| is_lawful(*address)));
        drawn.sort_unstable();
        drawn.dedup();
        assert_eq!(drawn.len(), 1_000);
    }
}
