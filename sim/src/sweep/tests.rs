//! Sweeps as a whole: order, threads, shards, files.

use super::{
    Axis, Cell, CsvRows, Done, Heading, JsonRows, MergeError, Order, Plan, Reader, Row, Seeds,
    Shard, Summarizer, Watch, carry_out, command_line, merge,
};
use crate::report;
use crate::scenario::{Scenario, Settings};
use crate::trace::Null;
use crate::world::Prepared;
use std::convert::Infallible;
use std::io::Cursor;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Stops after so many runs.
struct StopAfter(AtomicU64);

impl StopAfter {
    fn never() -> Self {
        Self(AtomicU64::new(u64::MAX))
    }
}

impl Watch for StopAfter {
    fn begins(&self, _: &Arc<Cell>, _: u64) {}

    fn ended(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    fn stops(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }
}

/// A small image on a bad link: each seed is another run.
fn order() -> Order {
    let mut settings = Settings::preset("reference").expect("there is one");
    for set in ["image.size=8000", "slot0.size=8000", "link.miss_ppm=20000"] {
        settings.set(set).expect("lawful");
    }
    Order {
        settings,
        base: "reference --set image.size=8000 --set slot0.size=8000 --set link.miss_ppm=20000"
            .to_owned(),
        image: None,
        more_images: Vec::new(),
        force: false,
        strategies: Plan::strategies("android,ncs-central-sample").expect("there are these"),
        axes: ["link.loss_ppm=0,50000", "link.interval_us=7500,8000,15000"]
            .map(|vary| Axis::parse(vary).expect("lawful"))
            .to_vec(),
        seeds: Seeds { first: 5, count: 3 },
        shard: Shard::WHOLE,
    }
}

fn plan(shard: &str) -> Plan {
    let shard = Shard::parse(shard).expect("lawful");
    Plan::new(Order { shard, ..order() }).expect("lawful")
}

fn rows(plan: &Plan, threads: usize, watch: &impl Watch) -> (Vec<Row>, Done) {
    let mut rows = Vec::new();
    let done = carry_out(plan, threads, watch, |row| {
        rows.push(row);
        Ok::<(), Infallible>(())
    });
    (rows, done.expect("cannot fail"))
}

fn csv(plan: &Plan, rows: &[Row]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut to = CsvRows::new(Heading::of(plan), &mut file).expect("memory takes all");
    for row in rows {
        to.row(row).expect("memory takes all");
    }
    to.finish().expect("memory takes all");
    file
}

fn json_lines(plan: &Plan, rows: &[Row]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut to = JsonRows::new(Heading::of(plan), &mut file);
    for row in rows {
        to.row(row).expect("memory takes all");
    }
    to.finish().expect("memory takes all");
    file
}

#[test]
fn rows_come_in_the_order_of_the_plan_and_are_the_same_on_any_number_of_threads() {
    let plan = plan("1/1");
    let (one, done) = rows(&plan, 1, &StopAfter::never());
    assert!(done.is_complete());
    assert!(one.iter().map(|row| row.run).eq(0..plan.runs()));
    assert_eq!(one[4].seed, 6);
    for threads in [2, 5] {
        let (more, _) = rows(&plan, threads, &StopAfter::never());
        assert_eq!(csv(&plan, &more), csv(&plan, &one), "{threads} threads");
    }
}

#[test]
fn a_row_tells_what_a_run_of_its_own_tells() {
    let plan = plan("1/1");
    let (rows, _) = rows(&plan, 2, &StopAfter::never());
    let row = &rows[rows.len() - 1];
    assert_eq!(row.cell.strategy.name(), "ncs-central-sample");
    let mut settings = plan.settings().clone();
    for set in
        ["client.strategy=ncs-central-sample", "link.loss_ppm=50000", "link.interval_us=15000"]
    {
        settings.set(set).expect("lawful");
    }
    let scenario = Scenario::resolve(&settings).expect("fits together");
    let prepared = Prepared::new(scenario, None, false).expect("fits");
    let (report, Null) = report::run(&prepared, row.seed, Null);
    let figures = row.result.as_ref().expect("it was carried out");
    assert_eq!(figures.trace_digest, report.document.trace_digest);
    assert_eq!(figures.duration, report.document.duration_s);
    assert_eq!(figures.link_wait + figures.link_payload, {
        use crate::report::budget::Cause;
        let budget = report.document.budget_s;
        budget.of(Cause::LinkWait) + budget.of(Cause::LinkPayload)
    });
}

#[test]
fn values_that_do_not_fit_together_are_not_applicable_and_the_others_run() {
    let plan = plan("1/1");
    let (rows, _) = rows(&plan, 2, &StopAfter::never());
    for row in &rows {
        match (&row.result, row.cell.values[1].to_string().as_str()) {
            (Err(reason), "8000") => assert!(reason.contains("multiple of 1250"), "{reason}"),
            (Ok(figures), "7500" | "15000") => assert!(figures.duration.as_ns() > 0),
            other => panic!("{other:?}"),
        }
    }
    let mut fold = Summarizer::new(Heading::of(&plan));
    for row in &rows {
        fold.row(row);
    }
    let summary = fold.finish();
    assert_eq!(summary.cells.len(), 12);
    assert_eq!((summary.counts().rows, summary.counts().not_applicable), (36, 12));
    let refused = &summary.cells[1];
    assert!(refused.duration.is_none() && refused.worst.is_none() && refused.reason.is_some());
    let worst = summary.cells[3].worst.as_ref().expect("it ran");
    assert_eq!(
        worst.command,
        format!(
            "smpsim run reference --set image.size=8000 --set slot0.size=8000 --set \
             link.miss_ppm=20000 --strategy android --set link.loss_ppm=50000 --set \
             link.interval_us=7500 --seed {}",
            worst.seed
        )
    );
}

#[test]
fn what_is_written_is_read_back_from_either_kind_of_file() {
    let plan = plan("1/1");
    let (rows, _) = rows(&plan, 2, &StopAfter::never());
    for file in [csv(&plan, &rows), json_lines(&plan, &rows)] {
        let mut reader = Reader::new(Cursor::new(&file)).expect("it is readable");
        assert_eq!(reader.heading(), Some(&Heading::of(&plan)));
        for row in &rows {
            assert_eq!(reader.next_row().as_ref(), Ok(&Some(row.clone())));
        }
        assert_eq!(reader.next_row(), Ok(None));
    }
}

type Named = (String, Cursor<Vec<u8>>);

/// A file of each shard of `of`, CSV and JSON lines by turns.
fn shards(of: u64) -> Vec<Named> {
    let file = |number| {
        let plan = plan(&format!("{number}/{of}"));
        let (rows, _) = rows(&plan, 2, &StopAfter::never());
        let write = if number % 2 == 0 { csv } else { json_lines };
        (format!("shard-{number}"), Cursor::new(write(&plan, &rows)))
    };
    (1..=of).map(file).collect()
}

fn merged(files: Vec<Named>) -> Result<(Heading, Vec<Row>), String> {
    let begin = |heading: &Heading| Ok((heading.clone(), Vec::new()));
    merge(files, begin, |(_, rows), row| {
        rows.push(row.clone());
        Ok::<(), Infallible>(())
    })
    .map_err(|e| match e {
        MergeError::Input(problem) => problem,
        MergeError::Row(never) => match never {},
    })
}

#[test]
fn shards_make_what_the_sweep_in_one_piece_makes() {
    let plan = plan("1/1");
    let (whole, _) = rows(&plan, 2, &StopAfter::never());
    // With more shards than runs some have none.
    for of in [1, 3, 7, 40] {
        let mut files = shards(of);
        files.reverse();
        let (heading, rows) = merged(files).expect("they belong together");
        assert_eq!(heading, Heading::of(&plan));
        assert_eq!(rows, whole, "{of} shards");
    }
}

#[test]
fn shards_that_do_not_belong_together_are_refused_by_name() {
    let e = |files| merged(files).expect_err("must be refused");
    let mut missing = shards(4);
    missing.remove(2);
    assert_eq!(e(missing), "missing: shard 3/4");
    let mut twice = shards(2);
    twice.push(("again".to_owned(), shards(2).remove(0).1));
    assert_eq!(e(twice), "shard-1 and again overlap: both are shard 1/2");
    let mut mixed = shards(2);
    mixed[1] = shards(3).remove(1);
    assert!(e(mixed).contains("overlap: they are shards 1/2 and 2/3"));
    let mut other = shards(2);
    let seeds = Seeds { first: 6, count: 3 };
    let shard = Shard::parse("2/2").expect("lawful");
    let plan = Plan::new(Order { seeds, shard, ..order() }).expect("lawful");
    let (rows, _) = rows(&plan, 1, &StopAfter::never());
    other[1].1 = Cursor::new(csv(&plan, &rows));
    assert!(e(other).contains("shard-1 and shard-2 are of different sweeps"));
    let change = |from: &str, to: &str| {
        let mut files = shards(2);
        let text = String::from_utf8(files[1].1.get_ref().clone()).expect("UTF-8");
        assert!(text.contains(from), "{text}");
        files[1].1 = Cursor::new(text.replace(from, to).into_bytes());
        e(files)
    };
    let version = env!("CARGO_PKG_VERSION");
    let newer = change(&format!(",{version},2/2,"), ",9.9.9,2/2,");
    assert!(newer.starts_with("shard-2: it was written by version 9.9.9"), "{newer}");
    assert!(change("run,cell,", "run,cellar,").contains("columns are not those"));
    assert!(change(",done,", ",perhaps,").contains("status \"perhaps\""));
    assert!(change(",confirmed,", ",certain,").contains("\"certain\" for outcome"));
    assert!(change(",android,", ",androyd,").contains("no strategy"));
    assert_eq!(e(vec![("empty".to_owned(), Cursor::new(Vec::new()))]), "no file has any rows");
    let other = vec![("other".to_owned(), Cursor::new(b"a,b\n1,2\n".to_vec()))];
    assert!(e(other).starts_with("other: its columns are not those"));
    let cut = vec![("cut".to_owned(), Cursor::new(b"{\"run\": 1".to_vec()))];
    assert!(e(cut).starts_with("cut: line 1: "));
}

#[test]
fn a_shell_gets_words_back_as_they_were() {
    assert_eq!(command_line(["a b", "k=v", "it's", ""]), r"'a b' k=v 'it'\''s' ''");
}

#[test]
fn a_sweep_that_is_stopped_keeps_what_is_done_and_cannot_be_merged() {
    let plan = plan("1/1");
    let (rows, done) = rows(&plan, 1, &StopAfter(AtomicU64::new(7)));
    assert_eq!((done.rows, done.of), (7, 36));
    assert!(!done.is_complete());
    assert!(rows.iter().map(|row| row.run).eq(0..7));
    let file = vec![("stopped".to_owned(), Cursor::new(csv(&plan, &rows)))];
    let e = merged(file).expect_err("must be refused");
    assert!(e.contains("run 7 is missing") && e.contains("stopped"), "{e}");
}

#[test]
fn the_first_error_of_whoever_takes_rows_ends_the_sweep() {
    let mut taken = 0;
    let end = carry_out(&plan("1/1"), 2, &StopAfter::never(), |row| {
        taken += 1;
        if row.run == 3 { Err("full") } else { Ok(()) }
    });
    assert_eq!((end, taken), (Err("full"), 4));
}
