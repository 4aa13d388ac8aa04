//! The terminal and the clock: draws what has changed, at most thirty times a second.

#![expect(clippy::disallowed_types, reason = "here the clock of the wall meets virtual time")]

use super::keys;
use super::look::Look;
use super::session::Session;
use super::view::view;
use ratatui::crossterm::event::{self, Event, KeyEventKind};
use std::io;
use std::time::{Duration, Instant};

/// Time from one picture to the next.
const FRAME: Duration = Duration::from_millis(33);
/// Part of it in which the world may work when its speed has no limit.
const WORK: Duration = Duration::from_millis(25);
/// How long a standing picture waits for a key.
const IDLE: Duration = Duration::from_millis(500);

/// Takes the terminal over until the user leaves, and gives it back, also after a panic. Tells
/// whether the run, as far as it came, ended as its scenario expects.
pub(super) fn show(mut session: Session<'_>, look: Look) -> io::Result<bool> {
    let mut terminal = ratatui::try_init()?;
    let result = turn(&mut terminal, &mut session, look);
    ratatui::try_restore()?;
    result?;
    Ok(session.model().end.as_ref().is_none_or(|(_, expected)| *expected))
}

fn turn(
    terminal: &mut ratatui::DefaultTerminal,
    session: &mut Session<'_>,
    look: Look,
) -> io::Result<()> {
    let mut drawn = Instant::now();
    let mut changed = true;
    loop {
        if std::mem::take(&mut changed) {
            terminal.draw(|frame| view(session.model(), look, frame))?;
        }
        let patience =
            if session.is_running() { FRAME.saturating_sub(drawn.elapsed()) } else { IDLE };
        // All keys that wait are read before the next picture.
        let mut wait = patience;
        while event::poll(wait)? {
            wait = Duration::ZERO;
            match event::read()? {
                Event::Key(key) if key.kind != KeyEventKind::Release => {
                    let Some(action) = keys::action(key) else { continue };
                    changed = true;
                    if !session.act(action) {
                        return Ok(());
                    }
                }
                Event::Resize(..) => changed = true,
                _ => {}
            }
        }
        // A machine that was asleep does not catch up.
        let wall = drawn.elapsed().min(FRAME * 3);
        drawn = Instant::now();
        if session.is_running() {
            session.pass(wall, || drawn.elapsed() < WORK);
            changed = true;
        }
    }
}
