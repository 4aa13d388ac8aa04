//! How near a figure must be to the expected one.

use super::super::difference::Difference;
use super::row::number;
use serde_json::{Map, Value};

/// Relative error of decimal fractions in double precision, with room: `0.1 + 0.2` is as good as
/// 0.3.
const ROUNDING: f64 = 1e-12;

/// Tolerance of one number, absolute or as a fraction of the expected one; the wider one counts
/// where both stand.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Width {
    abs: f64,
    rel: f64,
}

/// Tolerances of a row: one for all its numbers, or some of their own.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Tolerance {
    all: Width,
    own: Vec<(String, Width)>,
}

impl Tolerance {
    /// What stands in the row's `tol`; exact where there is none.
    pub(super) fn of(row: &Map<String, Value>) -> Result<Self, Difference> {
        let mut tolerance = Self::default();
        let Some(tol) = row.get("tol") else { return Ok(tolerance) };
        let entries = tol.as_object().ok_or_else(|| malformed("an object", tol))?;
        for (key, value) in entries {
            match (key.as_str(), value) {
                ("abs" | "rel", _) => tolerance.all.set(key, value)?,
                (name, Value::Object(own)) => {
                    let mut width = Width::default();
                    own.iter().try_for_each(|(key, value)| width.set(key, value))?;
                    tolerance.own.push((name.to_owned(), width));
                }
                _ => return Err(malformed("`abs` or `rel`", &format!("{key}: {value}"))),
            }
        }
        Ok(tolerance)
    }

    /// How far from `expected` a number of this name may be.
    fn slack(&self, name: &str, expected: f64) -> f64 {
        let own = self.own.iter().find(|(n, _)| n == name);
        let width = own.map_or(self.all, |(_, width)| *width);
        width.abs.max(width.rel * expected.abs()) + ROUNDING * expected.abs()
    }

    /// Around the expected number.
    pub(super) fn near(&self, name: &str, expected: f64, got: f64) -> Result<(), Difference> {
        let slack = self.slack(name, expected);
        judge((got - expected).abs() <= slack, name, &format!("{expected} +/- {slack:.9}"), got)
    }

    /// Not below the lower end of a range, which the tolerance widens.
    pub(super) fn at_least(&self, name: &str, least: f64, got: f64) -> Result<(), Difference> {
        let limit = least - self.slack(name, least);
        judge(got >= limit, name, &format!("at least {limit}"), got)
    }

    /// Not above the upper end of a range, which the tolerance widens.
    pub(super) fn at_most(&self, name: &str, most: f64, got: f64) -> Result<(), Difference> {
        let limit = most + self.slack(name, most);
        judge(got <= limit, name, &format!("at most {limit}"), got)
    }

    /// The relative width for a number, for those who measure until it is known well enough.
    pub(super) fn relative(&self, name: &str, expected: f64) -> f64 {
        if expected == 0.0 { 0.0 } else { self.slack(name, expected) / expected.abs() }
    }
}

impl Width {
    fn set(&mut self, key: &str, value: &Value) -> Result<(), Difference> {
        let number = number(value).filter(|n| *n >= 0.0);
        match (key, number) {
            ("abs", Some(n)) => self.abs = n,
            ("rel", Some(n)) => self.rel = n,
            _ => return Err(malformed("`abs` or `rel` with a number", &format!("{key}: {value}"))),
        }
        Ok(())
    }
}

fn malformed(what: &str, got: &impl std::fmt::Display) -> Difference {
    Difference::new("tol", what, got)
}

fn judge(agrees: bool, name: &str, expected: &str, got: f64) -> Result<(), Difference> {
    if agrees { Ok(()) } else { Err(Difference::new(name, expected, got)) }
}

#[cfg(test)]
mod tests {
    use super::Tolerance;
    use serde_json::json;

    fn tolerance(tol: &serde_json::Value) -> Tolerance {
        let row = json!({ "tol": tol });
        Tolerance::of(row.as_object().expect("an object")).expect("well formed")
    }

    #[test]
    fn a_number_at_the_edge_of_its_tolerance_agrees_and_one_beyond_does_not() {
        let rel = tolerance(&json!({ "rel": 0.01 }));
        assert!(rel.near("kbps", 200.0, 202.0).is_ok());
        assert!(rel.near("kbps", 200.0, 202.1).is_err());
        let abs = tolerance(&json!({ "abs": 3 }));
        assert!(abs.near("words", 183.0, 180.0).is_ok());
        assert!(abs.near("words", 183.0, 179.0).is_err());
    }

    #[test]
    fn nothing_stated_means_exact() {
        let row = json!({});
        let exact = Tolerance::of(row.as_object().expect("an object")).expect("well formed");
        assert!(exact.near("us", 80.0, 80.0).is_ok());
        assert!(exact.near("us", 80.0, 80.001).is_err());
    }

    #[test]
    fn a_range_is_widened_at_both_ends() {
        let tol = tolerance(&json!({ "rel": 0.1 }));
        assert!(tol.at_least("kbps_min", 100.0, 90.0).is_ok());
        assert!(tol.at_least("kbps_min", 100.0, 89.0).is_err());
        assert!(tol.at_most("kbps_max", 100.0, 110.0).is_ok());
        assert!(tol.at_most("kbps_max", 100.0, 111.0).is_err());
    }

    #[test]
    fn a_number_may_have_its_own_tolerance() {
        let tol = tolerance(&json!({ "abs": 0, "kbps": { "rel": 0.5 } }));
        assert!(tol.near("kbps", 100.0, 150.0).is_ok());
        assert!(tol.near("pairs", 100.0, 101.0).is_err());
    }

    #[test]
    fn a_tolerance_that_cannot_be_read_is_no_licence() {
        for tol in [json!({ "absolute": 3 }), json!({ "rel": "wide" }), json!(0.1)] {
            let row = json!({ "tol": tol });
            assert!(Tolerance::of(row.as_object().expect("an object")).is_err(), "{tol}");
        }
    }
}
