//! A sweep for people: a line a cell.

use crate::human::kilobytes;
use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell, CellAlignment, Color, ContentArrangement, Table};
use sim::sweep::{CellSummary, Spread, Summary};
use sim_core::Span;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::io::IsTerminal;

/// How the table looks.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Look {
    /// Columns of the terminal; none when it is none.
    pub(super) width: Option<u16>,
    /// Whether colours are wanted.
    pub(super) colour: bool,
}

impl Look {
    /// As standard output asks for.
    pub(super) fn of_standard_output() -> Self {
        if !std::io::stdout().is_terminal() {
            return Self::default();
        }
        let width = ratatui::crossterm::terminal::size().ok().map(|(columns, _)| columns);
        let colour = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { width, colour }
    }
}

/// Renders the table.
pub(super) fn render(summary: &Summary, look: Look) -> String {
    let mut text = String::new();
    head(&mut text, summary);
    text.push('\n');
    for line in cells(summary, look).lines() {
        let _ = writeln!(text, "{}", line.trim_end());
    }
    not_applicable(&mut text, summary);
    failures(&mut text, summary);
    unnoticed(&mut text, summary);
    again(&mut text, summary);
    text
}

fn head(text: &mut String, summary: &Summary) {
    let (heading, counts) = (&summary.heading, summary.counts());
    let shard = match heading.shard {
        shard if shard.is_whole() => String::new(),
        shard => format!(" (shard {shard})"),
    };
    let cells = summary.cells.len();
    let _ = writeln!(
        text,
        "sweep of {}: {cells} cell{} x {} seed{}, {} of {} runs carried out{shard}, {} failed",
        heading.base,
        if cells == 1 { "" } else { "s" },
        heading.seeds,
        if heading.seeds == 1 { "" } else { "s" },
        counts.done(),
        heading.runs,
        counts.failed,
    );
    text.push_str("  seconds of the whole update, and of its upload; quantiles over the seeds\n");
}

