//! Characters of devicetree source, with what stands between the words passed over.

use super::Problem;

/// Lines of the C preprocessor that tell nothing about partitions. What `#else` and its like
/// belong to is refused before they are seen.
const DIRECTIVES: [&str; 8] =
    ["include", "define", "undef", "pragma", "line", "error", "warning", "endif"];

/// A place in devicetree source.
#[derive(Clone)]
pub(super) struct Scanner<'t> {
    rest: &'t str,
    line: usize,
    /// Only space since the beginning of the line.
    fresh: bool,
}

impl<'t> Scanner<'t> {
    /// At the beginning of `text`, which begins in this line of its file.
    pub(super) fn new(text: &'t str, line: usize) -> Self {
        Self { rest: text, line, fresh: true }
    }

    /// The line, counted from 1.
    pub(super) fn line(&self) -> usize {
        self.line
    }

    /// The next character.
    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    /// Whether the rest begins with this.
    pub(super) fn sees(&self, what: &str) -> bool {
        self.rest.starts_with(what)
    }

    /// Goes behind `what` when the rest begins with it.
    pub(super) fn take(&mut self, what: &str) -> bool {
        let seen = self.sees(what);
        if seen {
            self.advance(what.len());
        }
        seen
    }

    /// Goes behind `what`.
    ///
    /// # Errors
    /// When something else stands there.
    pub(super) fn expect(&mut self, what: &str) -> Result<(), Problem> {
        if self.take(what) {
            return Ok(());
        }
        let found = match self.peek() {
            Some(c) => format!("{c:?}"),
            None => "the end of the text".to_owned(),
        };
        Err(Problem::at(self.line, format!("expected {what:?}, got {found}")))
    }

    /// The characters up to the first that is not of the kind.
    pub(super) fn word(&mut self, kind: impl Fn(char) -> bool) -> &'t str {
        let len = self.rest.find(|c| !kind(c)).unwrap_or(self.rest.len());
        let word = &self.rest[..len];
        self.advance(len);
        word
    }

    /// Goes behind space, comments and lines of the C preprocessor.
    ///
    /// # Errors
    /// When a comment does not end, or a line asks for a decision that only a build can make.
    pub(super) fn pass_space(&mut self) -> Result<(), Problem> {
        loop {
            self.word(char::is_whitespace);
            if self.sees("//") {
                self.word(|c| c != '\n');
            } else if self.sees("/*") {
                let Some(len) = self.rest[2..].find("*/") else {
                    return Err(Problem::at(self.line, "the comment that begins here has no end"));
                };
                // A comment is space: what follows may still be first in its line.
                let fresh = self.fresh;
                self.advance(len + 4);
                self.fresh |= fresh;
            } else if self.fresh && self.directive()? {
                self.pass_directive();
            } else {
                return Ok(());
            }
        }
    }

    /// A text in double quotes, without them; escapes stay as they are.
    ///
    /// # Errors
    /// When it does not end.
    pub(super) fn string(&mut self) -> Result<&'t str, Problem> {
        self.expect("\"")?;
        let text = self.rest;
        let mut escaped = false;
        for (at, c) in text.char_indices() {
            match c {
                '"' if !escaped => {
                    self.advance(at + 1);
                    return Ok(&text[..at]);
                }
                _ => escaped = c == '\\' && !escaped,
            }
        }
        Err(Problem::at(self.line, "the text that begins here has no end"))
    }

    /// The value of a property up to its semicolon, which is passed.
    ///
    /// # Errors
    /// When there is no semicolon, or another property or node begins before it.
    pub(super) fn value(&mut self) -> Result<&'t str, Problem> {
        let (start, line) = (self.rest, self.line);
        loop {
            self.pass_space()?;
            match self.peek() {
                Some('"') => drop(self.string()?),
                Some(';') => {
                    let len = start.len() - self.rest.len();
                    self.advance(1);
                    return Ok(&start[..len]);
                }
                Some('{' | '}' | '=') | None => {
                    return Err(Problem::at(line, "the property has no semicolon"));
                }
                Some('\'') => {
                    self.advance(1);
                    self.take("\\");
                    self.skip();
                    self.expect("'")?;
                }
                Some(c) => {
                    self.advance(c.len_utf8());
                    // The path of a reference stands in braces.
                    if c == '&' && self.take("{") {
                        self.word(|c| c != '}');
                        self.expect("}")?;
                    }
                }
            }
        }
    }

    /// Goes behind the next character.
    pub(super) fn skip(&mut self) {
        self.advance(self.peek().map_or(0, char::len_utf8));
    }

    /// Whether a line of the C preprocessor begins here; properties may begin with `#` too.
    fn directive(&self) -> Result<bool, Problem> {
        let Some(rest) = self.rest.strip_prefix('#') else { return Ok(false) };
        let word: String =
            rest.trim_start_matches([' ', '\t']).chars().take_while(|c| is_name(*c)).collect();
        match &word[..] {
            "if" | "ifdef" | "ifndef" => Err(Problem::at(
                self.line,
                format!("#{word} cannot be decided here; take the zephyr.dts of a build"),
            )),
            word => Ok(DIRECTIVES.contains(&word)),
        }
    }

    /// A line that ends with a backslash goes on in the next.
    fn pass_directive(&mut self) {
        loop {
            let line = self.word(|c| c != '\n');
            self.take("\n");
            if !line.trim_end_matches('\r').ends_with('\\') || self.rest.is_empty() {
                return;
            }
        }
    }

    fn advance(&mut self, len: usize) {
        let (passed, rest) = self.rest.split_at(len);
        self.rest = rest;
        self.line += passed.bytes().filter(|b| *b == b'\n').count();
        let begun = passed.rsplit('\n').next().unwrap_or(passed);
        let same_line = begun.len() == passed.len();
        self.fresh = (self.fresh || !same_line) && begun.trim().is_empty();
    }
}

/// Characters of node names, property names and labels (Devicetree Specification, section 2.2).
pub(super) fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, ',' | '.' | '_' | '+' | '-' | '?' | '#' | '@')
}
