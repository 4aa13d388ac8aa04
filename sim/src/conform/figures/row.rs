//! A row of a file of figures: reading its inputs, so that none goes unnoticed, and holding what
//! the models say against what it expects.

use super::super::difference::Difference;
use super::real::{real, us, whole};
use super::tolerance::Tolerance;
use serde_json::{Map, Value};
use sim_core::Span;
use std::cell::RefCell;
use std::collections::BTreeSet;

/// Keys of a row that are no inputs. Whatever else stands in a row is one.
const ABOUT: [&str; 8] = ["id", "kind", "inputs", "expect", "tol", "source", "confidence", "note"];

/// What a row puts in. Remembers what was read: an input that nobody reads could change the result.
#[derive(Debug)]
pub(super) struct Inputs<'r> {
    values: Vec<(&'r str, &'r Value)>,
    read: RefCell<BTreeSet<&'r str>>,
}

impl<'r> Inputs<'r> {
    /// The inputs of a row, and keys beside them that may qualify them.
    pub(super) fn of(row: &'r Map<String, Value>) -> Self {
        let beside = row.iter().filter(|(key, _)| !ABOUT.contains(&key.as_str()));
        let inputs = row.get("inputs").and_then(Value::as_object);
        let values = inputs.into_iter().flatten().chain(beside);
        Self {
            values: values.map(|(key, value)| (key.as_str(), value)).collect(),
            read: RefCell::default(),
        }
    }

    fn find(&self, key: &str) -> Option<&'r Value> {
        let &(key, value) = self.values.iter().find(|(name, _)| *name == key)?;
        self.read.borrow_mut().insert(key);
        Some(value).filter(|value| !value.is_null())
    }

    /// Whether the row states this input.
    pub(super) fn has(&self, key: &str) -> bool {
        self.find(key).is_some()
    }

    fn parsed<T>(
        &self,
        key: &str,
        what: &str,
        parse: impl Fn(&'r Value) -> Option<T>,
    ) -> Result<Option<T>, Difference> {
        let Some(value) = self.find(key) else { return Ok(None) };
        parse(value).map(Some).ok_or_else(|| wrong(key, what, value))
    }

    /// A word or a text.
    pub(super) fn text_or(&self, key: &str) -> Result<Option<&'r str>, Difference> {
        self.parsed(key, "a text", Value::as_str)
    }

    /// A word or a text that must be there.
    pub(super) fn text(&self, key: &str) -> Result<&'r str, Difference> {
        self.text_or(key)?.ok_or_else(|| missing(key))
    }

    /// A number.
    pub(super) fn number_or(&self, key: &str) -> Result<Option<f64>, Difference> {
        self.parsed(key, "a number", number)
    }

    /// A number that must be there.
    pub(super) fn number(&self, key: &str) -> Result<f64, Difference> {
        self.number_or(key)?.ok_or_else(|| missing(key))
    }

    /// A whole number, also as text in hexadecimal.
    pub(super) fn whole_or(&self, key: &str) -> Result<Option<u64>, Difference> {
        self.parsed(key, "a whole number", |value| number(value).and_then(whole))
    }

    /// A whole number that must be there.
    pub(super) fn whole(&self, key: &str) -> Result<u64, Difference> {
        self.whole_or(key)?.ok_or_else(|| missing(key))
    }

    /// A whole number that must be there and that fits the type.
    pub(super) fn small<T: TryFrom<u64>>(&self, key: &str) -> Result<T, Difference> {
        self.small_or(key)?.ok_or_else(|| missing(key))
    }

    /// A whole number that fits the type.
    pub(super) fn small_or<T: TryFrom<u64>>(&self, key: &str) -> Result<Option<T>, Difference> {
        let Some(n) = self.whole_or(key)? else { return Ok(None) };
        let small = T::try_from(n).map_err(|_| wrong(key, "a smaller number", n))?;
        Ok(Some(small))
    }

    /// Yes or no; also as 0 and 1.
    pub(super) fn truth_or(&self, key: &str) -> Result<Option<bool>, Difference> {
        self.parsed(key, "true or false", |value| {
            value.as_bool().or_else(|| match value.as_u64() {
                Some(0) => Some(false),
                Some(1) => Some(true),
                _ => None,
            })
        })
    }

    /// Yes or no, which must be said.
    pub(super) fn truth(&self, key: &str) -> Result<bool, Difference> {
        self.truth_or(key)?.ok_or_else(|| missing(key))
    }

    /// A time, by the unit at the end of the key: `_us`, `_ms` or `_s`.
    pub(super) fn span_or(&self, key: &str) -> Result<Option<Span>, Difference> {
        let ns = match key.rsplit('_').next() {
            Some("us") => 1e3,
            Some("ms") => 1e6,
            Some("s") => 1e9,
            unit => unreachable!("{key}: no unit of time: {unit:?}"),
        };
        self.parsed(key, "a time", |value| {
            let time = number(value)? * ns;
            whole(time.round()).map(Span::from_ns)
        })
    }

    /// A time that must be there.
    pub(super) fn span(&self, key: &str) -> Result<Span, Difference> {
        self.span_or(key)?.ok_or_else(|| missing(key))
    }

    /// The first of these keys that is there, for what may be said in several ways.
    pub(super) fn one_of<'k>(&self, keys: &[&'k str]) -> Option<&'k str> {
        keys.iter().copied().find(|key| self.has(key))
    }

    /// The first input that nobody has read.
    pub(super) fn unread(&self) -> Result<(), Difference> {
        let read = self.read.borrow();
        match self.values.iter().find(|(key, _)| !read.contains(key)) {
            Some((key, value)) => Err(wrong(key, "an input that this kind knows", value)),
            None => Ok(()),
        }
    }
}

