//! What the screen shows of real runs, held against pictures in `tests/snapshots`. With
//! `UPDATE_SNAPSHOTS=1` the pictures are written anew.

use super::keys::Action;
use super::look::Look;
use super::session::Session;
use super::speed::Speed;
use super::view::view;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use sim::scenario::{Scenario, Settings};
use sim::world::Prepared;
use std::path::Path;
use std::time::Duration;

const PLAIN: Look = Look { unicode: true, colour: false };
const ASCII: Look = Look { unicode: false, colour: false };

fn prepared(preset: &str, set: &[&str]) -> Prepared {
    let mut settings = Settings::preset(preset).expect("there is one");
    for setting in set {
        settings.set(setting).expect("lawful");
    }
    let scenario = Scenario::resolve(&settings).expect("fits together");
    Prepared::new(scenario, None, false).expect("images fit")
}

/// A session that has run for so many milliseconds of virtual time.
fn after(prepared: &Prepared, ms: u64) -> Session<'_> {
    let mut session = Session::new(prepared, 1, Speed::Milli(1_000));
    session.pass(Duration::from_millis(ms), || true);
    session
}

/// The picture of a session, one line a row.
fn picture(session: &Session<'_>, look: Look, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("memory never fails");
    terminal.draw(|frame| view(session.model(), look, frame)).expect("memory never fails");
    let buffer = terminal.backend().buffer().clone();
    let row = |y| (0..width).map(|x| buffer[(x, y)].symbol().to_owned()).collect::<String>();
    (0..height).map(|y| row(y).trim_end().to_owned() + "\n").collect()
}

#[track_caller]
fn hold(name: &str, picture: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/snapshots/{name}.txt"));
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, picture).expect("a folder to write to");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == picture, "{name} differs:\n{picture}");
}

#[test]
fn an_upload_under_way_on_screens_of_three_sizes() {
    let prepared = prepared("reference", &[]);
    let session = after(&prepared, 3_000);
    hold("upload-80x24", &picture(&session, PLAIN, 80, 24));
    hold("upload-100x30", &picture(&session, PLAIN, 100, 30));
    hold("upload-200x50", &picture(&session, PLAIN, 200, 50));
}

#[test]
fn a_terminal_without_unicode_gets_ascii_alone() {
    let prepared = prepared("reference-lossy", &[]);
    let picture = picture(&after(&prepared, 2_000), ASCII, 100, 30);
    assert!(picture.is_ascii());
    hold("lossy-ascii-100x30", &picture);
}

#[test]
fn the_boot_loader_swapping() {
    let prepared = prepared("reference", &[]);
    hold("swap-80x24", &picture(&after(&prepared, 40_000), PLAIN, 80, 24));
}

#[test]
fn the_help_lists_every_key() {
    let prepared = prepared("reference", &[]);
    let mut session = after(&prepared, 100);
    assert!(session.act(Action::Help));
    let picture = picture(&session, PLAIN, 80, 24);
    for key in super::keys::TABLE {
        assert!(picture.contains(key.help), "{}\n{picture}", key.help);
    }
    hold("help-80x24", &picture);
}

#[test]
fn a_screen_that_is_too_small_says_so_at_any_size() {
    let prepared = prepared("reference", &[]);
    let session = after(&prepared, 500);
    assert_eq!(picture(&session, PLAIN, 40, 3), "too small\n40x3 of 80x24\nq quits\n");
    assert!(picture(&session, PLAIN, 40, 10).starts_with("too small\n40x10 of 80x24\n"));
    for (width, height) in [(1, 1), (3, 2), (79, 24), (80, 23), (200, 5), (10, 200)] {
        picture(&session, PLAIN, width, height);
    }
}

#[test]
fn the_end_stays_on_the_screen_with_its_outcome() {
    let prepared = prepared("seed-android", &[]);
    let mut session = after(&prepared, 10_000_000);
    let (outcome, expected) = session.model().end.clone().expect("it has ended");
    assert_eq!((outcome.as_str(), expected), ("failed (confirm_no_effect)", true));
    assert!(picture(&session, PLAIN, 100, 30).contains("failed (confirm_no_effect)"));
    let at_end = session.model().now;
    for action in [Action::Pause, Action::NextEvent, Action::NextFrame] {
        assert!(session.act(action));
        session.pass(Duration::from_secs(1), || true);
        assert_eq!(session.model().now, at_end);
    }
    assert!(session.act(Action::Restart));
    assert!(session.model().end.is_none() && session.is_running());
    assert!(!session.act(Action::Quit));
}

#[test]
fn an_upload_that_failed_has_no_time_left() {
    let prepared = prepared("reference", &["power.cut_us=8000000", "power.off_us=86400000000"]);
    let under_way = picture(&after(&prepared, 6_000), PLAIN, 100, 30);
    assert!(under_way.contains("ETA "), "{under_way}");
    let ended = picture(&after(&prepared, 1_000_000), PLAIN, 100, 30);
    assert!(ended.contains("stopped") && !ended.contains("ETA "), "{ended}");
}

#[test]
fn a_step_goes_on_to_the_next_event_or_frame_and_stops() {
    let prepared = prepared("reference", &[]);
    let mut session = after(&prepared, 1_000);
    let count =
        |session: &Session<'_>| (session.model().timeline.events(), session.model().smp.frames());
    let before = count(&session);
    session.act(Action::NextEvent);
    assert_eq!(count(&session).0, before.0 + 1);
    assert!(!session.is_running());
    let (frames, now) = (count(&session).1, session.model().now);
    session.act(Action::NextFrame);
    // An answer and the request that it makes room for come at the same moment.
    let after = count(&session).1;
    assert!((frames + 1..=frames + 2).contains(&after) && session.model().now > now);
    session.pass(Duration::from_secs(1), || true);
    assert_eq!(count(&session).1, after, "time stands still");
}

#[test]
fn what_is_watched_is_what_run_does() {
    let prepared =
        prepared("reference-lossy", &["client.mode=upload-only", "expect.outcome=uploaded"]);
    let (report, _) = sim::report::run(&prepared, 1, sim::trace::Null);
    let session = after(&prepared, 1_000_000);
    let model = session.model();
    let (shown, told) = (&model.counts.smp, &report.document.smp);
    assert_eq!((shown.requests, shown.responses), (told.requests, told.responses));
    assert_eq!(model.counts.link.packets, report.document.link.packets);
    assert_eq!(model.rate.off(), report.document.image.size);
    let sum: u64 = model.stalls().iter().map(|(_, share)| share).sum();
    assert!((50..=100).contains(&sum), "{sum}");
}

#[test]
fn without_a_limit_of_speed_a_run_gets_to_its_end_in_turns() {
    let prepared = prepared("reference", &[]);
    let mut session = Session::new(&prepared, 1, Speed::Max);
    let mut turns = 0;
    while session.is_running() {
        let mut left = 3;
        session.pass(Duration::from_millis(33), || {
            left -= 1;
            left > 0
        });
        turns += 1;
        assert!(turns < 100_000);
    }
    assert!(turns > 10);
    assert_eq!(session.model().end, Some(("confirmed".to_owned(), true)));
}
