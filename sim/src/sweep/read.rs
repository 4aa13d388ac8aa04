//! Reads rows back from CSV or JSON lines.

use super::cell::Cell;
use super::columns::Figures;
use super::contender::Contender;
use super::row::{Heading, Row};
use super::shard::Shard;
use super::write::{BACK, DONE, FRONT, MIDDLE, NOT_APPLICABLE};
use crate::scenario::keys;
use crate::scenario::value::Value;
use std::io::{self, BufRead};
use std::sync::Arc;

/// Columns that are no varied settings.
const FIXED: usize = FRONT.len() + MIDDLE.len() + Figures::COLUMNS.len() + BACK.len();

/// Reads the rows of one file.
pub struct Reader<R> {
    lines: Lines<R>,
    /// Names of the columns.
    names: Vec<String>,
    /// Row read beforehand, for the heading.
    first: Option<Row>,
    heading: Option<Heading>,
    cell: Option<Arc<Cell>>,
}

enum Lines<R> {
    Csv(Box<csv::Reader<R>>, csv::StringRecord),
    Json(R, String, u64),
}

/// Values of a row as texts, with the line that they stand in.
struct Texts {
    line: u64,
    texts: Vec<String>,
}

impl<R: BufRead> Reader<R> {
    /// Opens a file of either kind and reads its first row.
    ///
    /// # Errors
    /// When it is no file of rows: which line, and what is wrong.
    pub fn new(mut from: R) -> Result<Self, String> {
        // JSON lines of a shard that has no runs are an empty file.
        let first = from.fill_buf().map_err(|e| e.to_string())?.first().copied();
        let json = first.is_none_or(|first| first == b'{');
        let mut lines = if json {
            Lines::Json(from, String::new(), 0)
        } else {
            Lines::Csv(Box::new(csv::Reader::from_reader(from)), csv::StringRecord::new())
        };
        let mut names = lines.names()?;
        let texts = lines.next(&mut names)?;
        let mut reader = Self { lines, names, first: None, heading: None, cell: None };
        if reader.names.is_empty() {
            return Ok(reader);
        }
        let axes = reader.axes()?;
        if let Some(texts) = texts {
            reader.heading = Some(heading(axes, &texts)?);
            reader.first = Some(reader.row(&texts)?);
        }
        Ok(reader)
    }

    /// What all its rows have in common; `None` for a file without rows.
    pub fn heading(&self) -> Option<&Heading> {
        self.heading.as_ref()
    }

    /// The next row.
    ///
    /// # Errors
    /// Which line cannot be read, and why.
    pub fn next_row(&mut self) -> Result<Option<Row>, String> {
        if let Some(row) = self.first.take() {
            return Ok(Some(row));
        }
        match self.lines.next(&mut self.names)? {
            None => Ok(None),
            Some(texts) => self.row(&texts).map(Some),
        }
    }

    /// The varied settings, from the names of the columns.
    fn axes(&self) -> Result<Vec<&'static str>, String> {
        let axes = self.names.len().saturating_sub(FIXED);
        let given = self.names.iter().skip(FRONT.len()).take(axes);
        let axes: Option<Vec<_>> = given.map(|name| keys::find(name).map(|key| key.path)).collect();
        let axes = axes.ok_or("its columns are not those of a sweep by this program")?;
        let blank = Heading {
            axes,
            plan: String::new(),
            version: String::new(),
            shard: Shard::WHOLE,
            base: String::new(),
            runs: 0,
            seeds: 0,
        };
        if !blank.columns().iter().map(|(name, _)| *name).eq(self.names.iter().map(|n| &**n)) {
            return Err("its columns are not those of a sweep by this program".to_owned());
        }
        Ok(blank.axes)
    }

    fn row(&mut self, texts: &Texts) -> Result<Row, String> {
        let heading = self.heading.as_ref().expect("the heading is read before rows");
        if self::heading(heading.axes.clone(), texts)? != *heading {
            return Err(texts.wrong("is of another sweep than the rows before it"));
        }
        let index = texts.number("cell", 1)?;
        let cell = match self.cell.take().filter(|cell| cell.index == index) {
            Some(cell) => cell,
            None => Arc::new(cell(heading, index, texts)?),
        };
        self.cell = Some(Arc::clone(&cell));
        let seed_at = FRONT.len() + heading.axes.len();
        let result = match &*texts.texts[seed_at + 1] {
            DONE => Ok(Box::new(figures(texts, seed_at + MIDDLE.len())?)),
            NOT_APPLICABLE => Err(texts.texts[seed_at + 2].as_str().into()),
            other => return Err(texts.wrong(&format!("has the status {other:?}"))),
        };
        let (run, seed) = (texts.number("run", 0)?, texts.number("seed", seed_at)?);
        if run >= heading.runs || run / heading.seeds.max(1) != index {
            return Err(texts.wrong("has a run that there is not in its cell"));
        }
        Ok(Row { run, cell, seed, result })
    }
}

