//! The help, over the rest.

use super::super::keys::TABLE;
use super::super::look::Look;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Clear, Paragraph};

/// Columns of the box.
const WIDTH: u16 = 64;

const LEGEND: &[&str] = &[
    "Link: one line a connection event. C and P carry data, c and p are",
    "empty; x arrived with a CRC error, - was not heard, r was sent",
    "again; --erase 85 ms-- is time in which the peripheral is deaf.",
];

pub(super) fn draw(look: Look, frame: &mut Frame<'_>, whole: Rect) {
    let mut lines: Vec<Line<'_>> =
        TABLE.iter().map(|key| Line::from(format!(" {:<6} {}", key.shown, key.help))).collect();
    lines.push(Line::default());
    lines.extend(LEGEND.iter().map(|line| Line::from(format!(" {line}"))));
    let height = lines.len() as u16 + 2;
    let width = (WIDTH + 6).min(whole.width);
    let place = Rect {
        x: (whole.width - width) / 2,
        y: (whole.height - height.min(whole.height)) / 2,
        width,
        height: height.min(whole.height),
    };
    frame.render_widget(Clear, place);
    frame.render_widget(Paragraph::new(lines).block(look.block(" Keys ".to_owned())), place);
}
