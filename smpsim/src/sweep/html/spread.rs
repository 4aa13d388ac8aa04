//! How the upload time of each cell spreads: a strip a cell on one axis.

use super::svg::{Anchor, Scale, Svg, tick_label, width_of};
use crate::sweep::table::{name, seconds};
use sim::sweep::{CURVE, Summary};

const ROW: f64 = 22.0;
const PLOT: f64 = 620.0;
const HEAD: f64 = 10.0;
const FOOT: f64 = 44.0;

/// The strips; empty when no upload was completed.
pub(super) fn strips(summary: &Summary) -> String {
    let rows: Vec<_> = summary
        .cells
        .iter()
        .filter_map(|cell| Some((name(summary, cell), cell.upload.as_ref()?)))
        .collect();
    if rows.is_empty() {
        return "<p>No upload was completed.</p>\n".to_owned();
    }
    let left = rows.iter().map(|(name, _)| width_of(name)).fold(0.0, f64::max) + 12.0;
    let ends = rows.iter().flat_map(|(_, s)| [s.min.as_secs_f64(), s.max.as_secs_f64()]);
    let scale = Scale::new(ends, left, left + PLOT);
    let bottom = HEAD + ROW * rows.len() as f64;
    let mut svg = Svg::new();
    let mut free = f64::NEG_INFINITY;
    for tick in scale.ticks() {
        let x = scale.place(tick);
        svg.line((x, HEAD), (x, bottom), "grid");
        let label = tick_label(tick);
        if x - width_of(&label) / 2.0 > free {
            svg.text((x, bottom + 16.0), Anchor::Middle, r#"class="label""#, &label);
            free = x + width_of(&label) / 2.0 + 4.0;
        }
    }
    let unit = if scale.is_log() { "upload, s (logarithmic)" } else { "upload, s" };
    svg.text((left + PLOT / 2.0, bottom + 36.0), Anchor::Middle, r#"class="axis""#, unit);
    for (i, (name, spread)) in rows.iter().enumerate() {
        let y = HEAD + ROW * (i as f64 + 0.5);
        let x = |span: sim_core::Span| scale.place(span.as_secs_f64());
        let title = format!(
            "{name}: least {} s, median {} s, p90 {} s, p99 {} s, most {} s",
            seconds(spread.min),
            seconds(spread.median),
            seconds(spread.p90),
            seconds(spread.p99),
            seconds(spread.max)
        );
        svg.text((left - 8.0, y + 4.0), Anchor::End, r#"class="label""#, name);
        svg.titled(&title, |svg| {
            svg.line((x(spread.min), y), (x(spread.max), y), "whisker");
            // From the tenth to the ninetieth of 100 runs.
            let (low, high) =
                (x(spread.curve[CURVE / 10]), x(spread.curve[CURVE - 1 - CURVE / 10]));
            svg.rect((low, y - 5.0), ((high - low).max(1.0), 10.0), r#"class="band""#);
            for span in &spread.curve {
                svg.circle((x(*span), y), 2.0, "dot");
            }
            let median = x(spread.median);
            svg.line((median, y - 8.0), (median, y + 8.0), "median");
        });
    }
    svg.finish(left + PLOT + 20.0, bottom + FOOT, "spread of the upload time by cell")
}