fn cells(summary: &Summary, look: Look) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    if look.colour {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    if let Some(width) = look.width {
        table.set_width(width);
    }
    let mut rams = summary.cells.iter().filter(|cell| cell.counts.done() > 0).map(|c| c.ram_octets);
    let first = rams.next();
    let ram = rams.any(|ram| Some(ram) != first);
    let mut names = vec!["strategy"];
    names.extend(&summary.heading.axes);
    names.extend(["failed", "median", "p90", "p99", "upload", "p90", "p99", "kB/s", "wasted"]);
    names.extend(ram.then_some("RAM"));
    names.push("worst seed");
    let head = |name: &str| match Cell::new(name) {
        cell if look.colour => cell.add_attribute(Attribute::Bold),
        cell => cell,
    };
    table.set_header(names.into_iter().map(head));
    for cell in &summary.cells {
        table.add_row(row(cell, ram, look));
    }
    let left = 1 + summary.heading.axes.len();
    for (i, column) in table.column_iter_mut().enumerate() {
        let first = i == 0;
        column.set_padding((if first { 2 } else { 1 }, 1));
        if i >= left {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

fn row(cell: &CellSummary, ram: bool, look: Look) -> Vec<Cell> {
    let mut row = vec![Cell::new(cell.cell.strategy.name())];
    row.extend(cell.cell.values.iter().map(|value| Cell::new(value.to_string().replace('"', ""))));
    row.push(failed(cell, look));
    for spread in [&cell.duration, &cell.upload] {
        for figure in quantiles(spread.as_ref()) {
            row.push(Cell::new(figure));
        }
    }
    row.push(Cell::new(cell.goodput_bps.map_or_else(dash, rate)));
    row.push(Cell::new(wasted(cell)));
    if ram {
        let ran = cell.counts.done() > 0;
        row.push(Cell::new(if ran { cell.ram_octets.to_string() } else { dash() }));
    }
    row.push(Cell::new(cell.worst.as_ref().map_or_else(dash, |worst| worst.seed.to_string())));
    row
}

fn failed(cell: &CellSummary, look: Look) -> Cell {
    if cell.counts.done() == 0 {
        return Cell::new("n/a");
    }
    let text = format!("{}/{}", cell.counts.failed, cell.counts.done());
    match (look.colour, cell.counts.failed) {
        (false, _) => Cell::new(text),
        (true, 0) => Cell::new(text).fg(Color::Green),
        (true, _) => Cell::new(text).fg(Color::Red),
    }
}

fn dash() -> String {
    "-".to_owned()
}

fn quantiles(spread: Option<&Spread<Span>>) -> [String; 3] {
    let Some(spread) = spread else { return [dash(), dash(), dash()] };
    [spread.median, spread.p90, spread.p99].map(seconds)
}

/// Seconds with two decimals, rounded.
pub(super) fn seconds(span: Span) -> String {
    let hundredths = (span.as_ns() + 5_000_000) / 10_000_000;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

fn rate(octets_per_s: u64) -> String {
    kilobytes(octets_per_s).replace(" kB/s", "")
}

/// The median of what was sent again, as a part of the image.
pub(super) fn wasted(cell: &CellSummary) -> String {
    match &cell.wasted {
        Some(wasted) if cell.image_octets > 0 => {
            let tenths = (wasted.median * 1_000 + cell.image_octets / 2) / cell.image_octets;
            format!("{}.{} %", tenths / 10, tenths % 10)
        }
        _ => dash(),
    }
}

/// A cell in words.
pub(super) fn name(summary: &Summary, cell: &CellSummary) -> String {
    let mut text = cell.cell.strategy.name().to_owned();
    for (key, value) in summary.heading.axes.iter().zip(&cell.cell.values) {
        let _ = write!(text, " {key}={}", value.to_string().replace('"', ""));
    }
    text
}

/// Why cells cannot be run, each reason once.
fn not_applicable(text: &mut String, summary: &Summary) {
    let mut reasons: BTreeMap<&str, u64> = BTreeMap::new();
    for reason in summary.cells.iter().filter_map(|cell| cell.reason.as_deref()) {
        *reasons.entry(reason).or_default() += 1;
    }
    for (reason, cells) in reasons {
        let plural = if cells == 1 { "" } else { "s" };
        let _ = writeln!(text, "  n/a in {cells} cell{plural}: {reason}");
    }
}

/// Cells with failures that are told one by one.
const TOLD: usize = 20;

fn failures(text: &mut String, summary: &Summary) {
    let failed: Vec<_> = summary.cells.iter().filter(|cell| cell.counts.failed > 0).collect();
    for cell in failed.iter().take(TOLD) {
        let causes: Vec<String> = cell
            .failures_by_number()
            .into_iter()
            .map(|(name, runs)| format!("{runs} x {name}"))
            .collect();
        let _ = writeln!(text, "  failed: {}: {}", name(summary, cell), causes.join(", "));
    }
    if failed.len() > TOLD {
        let _ = writeln!(text, "  and {} more cells with failures", failed.len() - TOLD);
    }
}

/// Settings by which a radio link loses packets.
const LOSSES: [&str; 3] = ["link.loss_ppm", "link.miss_ppm", "link.ber_e9"];

/// Bluetooth sends a lost packet again before any client notices. Where losses are varied and no client
/// sends much of its image again, this says how to see what an answer that is really lost costs each.
fn unnoticed(text: &mut String, summary: &Summary) {
    let Summary { heading, cells } = summary;
    let varies_loss = heading.axes.iter().any(|axis| LOSSES.contains(axis));
    let has_faults = heading.base.contains("fault.")
        || heading.axes.iter().any(|axis| axis.starts_with("fault."));
    let little = |cell: &CellSummary| {
        cell.wasted.as_ref().is_none_or(|wasted| wasted.median * 100 < cell.image_octets)
    };
    let compares = cells.first().map(|cell| &cell.cell.strategy)
        != cells.last().map(|cell| &cell.cell.strategy);
    if varies_loss && !has_faults && compares && cells.iter().all(little) {
        let _ = writeln!(
            text,
            "  the link repairs these losses unseen; what a lost answer costs each client: \
             --vary fault.drop_response=none,20,last"
        );
    }
}

/// How to see one run again.
fn again(text: &mut String, summary: &Summary) {
    let worst = summary.cells.iter().filter_map(|cell| cell.worst.as_ref());
    let key = |worst: &&sim::sweep::Worst| (worst.failure.is_some(), worst.duration);
    if let Some(worst) = worst.max_by_key(key) {
        let _ = writeln!(text, "  the worst run of all again: {}", worst.command);
    }
}

#[cfg(test)]
mod tests {
    use super::{Look, render};
    use sim::scenario::Settings;
    use sim::sweep::{Axis, Cell, Heading, Order, Plan, Seeds, Shard, Summarizer, Summary, Watch};
    use std::sync::Arc;

    struct Unwatched;

    impl Watch for Unwatched {
        fn begins(&self, _: &Arc<Cell>, _: u64) {}

        fn ended(&self) {}

        fn stops(&self) -> bool {
            false
        }
    }

    fn summary() -> Summary {
        let mut settings = Settings::preset("reference").expect("there is one");
        for set in ["image.size=6000", "slot0.size=6000", "run.limit_s=100"] {
            settings.set(set).expect("lawful");
        }
        let order = Order {
            settings,
            base: "reference".to_owned(),
            image: None,
            more_images: Vec::new(),
            force: false,
            strategies: Plan::strategies("android,mcumgr-toolkit").expect("there are these"),
            axes: vec![Axis::parse("link.loss_ppm=0,900000").expect("lawful")],
            seeds: Seeds { first: 1, count: 2 },
            shard: Shard::WHOLE,
        };
        let plan = Plan::new(order).expect("lawful");
        let mut fold = Summarizer::new(Heading::of(&plan));
        let done = sim::sweep::carry_out(&plan, 1, &Unwatched, |row| {
            fold.row(&row);
            Ok::<(), std::convert::Infallible>(())
        });
        assert!(done.expect("cannot fail").is_complete());
        fold.finish()
    }

    #[test]
    fn a_narrow_terminal_gets_lines_that_fit_and_nothing_is_left_out() {
        let summary = summary();
        let wide = render(&summary, Look::default());
        let narrow = render(&summary, Look { width: Some(80), colour: false });
        let longest = |text: &str| {
            let lines = text.lines().skip(2).take_while(|line| !line.starts_with("  n/a"));
            lines.map(|line| line.chars().count()).max()
        };
        assert!(longest(&wide) > Some(80), "{wide}");
        assert!(longest(&narrow) <= Some(80), "{narrow}");
        for text in [&wide, &narrow] {
            assert!(text.contains("n/a in 2 cells: mcumgr-toolkit does not send over"), "{text}");
            assert!(text.contains("failed: android link.loss_ppm=900000: 2 x "), "{text}");
            assert!(text.lines().all(|line| line.trim_end() == line), "{text}");
        }
    }

    #[test]
    fn colours_are_only_there_when_they_are_wanted() {
        let summary = summary();
        assert!(!render(&summary, Look::default()).contains('\u{1b}'));
        let colourful = render(&summary, Look { width: Some(120), colour: true });
        assert!(colourful.contains('\u{1b}'), "{colourful}");
    }
}
