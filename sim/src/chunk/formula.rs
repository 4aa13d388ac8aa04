//! The lengths of chunks as one line of C or Rust.

use super::{Carrier, Class, Keys};
use serde::Serialize;

/// A line that gives the length of a chunk from its offset, and where it is exact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Formula {
    /// In C, all variables `uint32_t`.
    pub c: String,
    /// In Rust, all variables `u32`.
    pub rust: String,
    /// What the limit is computed from: `mtu` or `buf_size`.
    pub variable: &'static str,
    /// The line gives the most that fits from this value of the variable on; below it some chunks
    /// could have an octet or two more.
    pub exact_from: u32,
    /// Up to this one; above it the data need a longer head, and the frame is too long.
    pub exact_to: u32,
}

/// Values of the variable that are looked at.
const MOST: u32 = 0xffff;

impl Formula {
    /// The line for these classes; `None` when one of them has no room.
    pub(super) fn new(keys: &Keys, carrier: Carrier, classes: &[Class]) -> Option<Self> {
        let limit = carrier.limit();
        let (variable, less) = carrier.named();
        let offsets: Vec<(u32, u32)> =
            classes.iter().map(|class| (class.off_first, class.off_last)).collect();
        let known = costs(keys, &offsets, limit)?;
        // With the limit the costs only grow: a longer frame may need longer heads.
        let exact = |value: u32| {
            let there = value.checked_sub(less).and_then(|limit| costs(keys, &offsets, limit));
            there.as_ref() == Some(&known)
        };
        let here = limit + less;
        let exact_from = first_that(0, here, exact);
        let exact_to = first_that(here, MOST.max(here) + 1, |value| !exact(value)) - 1;
        let start = match less {
            0 => variable.to_owned(),
            less => format!("{variable} - {less}"),
        };
        let (c, rust) = lines(&start, &offsets, &known);
        Some(Self { c, rust, variable, exact_from, exact_to })
    }
}

/// The first number from `from` to `to` that a condition holds for, which holds from there on; `to` when
/// none before it does.
fn first_that(mut from: u32, mut to: u32, holds: impl Fn(u32) -> bool) -> u32 {
    while from < to {
        let middle = from + (to - from) / 2;
        if holds(middle) {
            to = middle;
        } else {
            from = middle + 1;
        }
    }
    from
}

/// What the limit is more than the data, by class.
fn costs(keys: &Keys, offsets: &[(u32, u32)], limit: u32) -> Option<Vec<u32>> {
    offsets.iter().map(|&(off, _)| Some(limit - keys.largest_data(limit, off)?)).collect()
}

fn lines(start: &str, offsets: &[(u32, u32)], costs: &[u32]) -> (String, String) {
    let last = costs.len() - 1;
    let (mut c, mut rust) = (String::new(), String::new());
    let mut from = 1;
    for (n, (&(_, to), cost)) in offsets.iter().zip(costs).enumerate() {
        let (in_c, in_rust) = match (n == last, to) {
            (true, _) => (cost.to_string(), format!("_ => {cost}")),
            (false, 0) => (format!("off == 0 ? {cost} : "), format!("0 => {cost}, ")),
            (false, to) => {
                (format!("off < {} ? {cost} : ", to + 1), format!("{from}..={to} => {cost}, "))
            }
        };
        from = to.saturating_add(1);
        c += &in_c;
        rust += &in_rust;
    }
    (format!("len = {start} - ({c});"), format!("let len = {start} - match off {{ {rust} }};"))
}

#[cfg(test)]
mod tests {
    use super::Formula;
    use crate::chunk::{Carrier, Keys, table};
    use smp_wire::cbor::MapForm;

    /// The value of a line of C for a variable and an offset: a chain of `off == A ? N :` and
    /// `off < A ? N :`.
    fn of_c(line: &str, value: u32, off: u32) -> u32 {
        let line = line.strip_prefix("len = ").and_then(|line| line.strip_suffix(");"));
        let (start, chain) = line.expect("a line").split_once(" - (").expect("a chain");
        let cost = chain.split(" : ").find_map(|arm| match arm.split_once(" ? ") {
            None => Some(arm),
            Some((condition, cost)) => {
                let mut words = condition.split(' ').skip(1);
                let (how, bound) = (words.next().expect("a word"), words.next().expect("a number"));
                let bound: u32 = bound.parse().expect("a number");
                let holds = if how == "==" { off == bound } else { off < bound };
                holds.then_some(cost)
            }
        });
        limit(start, value)
            - cost.expect("the last arm has no condition").parse::<u32>().expect("n")
    }