impl<R: BufRead> Lines<R> {
    fn names(&mut self) -> Result<Vec<String>, String> {
        match self {
            Self::Csv(csv, _) => {
                let names = csv.headers().map_err(|e| e.to_string())?;
                Ok(names.iter().map(str::to_owned).collect())
            }
            Self::Json(..) => Ok(Vec::new()),
        }
    }

    /// The next row; `names` are taken from the first object.
    fn next(&mut self, names: &mut Vec<String>) -> Result<Option<Texts>, String> {
        match self {
            Self::Csv(csv, record) => {
                if !csv.read_record(record).map_err(|e| e.to_string())? {
                    return Ok(None);
                }
                let line = record.position().map_or(0, csv::Position::line);
                let texts = record.iter().map(str::to_owned).collect();
                Ok(Some(Texts { line, texts }))
            }
            Self::Json(from, text, line) => {
                text.clear();
                *line += 1;
                if from.read_line(text).map_err(|e: io::Error| e.to_string())? == 0 {
                    return Ok(None);
                }
                let object: serde_json::Map<String, serde_json::Value> =
                    serde_json::from_str(text).map_err(|e| format!("line {line}: {e}"))?;
                if names.is_empty() {
                    *names = object.keys().cloned().collect();
                } else if !object.keys().eq(names.iter()) {
                    return Err(format!("line {line}: it has other fields than the first"));
                }
                let texts = object.into_iter().map(|(_, value)| json_text(value)).collect();
                Ok(Some(Texts { line: *line, texts }))
            }
        }
    }
}

fn json_text(value: serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => text,
        // Without an exponent, as CSV has it.
        serde_json::Value::Number(number) if number.is_f64() => {
            number.as_f64().unwrap_or_default().to_string()
        }
        other => other.to_string(),
    }
}

impl Texts {
    fn wrong(&self, what: &str) -> String {
        format!("line {}: it {what}", self.line)
    }

    fn number(&self, name: &str, place: usize) -> Result<u64, String> {
        let text = &self.texts[place];
        text.parse().map_err(|_| self.wrong(&format!("has {text:?} for {name}")))
    }
}

fn heading(axes: Vec<&'static str>, texts: &Texts) -> Result<Heading, String> {
    let back = texts.texts.len() - BACK.len();
    let text = |place: usize| texts.texts[back + place].clone();
    Ok(Heading {
        axes,
        plan: text(0),
        version: text(1),
        shard: Shard::parse(&text(2)).map_err(|e| format!("line {}: {e}", texts.line))?,
        base: text(3),
        runs: texts.number(BACK[4], back + 4)?,
        seeds: texts.number(BACK[5], back + 5)?,
    })
}

fn cell(heading: &Heading, index: u64, texts: &Texts) -> Result<Cell, String> {
    let name = &texts.texts[2];
    let strategy = Contender::from_name(name)
        .ok_or_else(|| texts.wrong(&format!("has no strategy: {name:?}")))?;
    let mut values = Vec::with_capacity(heading.axes.len());
    for (path, text) in heading.axes.iter().zip(&texts.texts[FRONT.len()..]) {
        let key = keys::find(path).expect("axes are keys");
        let value = Value::parse_word(key, text)
            .map_err(|problem| format!("line {}: {path}: {problem}", texts.line))?;
        values.push(value);
    }
    Ok(Cell { index, strategy, values })
}

fn figures(texts: &Texts, first: usize) -> Result<Figures, String> {
    let mut figures = Figures::default();
    for (column, text) in Figures::COLUMNS.iter().zip(&texts.texts[first..]) {
        (column.read)(&mut figures, text)
            .ok_or_else(|| texts.wrong(&format!("has {text:?} for {}", column.name)))?;
    }
    Ok(figures)
}
