//! Upload time against the RAM of the server's packet buffers, and the cells that no other beats in
//! both.

use super::svg::{Anchor, Scale, Svg, escape, tick_label};
use crate::sweep::table::{name, seconds};
use sim::sweep::{CellSummary, Summary};
use std::fmt::Write;

const LEFT: f64 = 64.0;
const SIZE: (f64, f64) = (620.0, 300.0);
const TOP: f64 = 26.0;

/// A cell on the plot.
struct Point<'s> {
    cell: &'s CellSummary,
    ram: f64,
    time: f64,
}

/// The plot and the list of the cells on the front.
pub(super) fn plot(summary: &Summary) -> String {
    let points: Vec<Point<'_>> = summary
        .cells
        .iter()
        .filter_map(|cell| {
            let time = cell.upload.as_ref()?.median.as_secs_f64();
            Some(Point { cell, ram: cell.ram_octets as f64, time })
        })
        .collect();
    if points.is_empty() {
        return "<p>No upload was completed.</p>\n".to_owned();
    }
    let front = front(&points);
    let x = Scale::new(points.iter().map(|p| p.ram), LEFT, LEFT + SIZE.0);
    let y = Scale::new(points.iter().map(|p| p.time), TOP + SIZE.1, TOP);
    let mut svg = Svg::new();
    axes(&mut svg, &x, &y);
    let place = |p: &Point<'_>| (x.place(p.ram), y.place(p.time));
    let line: Vec<_> = front.iter().map(|p| place(p)).collect();
    svg.polyline(&line, "front");
    for point in &points {
        let class = if point.cell.counts.failed > 0 { "hollow" } else { "point" };
        let median = seconds(point.cell.upload.as_ref().map_or(sim_core::Span::ZERO, |u| u.median));
        let title = format!("{}: {median} s, {} octets", name(summary, point.cell), point.ram);
        svg.titled(&title, |svg| svg.circle(place(point), 4.5, class));
    }
    for (i, point) in front.iter().enumerate() {
        let (x, y) = place(point);
        svg.text((x + 8.0, y - 6.0), Anchor::Start, r#"class="label""#, &(i + 1).to_string());
    }
    let mut text = svg.finish(LEFT + SIZE.0 + 20.0, TOP + SIZE.1 + 48.0, "upload time against RAM");
    text.push_str(
        "<p>No cell is both faster and smaller than these. Hollow: some of its runs failed, which \
         keeps it off the front.</p>\n<ol>\n",
    );
    for point in &front {
        let _ = writeln!(
            text,
            "<li>{}: {:.2} s, {} octets</li>",
            escape(&name(summary, point.cell)),
            point.time,
            point.ram
        );
    }
    text.push_str("</ol>\n");
    text
}

fn axes(svg: &mut Svg, x: &Scale, y: &Scale) {
    let bottom = TOP + SIZE.1;
    for tick in x.ticks() {
        let at = x.place(tick);
        svg.line((at, TOP), (at, bottom), "grid");
        svg.text((at, bottom + 16.0), Anchor::Middle, r#"class="label""#, &tick_label(tick));
    }
    for tick in y.ticks() {
        let at = y.place(tick);
        svg.line((LEFT, at), (LEFT + SIZE.0, at), "grid");
        svg.text((LEFT - 6.0, at + 4.0), Anchor::End, r#"class="label""#, &tick_label(tick));
    }
    let centre = LEFT + SIZE.0 / 2.0;
    let label = "server RAM: buf_count x buf_size, octets";
    svg.text((centre, bottom + 38.0), Anchor::Middle, r#"class="axis""#, label);
    svg.text((4.0, TOP - 14.0), Anchor::Start, r#"class="axis""#, "median upload, s");
}

/// The points that no other beats in both, from little RAM to much; of equal ones the first.
fn front<'p, 's>(points: &'p [Point<'s>]) -> Vec<&'p Point<'s>> {
    let mut sound: Vec<&Point<'_>> = points.iter().filter(|p| p.cell.counts.failed == 0).collect();
    sound.sort_by(|a, b| a.ram.total_cmp(&b.ram).then(a.time.total_cmp(&b.time)));
    let mut best = f64::INFINITY;
    sound.retain(|point| {
        let better = point.time < best;
        best = best.min(point.time);
        better
    });
    sound
}
