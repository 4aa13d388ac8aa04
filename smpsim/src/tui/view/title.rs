//! The bars at the top and at the bottom.

use super::super::keys;
use super::super::look::{Look, Tone};
use super::super::model::Model;
use client_model::Phase;
use ratatui::Frame;
use ratatui::layout::{Alignment, Rect};
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

/// Scenario, seed, time, speed, state; the link at the right.
pub(super) fn draw(model: &Model, look: Look, frame: &mut Frame<'_>, area: Rect) {
    let style = look.style(Tone::Title);
    let us = model.now.as_ns() / 1_000;
    let left = format!(
        " smpsim  {}  seed {}  t={}.{:06} s  {} {} ",
        model.head.scenario,
        model.head.seed,
        us / 1_000_000,
        us % 1_000_000,
        model.speed,
        state(model, look),
    );
    frame.render_widget(Paragraph::new(Line::from(left.as_str())).style(style), area);
    let phase = model.phase.map(Phase::name).unwrap_or_default();
    let room = usize::from(area.width).saturating_sub(width_of(&left));
    let both = format!("{phase}  {} ", model.head.link);
    let right = if width_of(&both) <= room { both } else { format!("{phase} ") };
    if width_of(&right) > room {
        return;
    }
    let width = width_of(&right) as u16;
    let place = Rect { x: area.right() - width, width, ..area };
    let right = Paragraph::new(Line::from(right)).style(style).alignment(Alignment::Right);
    frame.render_widget(right, place);
}

fn width_of(text: &str) -> usize {
    Line::from(text).width()
}

fn state(model: &Model, look: Look) -> String {
    match &model.end {
        Some((outcome, true)) => outcome.clone(),
        Some((outcome, false)) => format!("{outcome}, not expected"),
        None if model.running => format!("{} running", look.pick("▶", ">")),
        None => format!("{} paused", look.pick("❚❚", "||")),
    }
}

/// The keys.
pub(super) fn draw_bar(look: Look, frame: &mut Frame<'_>, area: Rect) {
    let line = Line::from(format!(" {}", keys::bar()));
    frame.render_widget(Paragraph::new(line).style(look.style(Tone::Title)), area);
}