/// An input cannot be what it is.
pub(super) fn wrong(key: &str, what: &str, got: impl std::fmt::Display) -> Difference {
    Difference::new(&format!("inputs.{key}"), what, got)
}

fn missing(key: &str) -> Difference {
    wrong(key, "a value", "none")
}

/// A JSON number, or text with a hexadecimal one.
pub(super) fn number(value: &Value) -> Option<f64> {
    let text = || {
        let digits = value.as_str()?.strip_prefix("0x")?;
        u64::from_str_radix(digits, 16).ok().map(real)
    };
    value.as_f64().or_else(text)
}

/// One thing that the models say about a row.
#[derive(Clone, Debug, PartialEq)]
enum Figure {
    Number(f64),
    Truth(bool),
    /// Any of these words is right.
    Words(&'static [&'static str]),
    /// The unit that the figure beside it was given in.
    Unit(String),
}

/// All that the models say about a row.
#[derive(Clone, Debug, Default)]
pub(super) struct Figures {
    figures: Vec<(String, Figure)>,
    /// Lines for the reader.
    pub(super) notes: Vec<String>,
}

impl Figures {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// With a number.
    pub(super) fn number(mut self, name: &str, value: impl Into<f64>) -> Self {
        self.figures.push((name.to_owned(), Figure::Number(value.into())));
        self
    }

    /// With a number that is counted.
    pub(super) fn count(self, name: &str, value: u64) -> Self {
        self.number(name, real(value))
    }

    /// With a time in microseconds.
    pub(super) fn us(self, name: &str, span: Span) -> Self {
        self.number(name, us(span))
    }

    /// With a yes or no.
    pub(super) fn truth(mut self, name: &str, value: bool) -> Self {
        self.figures.push((name.to_owned(), Figure::Truth(value)));
        self
    }

