//! Characters and colours that the terminal can show. Colour never says anything alone.

use super::model::PageState;
use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::border;
use ratatui::widgets::{Block, BorderType};

/// What a piece of text is, for its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// The title bar.
    Title,
    /// Data on their way, written pages.
    Data,
    /// As wished.
    Good,
    /// Lost, failed.
    Bad,
    /// Flash work, alerts.
    Work,
    /// Of less interest.
    Dim,
    /// Everything else.
    Plain,
}

/// What the terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    /// Characters beyond ASCII.
    pub(crate) unicode: bool,
    /// Colours.
    pub(crate) colour: bool,
}

const ASCII_BORDER: border::Set<'static> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

impl Look {
    /// As the environment says: `NO_COLOR`, and the locale.
    pub(crate) fn of_environment() -> Self {
        let colour = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { unicode: crate::human::unicode(), colour }
    }

    /// The style of a tone.
    pub(crate) fn style(self, tone: Tone) -> Style {
        let plain = Style::default();
        if tone == Tone::Title {
            return plain.add_modifier(Modifier::REVERSED);
        }
        if !self.colour {
            return plain;
        }
        match tone {
            Tone::Data => plain.fg(Color::Cyan),
            Tone::Good => plain.fg(Color::Green),
            Tone::Bad => plain.fg(Color::Red),
            Tone::Work => plain.fg(Color::Yellow),
            Tone::Dim => plain.fg(Color::DarkGray),
            Tone::Title | Tone::Plain => plain,
        }
    }

    /// A frame with a title.
    pub(crate) fn block<'t>(self, title: String) -> Block<'t> {
        let block = Block::bordered().title(title);
        if self.unicode {
            block.border_type(BorderType::Plain)
        } else {
            block.border_set(ASCII_BORDER)
        }
    }

    /// One of two texts.
    pub(crate) fn pick(self, unicode: &'static str, ascii: &'static str) -> &'static str {
        if self.unicode { unicode } else { ascii }
    }

    /// A group of pages.
    pub(crate) fn page(self, state: PageState) -> (&'static str, Tone) {
        match state {
            PageState::Erased => (self.pick("░", "."), Tone::Dim),
            PageState::Written => (self.pick("█", "#"), Tone::Data),
            PageState::Trailer => ("T", Tone::Good),
            PageState::Writing => ("W", Tone::Work),
            PageState::Erasing => ("E", Tone::Work),
        }
    }

    /// A column of a chart, `value` of at most `most`.
    pub(crate) fn column(self, value: u32, most: u32) -> &'static str {
        const BARS: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
        const MARKS: [&str; 5] = [" ", ".", "-", "=", "#"];
        let columns: &[&str] = if self.unicode { &BARS } else { &MARKS };
        let top = columns.len() - 1;
        let height = (value as usize * top).div_ceil((most as usize).max(1));
        columns[height.min(top)]
    }
}

#[cfg(test)]
mod tests {
    use super::{Look, Tone};
    use crate::tui::model::PageState;
    use ratatui::style::Style;

    #[test]
    fn states_of_pages_differ_without_colour_and_in_ascii() {
        use PageState::{Erased, Erasing, Trailer, Writing, Written};
        for unicode in [true, false] {
            let look = Look { unicode, colour: false };
            let mut all = [Erased, Written, Trailer, Writing, Erasing].map(|s| look.page(s).0);
            assert!(unicode || all.iter().all(|glyph| glyph.is_ascii()));
            all.sort_unstable();
            assert!(all.windows(2).all(|pair| pair[0] != pair[1]), "{all:?}");
        }
    }

    #[test]
    fn without_colour_only_the_title_is_set_off() {
        let look = Look { unicode: true, colour: false };
        assert_eq!(look.style(Tone::Bad), Style::default());
        assert_ne!(look.style(Tone::Title), Style::default());
    }

    #[test]
    fn a_column_is_empty_only_for_nothing_and_full_only_for_the_most() {
        for unicode in [true, false] {
            let look = Look { unicode, colour: false };
            assert_eq!(look.column(0, 100), " ");
            assert_ne!(look.column(1, 100), " ");
            assert_eq!(look.column(100, 100), look.pick("█", "#"));
            assert_ne!(look.column(60, 100), look.column(100, 100));
            assert_eq!(look.column(0, 0), " ");
        }
    }
}
