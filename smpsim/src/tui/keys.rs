//! The keys of the screen: one table from which presses are read, and which help, the bar at the
//! bottom and the manual page show.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Let time run, or stop it.
    Pause,
    /// Go on to the end of the connection event, and stop.
    NextEvent,
    /// Go on to the next SMP frame, and stop.
    NextFrame,
    /// Slower.
    Slower,
    /// Faster.
    Faster,
    /// From the start again, with the same seed.
    Restart,
    /// Show or hide the help.
    Help,
    /// Leave.
    Quit,
}

/// One line of the table.
pub(crate) struct Binding {
    /// Keys that mean the same.
    codes: &'static [KeyCode],
    /// How people write them.
    pub(crate) shown: &'static str,
    /// What it does, in a word for the bar.
    pub(crate) short: &'static str,
    /// What it does.
    pub(crate) help: &'static str,
    action: Action,
}

/// All keys, in the order of the help.
pub(crate) const TABLE: &[Binding] = &[
    Binding {
        codes: &[KeyCode::Char(' ')],
        shown: "space",
        short: "run",
        help: "run, or pause",
        action: Action::Pause,
    },
    Binding {
        codes: &[KeyCode::Char('n')],
        shown: "n",
        short: "event",
        help: "step over one connection event",
        action: Action::NextEvent,
    },
    Binding {
        codes: &[KeyCode::Char('N')],
        shown: "N",
        short: "frame",
        help: "step to the next SMP frame",
        action: Action::NextFrame,
    },
    Binding {
        codes: &[KeyCode::Char('<'), KeyCode::Char(','), KeyCode::Left],
        shown: "<",
        short: "slower",
        help: "slower, down to 1/100 of real time",
        action: Action::Slower,
    },
    Binding {
        codes: &[KeyCode::Char('>'), KeyCode::Char('.'), KeyCode::Right],
        shown: ">",
        short: "faster",
        help: "faster, up to as fast as the machine can",
        action: Action::Faster,
    },
    Binding {
        codes: &[KeyCode::Char('r')],
        shown: "r",
        short: "restart",
        help: "from the start again, with the same seed",
        action: Action::Restart,
    },
    Binding {
        codes: &[KeyCode::Char('?'), KeyCode::Char('h')],
        shown: "?",
        short: "help",
        help: "show or hide this help",
        action: Action::Help,
    },
    Binding {
        codes: &[KeyCode::Char('q'), KeyCode::Esc],
        shown: "q",
        short: "quit",
        help: "leave; Esc and Ctrl-C do too",
        action: Action::Quit,
    },
];

/// What a press asks for.
pub(crate) fn action(key: KeyEvent) -> Option<Action> {
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return (key.code == KeyCode::Char('c')).then_some(Action::Quit);
    }
    TABLE.iter().find(|binding| binding.codes.contains(&key.code)).map(|binding| binding.action)
}

/// The bar at the bottom, on one line.
pub(crate) fn bar() -> String {
    let words: Vec<_> = TABLE.iter().map(|b| format!("{} {}", b.shown, b.short)).collect();
    words.join("  ")
}

#[cfg(test)]
mod tests {
    use super::{Action, TABLE, action};
    use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    #[test]
    fn each_key_stands_once_in_the_table_and_does_what_it_says_there() {
        let all: Vec<_> = TABLE.iter().flat_map(|binding| binding.codes).collect();
        for (i, code) in all.iter().enumerate() {
            assert!(!all[i + 1..].contains(code), "{code:?}");
        }
        for binding in TABLE {
            let code = match binding.shown {
                "space" => KeyCode::Char(' '),
                shown => KeyCode::Char(shown.chars().next().expect("a character")),
            };
            assert_eq!(action(KeyEvent::from(code)), Some(binding.action), "{}", binding.shown);
        }
    }

    #[test]
    fn control_c_leaves_and_unknown_keys_do_nothing() {
        let control = |c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL);
        assert_eq!(action(control('c')), Some(Action::Quit));
        assert_eq!(action(control('n')), None);
        assert_eq!(action(KeyEvent::from(KeyCode::Char('z'))), None);
    }

    #[test]
    fn the_manual_lists_every_key() {
        let manual = include_str!("../../../docs/tui.md");
        for binding in TABLE {
            let line = format!("| `{}` | {} |", binding.shown, binding.help);
            assert!(manual.contains(&line), "docs/tui.md lacks: {line}");
        }
    }
}