    /// The value of a line of Rust: a `match` with numbers, ranges and `_`.
    fn of_rust(line: &str, value: u32, off: u32) -> u32 {
        let line = line.strip_prefix("let len = ").and_then(|line| line.strip_suffix(" };"));
        let (start, arms) = line.expect("a line").split_once(" - match off { ").expect("a match");
        let number = |text: &str| text.parse::<u32>().expect("a number");
        let cost = arms.split(", ").find_map(|arm| {
            let (pattern, cost) = arm.split_once(" => ").expect("an arm");
            let holds = match pattern.split_once("..=") {
                Some((from, to)) => (number(from)..=number(to)).contains(&off),
                None => pattern == "_" || number(pattern) == off,
            };
            holds.then(|| number(cost))
        });
        limit(start, value) - cost.expect("the last arm takes all")
    }

    fn limit(start: &str, value: u32) -> u32 {
        let less = start.split_once(" - ").map_or(0, |(_, less)| less.parse().expect("a number"));
        value - less
    }

    fn key_sets() -> Vec<Keys> {
        let mut all = Vec::new();
        for form in [MapForm::Definite, MapForm::Indefinite] {
            for len in [None, Some(200), Some(20_000), Some(373_928)] {
                for sha in [0, 5, 32] {
                    for (image, upgrade) in [(None, false), (Some(0), true), (Some(24), false)] {
                        for in_every_chunk in [false, true] {
                            all.push(Keys { form, len, sha, image, upgrade, in_every_chunk });
                        }
                    }
                }
            }
        }
        all
    }

    fn carriers() -> Vec<Carrier> {
        let mut all: Vec<Carrier> = [128, 185, 247, 309, 350, 491, 498, 517]
            .map(|mtu| Carrier::Ble { mtu, buf_size: None, reassembly: false })
            .into();
        all.extend([384, 2475].map(|buf_size| Carrier::Serial { buf_size }));
        all.extend([384, 2475].map(|buf_size| Carrier::Ble {
            mtu: 247,
            buf_size: Some(buf_size),
            reassembly: true,
        }));
        all
    }

    fn offsets(keys: &Keys) -> impl Iterator<Item = u32> {
        let len = keys.len.unwrap_or(u32::MAX);
        let borders = [0, 24, 255, 256, 65_535, 65_536, u32::MAX - 1];
        borders.into_iter().filter(move |&off| off == 0 || off < len)
    }

    #[test]
    fn the_lines_give_the_most_that_fits_at_every_offset() {
        for keys in key_sets() {
            for carrier in carriers() {
                let Formula { c, rust, .. } = table(&keys, carrier).formula.expect("there is room");
                let value = carrier.limit() + carrier.named().1;
                for off in offsets(&keys) {
                    let best = keys.largest_data(carrier.limit(), off).expect("it fits");
                    assert_eq!(of_c(&c, value, off), best, "{c} at {off}, {keys:?} {carrier:?}");
                    assert_eq!(of_rust(&rust, value, off), best, "{rust} at {off}");
                }
                // Offsets that never come have room for one more.
                assert!(of_c(&c, value, 1) <= keys.largest_data(carrier.limit(), 1).expect("room"));
            }
        }
    }

    #[test]
    fn the_lines_are_exact_as_far_as_they_say_and_no_further() {
        for keys in key_sets() {
            let carrier = Carrier::Ble { mtu: 247, buf_size: None, reassembly: false };
            let formula = table(&keys, carrier).formula.expect("there is room");
            let exact = |value: u32| {
                offsets(&keys).all(|off| {
                    keys.largest_data(value - 3, off) == Some(of_c(&formula.c, value, off))
                })
            };
            let Formula { exact_from, exact_to, .. } = formula;
            assert!(exact_from <= 247 && 247 <= exact_to);
            assert!(exact(exact_from) && exact(exact_to), "{keys:?}");
            assert!(!exact(exact_to + 1), "{keys:?} {exact_to}");
        }
    }

    #[test]
    fn a_user_finds_the_numbers_of_the_devzone_sample() {
        let keys = Keys {
            form: MapForm::Indefinite,
            sha: 5,
            image: Some(0),
            upgrade: true,
            in_every_chunk: true,
            ..Keys::default()
        };
        let carrier = Carrier::Ble { mtu: 491, buf_size: None, reassembly: false };
        let formula = table(&keys, carrier).formula.expect("there is room");
        assert_eq!(
            formula.c,
            "len = mtu - 3 - (off == 0 ? 58 : off < 256 ? 40 : off < 65536 ? 41 : 43);"
        );
        assert_eq!(
            formula.rust,
            "let len = mtu - 3 - match off { 0 => 58, 1..=255 => 40, 256..=65535 => 41, _ => 43 };"
        );
    }

    #[test]
    fn where_nothing_fits_there_is_no_line() {
        let carrier = Carrier::Ble { mtu: 23, buf_size: None, reassembly: false };
        assert_eq!(table(&Keys::default(), carrier).formula, None);
    }
}