    /// With what a text in the row may say.
    pub(super) fn words(mut self, name: &str, any: &'static [&'static str]) -> Self {
        self.figures.push((name.to_owned(), Figure::Words(any)));
        self
    }

    /// With the unit in which a row states its figure.
    pub(super) fn unit(mut self, unit: Option<&str>) -> Self {
        let stated = unit.map(|unit| Figure::Unit(unit.to_owned()));
        self.figures.extend(stated.map(|unit| ("unit".to_owned(), unit)));
        self
    }

    /// With a line for the reader.
    pub(super) fn note(mut self, line: String) -> Self {
        self.notes.push(line);
        self
    }

    fn find(&self, name: &str) -> Option<&Figure> {
        self.figures.iter().find_map(|(n, figure)| (n == name).then_some(figure))
    }

    /// Holds the figures against what the row expects. Each expectation must have its figure.
    pub(super) fn meet(&self, row: &Map<String, Value>) -> Result<(), Difference> {
        let tolerance = Tolerance::of(row)?;
        let expect = row.get("expect").and_then(Value::as_object);
        let Some(expect) = expect.filter(|expect| !expect.is_empty()) else {
            return Err(Difference::new("expect", "at least one figure", "none"));
        };
        for (name, expected) in expect {
            match self.find(name) {
                Some(figure) => figure.meets(name, expected, &tolerance)?,
                None => self.bound(name, expected, &tolerance)?,
            }
        }
        Ok(())
    }

    /// Holds a figure against one end of a range, `NAME_min` or `NAME_max`.
    fn bound(&self, name: &str, expected: &Value, tolerance: &Tolerance) -> Result<(), Difference> {
        let bound = |suffix: &str| match self.find(name.strip_suffix(suffix)?)? {
            Figure::Number(got) => Some(*got),
            _ => None,
        };
        let limit = || number(expected).ok_or_else(|| Difference::new(name, "a number", expected));
        if let Some(got) = bound("_min") {
            return tolerance.at_least(name, limit()?, got);
        }
        if let Some(got) = bound("_max") {
            return tolerance.at_most(name, limit()?, got);
        }
        let known =
            self.figures.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
        let got = format!("no such figure; there are {known}");
        Err(Difference::new(name, expected, got))
    }
}

impl Figure {
    fn meets(&self, name: &str, expected: &Value, tolerance: &Tolerance) -> Result<(), Difference> {
        match self {
            Self::Number(got) => match number(expected) {
                Some(expected) => tolerance.near(name, expected, *got),
                None => Err(Difference::new(name, expected, got)),
            },
            Self::Truth(got) => {
                let agrees = expected.as_bool() == Some(*got);
                if agrees { Ok(()) } else { Err(Difference::new(name, expected, got)) }
            }
            Self::Unit(got) => {
                let agrees = expected.as_str() == Some(got);
                if agrees { Ok(()) } else { Err(Difference::new(name, expected, got)) }
            }
            Self::Words(any) => {
                let agrees = expected.as_str().is_some_and(|word| any.contains(&word));
                if agrees { Ok(()) } else { Err(Difference::new(name, expected, any.join(" or "))) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Figures, Inputs};
    use serde_json::{Map, Value, json};
    use sim_core::Span;

    fn object(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(object) => object,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn an_input_that_nobody_read_is_reported_wherever_it_stands() {
        let row = object(json!({ "id": "a", "inputs": { "phy": "1M", "mic": true }, "corner": 1 }));
        let inputs = Inputs::of(&row);
        assert_eq!(inputs.text("phy").ok(), Some("1M"));
        assert!(inputs.unread().is_err());
        assert_eq!(inputs.truth("mic").ok(), Some(true));
        assert!(inputs.unread().is_err(), "a key beside the inputs");
        assert_eq!(inputs.whole("corner").ok(), Some(1));
        assert!(inputs.unread().is_ok());
    }

    #[test]
    fn numbers_may_be_hexadecimal_and_times_have_fractions() {
        let row = object(json!({ "inputs": { "map": "0x1fffffffff", "interval_ms": 11.25 } }));
        let inputs = Inputs::of(&row);
        assert_eq!(inputs.whole("map").ok(), Some(0x1f_ffff_ffff));
        assert_eq!(inputs.span("interval_ms").ok(), Some(Span::from_us(11_250)));
        assert!(inputs.small::<u8>("map").is_err(), "too large");
        assert!(inputs.whole("interval_ms").is_err(), "no whole number");
        assert!(inputs.number("phy").is_err(), "not there");
    }

    #[test]
    fn each_expectation_needs_a_figure_that_agrees() {
        let figures = Figures::new().number("kbps", 100.0).truth("ok", true);
        let meets = |expect: Value| figures.meet(&object(json!({ "expect": expect }))).is_ok();
        assert!(meets(json!({ "kbps": 100, "ok": true })));
        assert!(meets(json!({ "kbps": "0x64" })));
        assert!(meets(json!({ "kbps_min": 99, "kbps_max": 101 })));
        assert!(!meets(json!({ "kbps_min": 101 })) && !meets(json!({ "kbps_max": 99 })));
        assert!(!meets(json!({ "kbps": true })) && !meets(json!({ "ok": 1 })));
        assert!(!meets(json!({ "kBps": 12.5 })), "no such figure");
        assert!(!meets(json!({})), "nothing to compare");
    }
}
