//! The files of a sweep: each takes its name when it is complete.

use super::arguments::Outputs;
use super::{html, parquet};
use crate::Refusal;
use crate::output::{PartialFile, print, print_json};
use sim::sweep::{CsvRows, Heading, JsonRows, Row, Summarizer, Summary};
use std::io::Write;
use std::path::Path;

type To = Box<dyn Write + Send>;

/// Files that take rows, and the fold that the other outputs are made from.
pub(super) struct Files<'p> {
    csv: Option<(PartialFile<'p>, CsvRows<To>)>,
    jsonl: Option<(PartialFile<'p>, JsonRows<To>)>,
    parquet: Option<(PartialFile<'p>, parquet::Rows)>,
    html: Option<PartialFile<'p>>,
    summarizer: Summarizer,
}

impl<'p> Files<'p> {
    /// Opens the files that are asked for.
    pub(super) fn create(outputs: &'p Outputs, heading: &Heading) -> Result<Self, Refusal> {
        outputs.differ()?;
        let open = |path: &'p Path| -> Result<(PartialFile<'p>, To), Refusal> {
            let file = PartialFile::create(path)?;
            let writer: To = Box::new(file.writer()?);
            Ok((file, writer))
        };
        let csv = match outputs.csv.as_deref() {
            None => None,
            Some(path) => {
                let (file, to) = open(path)?;
                let rows = CsvRows::new(heading.clone(), to);
                Some((file, rows.map_err(|e| Refusal(format!("--csv: {e}")))?))
            }
        };
        let jsonl = match outputs.jsonl.as_deref() {
            None => None,
            Some(path) => {
                let (file, to) = open(path)?;
                Some((file, JsonRows::new(heading.clone(), to)))
            }
        };
        let parquet = match outputs.parquet.as_deref() {
            None => None,
            Some(path) => {
                parquet::check()?;
                let (file, to) = open(path)?;
                Some((file, parquet::Rows::new(heading.clone(), to)?))
            }
        };
        let html = outputs.html.as_deref().map(PartialFile::create).transpose()?;
        Ok(Self { csv, jsonl, parquet, html, summarizer: Summarizer::new(heading.clone()) })
    }

    /// Takes a row.
    pub(super) fn row(&mut self, row: &Row) -> Result<(), Refusal> {
        if let Some((_, rows)) = &mut self.csv {
            rows.row(row).map_err(|e| Refusal(format!("--csv: {e}")))?;
        }
        if let Some((_, rows)) = &mut self.jsonl {
            rows.row(row).map_err(|e| Refusal(format!("--jsonl: {e}")))?;
        }
        if let Some((_, rows)) = &mut self.parquet {
            rows.row(row)?;
        }
        self.summarizer.row(row);
        Ok(())
    }

    /// Gives the files their names.
    pub(super) fn keep(self) -> Result<Summary, Refusal> {
        let summary = self.summarizer.finish();
        if let Some((file, rows)) = self.csv {
            rows.finish().map_err(|e| Refusal(format!("--csv: {e}")))?;
            file.keep()?;
        }
        if let Some((file, rows)) = self.jsonl {
            rows.finish().map_err(|e| Refusal(format!("--jsonl: {e}")))?;
            file.keep()?;
        }
        if let Some((file, rows)) = self.parquet {
            rows.finish()?;
            file.keep()?;
        }
        if let Some(file) = self.html {
            let mut to = file.writer()?;
            to.write_all(html::page(&summary).as_bytes())
                .and_then(|()| to.flush())
                .map_err(|e| Refusal(format!("--html: {e}")))?;
            file.keep()?;
        }
        Ok(summary)
    }
}

/// Prints the summary, as a document or as a table.
pub(super) fn tell(outputs: &Outputs, summary: &Summary) -> Result<(), Refusal> {
    if outputs.json {
        print_json(&summary.document())
    } else {
        print(&super::table::render(summary, super::table::Look::of_standard_output()));
        Ok(())
    }
}
