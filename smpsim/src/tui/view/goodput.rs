//! How fast the image arrives, and what the upload waits for.

use super::super::look::{Look, Tone};
use super::super::model::Model;
use super::toned;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

pub(super) fn draw(model: &Model, look: Look, frame: &mut Frame<'_>, area: Rect) {
    let block = look.block(" Goodput ".to_owned());
    let inner = block.inner(area);
    let width = usize::from(inner.width).saturating_sub(2);
    let rate = &model.rate;
    let mut lines = vec![
        Line::from(format!(
            " now {} avg {} kB/s",
            kilo(rate.now(model.now)),
            kilo(rate.average(model.now))
        )),
        chart(look, &rate.chart(model.now, width)),
        Line::from(format!(
            " {}.{} % of {} B  {}",
            rate.permille() / 10,
            rate.permille() % 10,
            rate.size(),
            eta(model)
        )),
    ];
    let stalls = model.stalls();
    for (cause, share) in stalls.iter().take(usize::from(inner.height).saturating_sub(3)) {
        let bar = look.pick("▪", "=").repeat((*share as usize * width.saturating_sub(22)) / 100);
        lines.push(Line::from(vec![
            Span::raw(format!(" {:<15} {share:>2} % ", cause.name())),
            toned(look, bar, Tone::Work),
        ]));
    }
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

fn eta(model: &Model) -> String {
    match model.rate.left(model.now) {
        _ if model.rate.is_complete() => "done".to_owned(),
        _ if model.end.is_some() => "stopped".to_owned(),
        Some(left) => format!("ETA {}.{} s", left.as_us() / 1_000_000, left.as_us() / 100_000 % 10),
        None => String::new(),
    }
}

fn chart<'t>(look: Look, buckets: &[u32]) -> Line<'t> {
    let most = buckets.iter().copied().max().unwrap_or(0);
    let columns: String = buckets.iter().map(|octets| look.column(*octets, most)).collect();
    Line::from(toned(look, format!(" {columns}"), Tone::Data))
}

/// Thousands of octets with one decimal.
fn kilo(octets: u64) -> String {
    let tenths = (octets + 50) / 100;
    format!("{}.{}", tenths / 10, tenths % 10)
}
