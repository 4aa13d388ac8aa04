//! Rows as files: CSV (RFC 4180) and JSON lines, with the same columns in the same order.

use super::cell::word;
use super::columns::{Figures, Shape, Shown};
use super::row::{Heading, Row};
use crate::scenario::keys::{self, Kind};
use crate::scenario::value::Value;
use std::fmt::Write as _;
use std::io::{self, Write};

/// Columns before the varied settings.
pub(super) const FRONT: [&str; 3] = ["run", "cell", "strategy"];

/// Columns after them, before the figures.
pub(super) const MIDDLE: [&str; 3] = ["seed", "status", "reason"];

/// Columns after the figures, the same in all rows.
pub(super) const BACK: [&str; 6] = ["plan", "version", "shard", "base", "runs", "seeds"];

/// Word of the column `status` of a run that was carried out.
pub(super) const DONE: &str = "done";

/// Word of the column `status` of a run that there cannot be.
pub(super) const NOT_APPLICABLE: &str = "n/a";

impl Heading {
    /// All columns in order, with what they hold.
    pub fn columns(&self) -> Vec<(&'static str, Shape)> {
        let with = |shape| move |name| (name, shape);
        let axes = self.axes.iter().map(|path| (*path, axis_shape(path)));
        let figures = Figures::COLUMNS.iter().map(|column| (column.name, column.shape));
        let mut columns: Vec<_> = FRONT[..2].iter().copied().map(with(Shape::Count)).collect();
        columns.push((FRONT[2], Shape::Word));
        columns.extend(axes);
        columns.push((MIDDLE[0], Shape::Count));
        columns.extend(MIDDLE[1..].iter().copied().map(with(Shape::Word)));
        columns.extend(figures);
        columns.extend(BACK[..4].iter().copied().map(with(Shape::Word)));
        columns.extend(BACK[4..].iter().copied().map(with(Shape::Count)));
        columns
    }

    /// Gives each value of a row to `take`, in the order of the columns.
    pub fn each_value(&self, row: &Row, mut take: impl FnMut(Shown<'_>)) {
        let (status, reason) = match &row.result {
            Ok(_) => (DONE, Shown::Nothing),
            Err(reason) => (NOT_APPLICABLE, Shown::Word(reason)),
        };
        take(Shown::Count(row.run));
        take(Shown::Count(row.cell.index));
        take(Shown::Word(row.cell.strategy.name()));
        for value in &row.cell.values {
            match value {
                Value::Int(number) => take(Shown::Signed(*number)),
                Value::Bool(truth) => take(Shown::Truth(*truth)),
                value => take(Shown::Word(&word(value))),
            }
        }
        take(Shown::Count(row.seed));
        take(Shown::Word(status));
        take(reason);
        for column in Figures::COLUMNS {
            take(row.result.as_ref().map_or(Shown::Nothing, |figures| (column.show)(figures)));
        }
        take(Shown::Word(&self.plan));
        take(Shown::Word(&self.version));
        take(Shown::Word(&self.shard.to_string()));
        take(Shown::Word(&self.base));
        take(Shown::Count(self.runs));
        take(Shown::Count(self.seeds));
    }
}

fn axis_shape(path: &str) -> Shape {
    match keys::find(path).map(|key| key.kind) {
        Some(Kind::Int { .. }) => Shape::Signed,
        Some(Kind::Bool) => Shape::Truth,
        _ => Shape::Word,
    }
}

fn text<'t>(shown: Shown<'t>, room: &'t mut String) -> &'t str {
    room.clear();
    match shown {
        Shown::Word(word) => return word,
        Shown::Count(number) => {
            let _ = write!(room, "{number}");
        }
        Shown::Signed(number) => {
            let _ = write!(room, "{number}");
        }
        Shown::Truth(truth) => {
            let _ = write!(room, "{truth}");
        }
        Shown::Time(span) => {
            let _ = write!(room, "{}", span.as_secs_f64());
        }
        Shown::Nothing => {}
    }
    room
}

/// Writes CSV.
pub struct CsvRows<W: Write> {
    heading: Heading,
    to: csv::Writer<W>,
    room: String,
}

impl<W: Write> CsvRows<W> {
    /// Writes the line of names.
    ///
    /// # Errors
    /// Those of `to`.
    pub fn new(heading: Heading, to: W) -> io::Result<Self> {
        let mut to = csv::Writer::from_writer(to);
        to.write_record(heading.columns().into_iter().map(|(name, _)| name))?;
        Ok(Self { heading, to, room: String::new() })
    }

    /// Writes a row.
    ///
    /// # Errors
    /// Those of the file.
    pub fn row(&mut self, row: &Row) -> io::Result<()> {
        let (to, room) = (&mut self.to, &mut self.room);
        let mut result = Ok(());
        self.heading.each_value(row, |shown| {
            if result.is_ok() {
                result = to.write_field(text(shown, room));
            }
        });
        result?;
        to.write_record(None::<&[u8]>)?;
        Ok(())
    }

    /// Sees that all is written.
    ///
    /// # Errors
    /// Those of the file.
    pub fn finish(mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Writes JSON lines: an object a row, `null` for what there is not.
pub struct JsonRows<W: Write> {
    heading: Heading,
    names: Vec<String>,
    to: W,
    line: String,
}

impl<W: Write> JsonRows<W> {
    /// A file without rows yet.
    pub fn new(heading: Heading, to: W) -> Self {
        let name = |(name, _)| format!("{name:?}:");
        let names = heading.columns().into_iter().map(name).collect();
        Self { heading, names, to, line: String::new() }
    }

    /// Writes a row.
    ///
    /// # Errors
    /// Those of the file.
    pub fn row(&mut self, row: &Row) -> io::Result<()> {
        let (line, mut names) = (&mut self.line, self.names.iter());
        line.clear();
        let mut room = String::new();
        self.heading.each_value(row, |shown| {
            line.push(if line.is_empty() { '{' } else { ',' });
            line.push_str(names.next().map_or("", String::as_str));
            match shown {
                Shown::Nothing => line.push_str("null"),
                Shown::Word(word) => line.push_str(&serde_json::Value::from(word).to_string()),
                shown => line.push_str(text(shown, &mut room)),
            }
        });
        line.push_str("}\n");
        self.to.write_all(line.as_bytes())
    }

    /// Sees that all is written.
    ///
    /// # Errors
    /// Those of the file.
    pub fn finish(mut self) -> io::Result<()> {
        self.to.flush()
    }
}
