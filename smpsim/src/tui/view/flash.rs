//! The flash: a row of glyphs for each partition.

use super::super::look::{Look, Tone};
use super::super::model::{Model, Row};
use super::toned;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

/// Columns of a partition's name.
const NAME: usize = 5;

pub(super) fn draw(model: &Model, look: Look, frame: &mut Frame<'_>, area: Rect) {
    let written = look.page(super::super::model::PageState::Written).0;
    let erased = look.page(super::super::model::PageState::Erased).0;
    let title = format!(
        " Flash: {erased} erased {written} written T trailer E erasing W writing; {} erases ",
        model.flash.erases()
    );
    let block = look.block(title);
    let width = usize::from(block.inner(area).width);
    let mut lines = Vec::new();
    for (n, row) in model.flash.rows().iter().enumerate() {
        lines.push(glyphs(model, look, row, width));
        if n > 0 {
            lines.push(words(model, look, row, n - 1));
        }
    }
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

fn glyphs<'t>(model: &Model, look: Look, row: &Row, width: usize) -> Line<'t> {
    let digits = digits(model);
    let head = format!(" {:<NAME$} {:0digits$X} ", row.name, row.area.start);
    let room = width.saturating_sub(head.len() + 1);
    let mut spans = vec![toned(look, head, Tone::Plain)];
    for state in model.flash.groups(row, room) {
        let (glyph, tone) = look.page(state);
        spans.push(toned(look, glyph, tone));
    }
    Line::from(spans)
}

/// What a slot holds, and what is happening to it.
fn words<'t>(model: &Model, look: Look, row: &Row, slot: usize) -> Line<'t> {
    let indent = " ".repeat(NAME + 3 + digits(model));
    let receiving = (slot == 1).then(|| receiving(model)).flatten();
    let (text, tone) = match receiving {
        Some(text) => (text, Tone::Data),
        None => (row.holds.clone(), Tone::Plain),
    };
    let mut spans = vec![toned(look, indent + &text, tone)];
    if let (0, Some(step)) = (slot, model.flash.boot_step()) {
        spans.push(toned(look, format!("  MCUboot: {step}"), Tone::Work));
    }
    Line::from(spans)
}

/// How much of the image has arrived, while it arrives.
fn receiving(model: &Model) -> Option<String> {
    let (off, permille) = (model.rate.off(), model.rate.permille());
    let (version, size) = &model.head.image;
    (off > 0 && !model.rate.is_complete()).then(|| {
        let (whole, tenths) = (permille / 10, permille % 10);
        format!("receiving {version}: 0x{off:05X} of 0x{size:05X}, {whole}.{tenths} %")
    })
}

/// Hex digits of addresses: eight when a partition lies in an external part.
fn digits(model: &Model) -> usize {
    if model.flash.rows().iter().any(|row| row.area.start > 0xf_ffff) { 8 } else { 5 }
}
