//! The SMP log, newest line first.

use super::super::look::{Look, Tone};
use super::super::model::{Entry, Model, milliseconds};
use super::toned;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Paragraph;
use sim_core::Time;

pub(super) fn draw(model: &Model, look: Look, frame: &mut Frame<'_>, area: Rect) {
    let smp = &model.counts.smp;
    let title = format!(
        " SMP: {} requests, {} answers, {} retries, {} timeouts, {} dropped ",
        smp.requests, smp.responses, smp.retries, smp.timeouts, smp.dropped
    );
    let block = look.block(title);
    let rows = block.inner(area).height.into();
    let lines: Vec<_> = model.smp.newest().take(rows).map(|entry| line(look, entry)).collect();
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

fn line<'t>(look: Look, entry: &Entry) -> Line<'t> {
    match entry {
        Entry::Request { at, command, seq, chunk, octets, in_flight } => {
            let what = match chunk {
                Some((off, len)) => format!("off={off:<7} len={len:<5}"),
                None => format!("{octets} octets"),
            };
            let arrow = look.pick("C→P", "C>P");
            let text = format!(
                " {} {arrow} #{seq:<3} {command:<13} {what:<21} {in_flight} in flight",
                time(*at)
            );
            Line::from(toned(look, text, Tone::Plain))
        }
        Entry::Answer { at, command, seq, rc, off, took } => {
            let what = match (rc, off) {
                (0, Some(off)) => format!("off={off}"),
                (0, None) => "ok".to_owned(),
                (rc, _) => format!("rc {rc}"),
            };
            let arrow = look.pick("P→C", "P>C");
            let tone = if *rc == 0 { Tone::Good } else { Tone::Bad };
            let took = milliseconds(*took);
            let text =
                format!(" {} {arrow} #{seq:<3} {command:<13} {what:<21} rtt {took}", time(*at));
            Line::from(toned(look, text, tone))
        }
        Entry::Alert { at, text } => {
            Line::from(toned(look, format!(" {} !   {text}", time(*at)), Tone::Work))
        }
    }
}

/// Seconds with four decimals.
fn time(at: Time) -> String {
    let tenths = at.as_ns() / 100_000;
    format!("{:>4}.{:04}", tenths / 10_000, tenths % 10_000)
}
