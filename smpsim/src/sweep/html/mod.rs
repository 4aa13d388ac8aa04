//! The report of a sweep: one page that needs neither network nor scripts, its plots drawn here.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "places on a drawing need less than a float has, and lie on it"
)]

mod cells;
mod heat_map;
mod pareto;
mod spread;
mod svg;

use sim::sweep::Summary;
use std::fmt::Write;
use svg::escape;

/// The look of the page, light or dark as the reader's system is.
const STYLE: &str = "
:root { color-scheme: light dark; --ink: #1b1b1b; --paper: #fff; --soft: #666; --line: #ddd;
  --mark: #0b5cad; --band: #9cc3ea; --none: #e6e6e6; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e8e8; --paper: #161616; --soft: #a0a0a0;
  --line: #3a3a3a; --mark: #6cb2ff; --band: #2c527a; --none: #303030; } }
body { font: 14px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  margin: 24px auto; max-width: 1100px; padding: 0 16px; }
h1 { font-size: 20px; } h2 { font-size: 16px; margin-top: 28px; } h3 { font-size: 14px; margin-bottom: 4px; }
.scroll { overflow-x: auto; }
svg { font: 12px system-ui, sans-serif; }
svg .label { fill: var(--ink); } svg .axis { fill: var(--soft); } svg .none { fill: var(--none); }
svg .grid { stroke: var(--line); } svg .whisker { stroke: var(--mark); }
svg .band { fill: var(--band); } svg .dot { fill: var(--mark); fill-opacity: 0.35; }
svg .median { stroke: var(--ink); stroke-width: 2; }
svg .front { fill: none; stroke: var(--mark); stroke-width: 1.5; }
svg .point { fill: var(--mark); } svg .hollow { fill: var(--paper); stroke: var(--mark); }
table { border-collapse: collapse; font-size: 13px; }
th, td { border-bottom: 1px solid var(--line); padding: 4px 8px; text-align: left; white-space: nowrap; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
code { user-select: all; } .soft { color: var(--soft); }
";

/// The whole page.
pub(super) fn page(summary: &Summary) -> String {
    let heading = &summary.heading;
    let title = format!("smpsim sweep of {}", heading.base);
    let mut text = String::from("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n");
    let _ = write!(
        text,
        "<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{0}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{0}</h1>\n",
        escape(&title)
    );
    facts(&mut text, summary);
    let mut section = |title: &str, about: &str, body: &str| {
        let _ = write!(text, "<h2>{title}</h2>\n<p class=\"soft\">{about}</p>\n{body}");
    };
    section(
        "Upload, median in seconds",
        "Over the runs that completed the upload. Light is fast; point at a cell for its range.",
        &heat_map::maps(summary, |cell| cell.upload.as_ref()),
    );
    section(
        "Whole update, median in seconds",
        "From the first attempt to connect to the confirmed image, over the runs that did not fail.",
        &heat_map::maps(summary, |cell| cell.duration.as_ref()),
    );
    section(
        "How upload times spread",
        "Line: least to most. Band: tenth to ninetieth of a hundred runs. Tick: median. Dots: \
         quantiles in equal steps.",
        &spread::strips(summary),
    );
    section(
        "Time against RAM",
        "What more or larger packet buffers in the server buy, over all cells.",
        &pareto::plot(summary),
    );
    section(
        "All cells",
        "Each with the command that carries out its worst run again: the first that failed, or else \
         the longest.",
        &cells::table(summary),
    );
    text.push_str("</body>\n</html>\n");
    text
}

fn facts(text: &mut String, summary: &Summary) {
    let (heading, counts) = (&summary.heading, summary.counts());
    let _ = writeln!(
        text,
        "<p>{} of {} runs carried out{}: {} cells of {} seeds; {} failed, {} not applicable.</p>\n\
         <p class=\"soft\">smpsim {}, plan {}. Times are virtual.</p>",
        counts.done(),
        heading.runs,
        match heading.shard {
            shard if shard.is_whole() => String::new(),
            shard => format!(" in shard {shard}"),
        },
        summary.cells.len(),
        heading.seeds,
        counts.failed,
        counts.not_applicable,
        escape(&heading.version),
        escape(&heading.plan),
    );
}
