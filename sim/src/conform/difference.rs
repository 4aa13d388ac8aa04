//! Comparing what the reference says with what the models say.

use super::Failure;
use std::fmt::Display;

/// The first thing in a case that does not agree.
#[derive(Clone, Debug)]
pub(super) struct Difference {
    /// What was compared.
    place: String,
    expected: String,
    got: String,
}

impl Difference {
    pub(super) fn new(place: &str, expected: impl Display, got: impl Display) -> Self {
        let (expected, got) = (expected.to_string(), got.to_string());
        Self { place: place.to_owned(), expected, got }
    }

    /// The same within a larger whole.
    pub(super) fn within(self, whole: &str) -> Self {
        Self { place: format!("{whole}: {}", self.place), ..self }
    }

    /// As a failure of a case.
    pub(super) fn of(self, case: &str) -> Failure {
        let Self { place, expected, got } = self;
        Failure { case: format!("{case}: {place}"), expected, got }
    }
}

/// Compares two values.
pub(super) fn same<T: PartialEq + Display>(
    place: &str,
    expected: T,
    got: T,
) -> Result<(), Difference> {
    if expected == got { Ok(()) } else { Err(Difference::new(place, expected, got)) }
}

/// Compares a value with one that the reference may leave out although it belongs there.
pub(super) fn stated<T: PartialEq + Display>(
    place: &str,
    expected: Option<&T>,
    got: &T,
) -> Result<(), Difference> {
    match expected {
        Some(expected) => same(place, expected, got),
        None => Err(Difference::new(place, "a value, but none is stated", got)),
    }
}

/// Compares a digest with the first digits of one.
pub(super) fn same_digest(place: &str, expected: &str, got: &str) -> Result<(), Difference> {
    same(place, expected, got.get(..expected.len()).unwrap_or(got))
}
