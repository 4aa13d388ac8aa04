//! The link: the last connection events, one line each.

use super::super::look::{Look, Tone};
use super::super::model::{Line as Event, Model, Part};
use super::toned;
use flash_model::OpKind;
use link_model::{Reception, Role};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use sim_core::Span as TimeSpan;

pub(super) fn draw(model: &Model, look: Look, frame: &mut Frame<'_>, area: Rect) {
    let block = look.block(" Link: x CRC error, - unheard, r again ".to_owned());
    let inner = block.inner(area);
    let rows = usize::from(inner.height).saturating_sub(1);
    let mut lines: Vec<Line<'_>> =
        model.timeline.last(rows).map(|event| line(look, event, inner.width.into())).collect();
    lines.resize(rows, Line::default());
    lines.push(figures(model, look));
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

fn figures<'t>(model: &Model, look: Look) -> Line<'t> {
    let link = &model.counts.link;
    let (crc, unheard) = model.timeline.losses();
    let permille = (u64::from(link.lost_packets) * 1_000).checked_div(link.packets.into());
    let permille = permille.unwrap_or(0);
    let text = format!(
        " PER {}.{} %  crc {crc}  unheard {unheard}  again {}",
        permille / 10,
        permille % 10,
        link.retransmissions
    );
    Line::from(toned(look, text, Tone::Dim))
}

fn line<'t>(look: Look, event: &Event, width: usize) -> Line<'t> {
    match event {
        Event::Word(word) => Line::from(toned(look, format!(" {word}"), Tone::Good)),
        Event::Idle { first, last, count: 1 } if first == last => {
            Line::from(toned(look, format!(" #{first:05} cp"), Tone::Dim))
        }
        Event::Idle { first, last, count } => {
            let text = format!(" #{first:05} to #{last:05} cp, {count} events");
            Line::from(toned(look, text, Tone::Dim))
        }
        Event::Event { counter, parts, more } => {
            let mut spans = vec![toned(look, format!(" #{counter:05}"), Tone::Plain)];
            spans.extend(parts.iter().map(|part| piece(look, *part)));
            cut(look, spans, *more, width)
        }
    }
}

fn piece<'t>(look: Look, part: Part) -> Span<'t> {
    match part {
        Part::Packet { from, data, reception, again } => {
            let letter = match (from, data) {
                (Role::Central, true) => look.pick(" C▮", " C#"),
                (Role::Central, false) => " c",
                (Role::Peripheral, true) => look.pick("P▮", "P#"),
                (Role::Peripheral, false) => "p",
            };
            let (mark, tone) = match reception {
                Reception::Valid if data => ("", Tone::Data),
                Reception::Valid => ("", Tone::Dim),
                Reception::CrcError => ("x", Tone::Bad),
                Reception::Missed => ("-", Tone::Bad),
            };
            let again = if again { "r" } else { "" };
            toned(look, format!("{letter}{again}{mark}"), tone)
        }
        Part::Deaf { kind, took } => {
            let kind = match kind {
                OpKind::Erase => "erase",
                OpKind::Write | OpKind::Copy => "write",
            };
            let took = took.map(milliseconds).unwrap_or_default();
            toned(look, format!(" --{kind}{took}--"), Tone::Work)
        }
    }
}

/// What fits the width; the rest as a number of packets.
fn cut(look: Look, spans: Vec<Span<'_>>, more: u32, width: usize) -> Line<'_> {
    const TAIL: usize = 6;
    let total: usize = spans.iter().map(Span::width).sum();
    if more == 0 && total <= width {
        return Line::from(spans);
    }
    let mut used = 0;
    let count = spans.len();
    let mut kept: Vec<_> = spans
        .into_iter()
        .take_while(|span| {
            used += span.width();
            used + TAIL <= width
        })
        .collect();
    let left = count - kept.len() + more as usize;
    kept.push(toned(look, format!(" +{left}"), Tone::Dim));
    Line::from(kept)
}

/// Tenths of a millisecond are enough beside packets.
fn milliseconds(span: TimeSpan) -> String {
    let tenths = (span.as_us() + 50) / 100;
    match tenths % 10 {
        0 if tenths == 0 => String::new(),
        0 => format!(" {} ms", tenths / 10),
        tenth => format!(" {}.{tenth} ms", tenths / 10),
    }
}
