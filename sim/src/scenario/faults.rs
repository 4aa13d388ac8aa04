//! What a scenario declares to go wrong between client and server: which fault, and when.

use super::resolve::Resolver;
use super::value::Value;
use core::fmt;
use sim_core::Span;

/// Which of the things that it is about a fault befalls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Nth {
    /// None.
    #[default]
    Never,
    /// The n-th, counted from 1.
    Number(u32),
    /// The last.
    Last,
}

impl Nth {
    /// Largest number that [`Nth::parse`] takes.
    pub const MAX: u32 = 1_000_000;

    /// Reads `none`, `last` or a number from 1.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "none" => Some(Self::Never),
            "last" => Some(Self::Last),
            number => {
                let number = number.parse().ok()?;
                (1..=Self::MAX).contains(&number).then_some(Self::Number(number))
            }
        }
    }

    /// Whether it means the one with this number.
    pub(crate) fn is(self, number: u32, is_last: bool) -> bool {
        match self {
            Self::Never => false,
            Self::Number(n) => n == number,
            Self::Last => is_last,
        }
    }
}

impl fmt::Display for Nth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => write!(f, "none"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Last => write!(f, "last"),
        }
    }
}

/// The declared faults of a scenario. Each befalls one upload request, counted as the client sends
/// them, repetitions too; the last is the first whose data reach the end of the image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FaultSpec {
    /// All writes of this request vanish at the server, as for want of a buffer.
    pub drop_request: Nth,
    /// Its first write vanishes so, and what follows it arrives.
    pub drop_fragment: Nth,
    /// Its answer vanishes at the client, after it came over the link.
    pub drop_response: Nth,
    /// Its answer reaches the client late.
    pub late_response: Nth,
    /// How late.
    pub late: Span,
}

impl FaultSpec {
    /// Whether none is declared.
    pub fn is_empty(&self) -> bool {
        let all = [self.drop_request, self.drop_fragment, self.drop_response, self.late_response];
        all.iter().all(|nth| *nth == Nth::Never)
    }
}

impl Resolver<'_> {
    pub(super) fn faults(&self) -> FaultSpec {
        FaultSpec {
            drop_request: self.nth("fault.drop_request"),
            drop_fragment: self.nth("fault.drop_fragment"),
            drop_response: self.nth("fault.drop_response"),
            late_response: self.nth("fault.late_response"),
            late: Span::from_ms(self.number("fault.late_ms")),
        }
    }

    fn nth(&self, path: &str) -> Nth {
        match self.settings().get(path) {
            Value::Nth(nth) => *nth,
            other => unreachable!("{path} is checked to name a place, not {other}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Nth;

    #[test]
    fn a_place_is_a_number_from_1_or_a_word() {
        assert_eq!(Nth::parse("none"), Some(Nth::Never));
        assert_eq!(Nth::parse("last"), Some(Nth::Last));
        assert_eq!(Nth::parse("17"), Some(Nth::Number(17)));
        for wrong in ["0", "-1", "first", "", "1000001", "1.5"] {
            assert_eq!(Nth::parse(wrong), None, "{wrong}");
        }
        for text in ["none", "last", "17"] {
            assert_eq!(Nth::parse(text).map(|nth| nth.to_string()).as_deref(), Some(text));
        }
    }
}
