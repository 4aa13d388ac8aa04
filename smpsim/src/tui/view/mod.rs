//! From what is to be shown to a screen: a function of the model and the size.

mod flash;
mod goodput;
mod help;
mod link;
mod smp;
mod title;

use super::look::{Look, Tone};
use super::model::Model;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

/// Smallest screen, columns and rows.
pub(crate) const SMALLEST: (u16, u16) = (80, 24);

/// Rows of the flash pane: three partitions, a line of words below each slot, the frame.
const FLASH_ROWS: u16 = 7;

/// Draws the screen.
pub(crate) fn view(model: &Model, look: Look, frame: &mut Frame<'_>) {
    let whole = frame.area();
    if whole.width < SMALLEST.0 || whole.height < SMALLEST.1 {
        return too_small(frame, whole);
    }
    let lower = (whole.height - FLASH_ROWS - 2) / 2;
    let [title, flash, middle, smp, bar] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(FLASH_ROWS),
        Constraint::Min(1),
        Constraint::Length(lower),
        Constraint::Length(1),
    ])
    .areas(whole);
    let goodput_width = if whole.width >= 120 { 46 } else { 34 };
    let [link, goodput] =
        Layout::horizontal([Constraint::Min(1), Constraint::Length(goodput_width)]).areas(middle);
    title::draw(model, look, frame, title);
    flash::draw(model, look, frame, flash);
    link::draw(model, look, frame, link);
    goodput::draw(model, look, frame, goodput);
    smp::draw(model, look, frame, smp);
    title::draw_bar(look, frame, bar);
    if model.help {
        help::draw(look, frame, whole);
    }
}

fn too_small(frame: &mut Frame<'_>, whole: Rect) {
    let (columns, rows) = SMALLEST;
    let lines = vec![
        Line::from("too small"),
        Line::from(format!("{}x{} of {columns}x{rows}", whole.width, whole.height)),
        Line::from("q quits"),
    ];
    frame.render_widget(Paragraph::new(lines), whole);
}

/// A text in its tone.
fn toned<'t>(
    look: Look,
    text: impl Into<std::borrow::Cow<'t, str>>,
    tone: Tone,
) -> ratatui::text::Span<'t> {
    ratatui::text::Span::styled(text, look.style(tone))
}
