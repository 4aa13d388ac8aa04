//! Conditions on the figures of a JSON document: `upload_s<20`, `budget_s.flash_erase<=8`,
//! `outcome==confirmed`.

use core::fmt;
use serde_json::Value;

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
}

/// Longest first, so that `<=` is not read as `<`.
const COMPARISONS: [(&str, Comparison); 7] = [
    ("<=", Comparison::LessOrEqual),
    (">=", Comparison::GreaterOrEqual),
    ("==", Comparison::Equal),
    ("!=", Comparison::NotEqual),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
    ("=", Comparison::Equal),
];

/// One condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Requirement {
    text: String,
    path: String,
    comparison: Comparison,
    wanted: String,
}

/// What became of a requirement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it holds.
    pub holds: bool,
    /// The figure it is about.
    pub figure: String,
}

/// Why a requirement cannot be checked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequireError {
    /// Not of the form path, comparison, value.
    #[error(
        "--require {0:?}: expected a path, one of < <= > >= == !=, and a value, such as upload_s<20"
    )]
    Form(String),
    /// The document has no such path.
    #[error("--require {text:?}: the document has no {path}; it has {known}")]
    NoSuchPath {
        /// The requirement.
        text: String,
        /// The path.
        path: String,
        /// Paths that exist there.
        known: String,
    },
    /// An order is asked for where there is none.
    #[error("--require {text:?}: {path} is {found}, which has no order; compare with == or !=")]
    NoOrder {
        /// The requirement.
        text: String,
        /// The path.
        path: String,
        /// What is there.
        found: String,
    },
    /// The wanted value is no number.
    #[error("--require {text:?}: {path} is a number, {wanted:?} is not")]
    NotANumber {
        /// The requirement.
        text: String,
        /// The path.
        path: String,
        /// The wanted value.
        wanted: String,
    },
}

impl Requirement {
    /// Reads a requirement.
    ///
    /// # Errors
    /// When it has not the form of one.
    pub fn parse(text: &str) -> Result<Self, RequireError> {
        let form = || RequireError::Form(text.to_owned());
        let (at, symbol, comparison) = (0..text.len())
            .filter(|at| text.is_char_boundary(*at))
            .find_map(|at| {
                let found = COMPARISONS.iter().find(|(symbol, _)| text[at..].starts_with(symbol));
                found.map(|(symbol, comparison)| (at, symbol, *comparison))
            })
            .ok_or_else(form)?;
        let path = text[..at].trim().to_owned();
        let wanted = text[at + symbol.len()..].trim().trim_matches('"').to_owned();
        if path.is_empty() || wanted.is_empty() {
            return Err(form());
        }
        Ok(Self { text: text.to_owned(), path, comparison, wanted })
    }

    /// Whether it is about the fleet as a whole, not about each of its devices.
    pub fn is_about_fleet(&self) -> bool {
        self.path.split('.').next() == Some("fleet")
    }

    /// Holds the requirement against a document.
    ///
    /// # Errors
    /// When the document has no such figure, or it cannot be compared so.
    pub fn check(&self, document: &Value) -> Result<Verdict, RequireError> {
        let found = self.find(document)?;
        let figure = match found {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let ordering = match found.as_f64() {
            Some(number) => {
                let wanted = self.wanted.parse().ok().filter(|wanted: &f64| wanted.is_finite());
                let wanted = wanted.ok_or_else(|| RequireError::NotANumber {
                    text: self.text.clone(),
                    path: self.path.clone(),
                    wanted: self.wanted.clone(),
                })?;
                number.total_cmp(&wanted)
            }
            None if matches!(self.comparison, Comparison::Equal | Comparison::NotEqual) => {
                figure.cmp(&self.wanted)
            }
            None => {
                return Err(RequireError::NoOrder {
                    text: self.text.clone(),
                    path: self.path.clone(),
                    found: figure,
                });
            }
        };
        let holds = match self.comparison {
            Comparison::Less => ordering.is_lt(),
            Comparison::LessOrEqual => ordering.is_le(),
            Comparison::Greater => ordering.is_gt(),
            Comparison::GreaterOrEqual => ordering.is_ge(),
            Comparison::Equal => ordering.is_eq(),
            Comparison::NotEqual => ordering.is_ne(),
        };
        Ok(Verdict { holds, figure })
    }

    fn find<'d>(&self, document: &'d Value) -> Result<&'d Value, RequireError> {
        let mut here = document;
        for step in self.path.split('.') {
            here = here.get(step).ok_or_else(|| RequireError::NoSuchPath {
                text: self.text.clone(),
                path: self.path.clone(),
                known: here
                    .as_object()
                    .map(|o| o.keys().cloned().collect::<Vec<_>>().join(", "))
                    .unwrap_or_default(),
            })?;
        }
        Ok(here)
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::Requirement;
    use serde_json::json;

    fn check(text: &str) -> Result<bool, String> {
        let document = json!({"upload_s": 17.5, "outcome": "confirmed", "error": null,
            "budget_s": {"server": 0.0}, "smp": {"requests": 800}});
        let requirement = Requirement::parse(text).map_err(|e| e.to_string())?;
        requirement.check(&document).map(|v| v.holds).map_err(|e| e.to_string())
    }

    #[test]
    fn figures_of_any_depth_can_be_required() {
        assert_eq!(check("upload_s<20"), Ok(true));
        assert_eq!(check("upload_s < 17.5"), Ok(false));
        assert_eq!(check("upload_s<=17.5"), Ok(true));
        assert_eq!(check("budget_s.server==0"), Ok(true));
        assert_eq!(check("smp.requests>=801"), Ok(false));
        assert_eq!(check("outcome==confirmed"), Ok(true));
        assert_eq!(check("outcome!=confirmed"), Ok(false));
        assert_eq!(check("error==null"), Ok(true));
    }

    #[test]
    fn what_cannot_be_checked_is_said() {
        assert!(check("upload_s").unwrap_err().contains("expected a path"));
        assert!(check("<20").unwrap_err().contains("expected a path"));
        assert!(check("uploads<20").unwrap_err().contains("upload_s, outcome"));
        assert!(check("outcome<3").unwrap_err().contains("no order"));
        for word in ["fast", "nan", "inf"] {
            assert!(check(&format!("upload_s<{word}")).unwrap_err().contains("is not"));
        }
    }
}
