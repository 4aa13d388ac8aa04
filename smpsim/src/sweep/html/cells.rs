//! The table of all cells, with the command that carries out each one's worst run again.

use super::svg::escape;
use crate::human::kilobytes;
use crate::sweep::table::{seconds, wasted};
use sim::sweep::{CellSummary, Spread, Summary};
use sim_core::Span;
use std::fmt::Write;

/// The table.
pub(super) fn table(summary: &Summary) -> String {
    let mut text = String::from("<div class=\"scroll\"><table>\n<thead><tr>");
    let mut head = |name: &str| {
        let _ = write!(text, "<th>{}</th>", escape(name));
    };
    head("strategy");
    summary.heading.axes.iter().for_each(|key| head(key));
    for name in ["runs", "failed"] {
        head(name);
    }
    for time in ["update", "upload"] {
        for quantile in ["median", "p90", "p99"] {
            head(&format!("{time} {quantile}, s"));
        }
    }
    for name in ["goodput", "wasted", "RAM, octets", "why", "worst run again"] {
        head(name);
    }
    text.push_str("</tr></thead>\n<tbody>\n");
    for cell in &summary.cells {
        row(&mut text, cell);
    }
    text.push_str("</tbody>\n</table></div>\n");
    text
}

fn row(text: &mut String, cell: &CellSummary) {
    text.push_str("<tr>");
    let mut put = |class: &str, value: &str| {
        let _ = write!(text, "<td{class}>{}</td>", escape(value));
    };
    put("", cell.cell.strategy.name());
    for value in &cell.cell.values {
        put("", &value.to_string().replace('"', ""));
    }
    let number = " class=\"number\"";
    put(number, &cell.counts.done().to_string());
    put(number, &cell.counts.failed.to_string());
    for spread in [&cell.duration, &cell.upload] {
        for figure in quantiles(spread.as_ref()) {
            put(number, &figure);
        }
    }
    put(number, &cell.goodput_bps.map(kilobytes).unwrap_or_default());
    put(number, &wasted(cell));
    put(number, &cell.ram_octets.to_string());
    let why: Vec<String> = match &cell.reason {
        Some(reason) => vec![format!("n/a: {reason}")],
        None => cell.failures_by_number().iter().map(|(e, runs)| format!("{runs} x {e}")).collect(),
    };
    put("", &why.join(", "));
    let command = cell.worst.as_ref().map(|worst| escape(&worst.command)).unwrap_or_default();
    let _ = writeln!(text, "<td><code>{command}</code></td></tr>");
}

fn quantiles(spread: Option<&Spread<Span>>) -> [String; 3] {
    spread.map_or_else(Default::default, |s| [s.median, s.p90, s.p99].map(seconds))
}
