//! `sweep` and `merge`: files and tables, shards, what is refused, and what Ctrl-C leaves.

use crate::documents::describes;
use crate::{Folder, Seen, command, document, figure, repository, seen};
use serde_json::Value;
use std::fs;

/// Variables of batch systems, which say a shard.
const BATCH: [&str; 7] = [
    "SLURM_ARRAY_TASK_ID",
    "SLURM_ARRAY_TASK_COUNT",
    "SLURM_ARRAY_TASK_MIN",
    "JOB_COMPLETION_INDEX",
    "JOB_COMPLETIONS",
    "CI_NODE_INDEX",
    "CI_NODE_TOTAL",
];

/// A small image, so that a run takes little.
const SMALL: [&str; 4] = ["--set", "image.size=8000", "--set", "slot0.size=8000"];

fn call(args: &[&str], environment: &[(&str, &str)]) -> Seen {
    let mut command = command();
    for name in BATCH {
        command.env_remove(name);
    }
    seen(command.args(args).envs(environment.iter().copied()))
}

fn sweep(args: &[&str]) -> Seen {
    call(&[&["sweep", "reference"], &SMALL[..], args].concat(), &[])
}

fn read(path: &str) -> String {
    fs::read_to_string(path).expect("it is there")
}

#[test]
fn a_table_tells_of_each_cell_and_how_to_see_the_worst_run_again() {
    let args = ["--strategy", "android,smpclient", "--vary", "link.loss_ppm=0,50000"];
    let seen = sweep(&[&args[..], &["--seeds", "5"]].concat()).with_status(0);
    assert_eq!(seen.err, "");
    let rows: Vec<&str> = seen.out.lines().filter(|line| line.contains("0/5")).collect();
    assert_eq!(rows.len(), 4, "{}", seen.out);
    assert!(rows[1].starts_with("  android") && rows[1].contains("50000"), "{}", seen.out);
    assert!(seen.out.starts_with("sweep of reference --set image.size=8000"), "{}", seen.out);
    assert!(seen.out.contains("4 cells x 5 seeds, 20 of 20 runs carried out"), "{}", seen.out);
    let again = seen.out.lines().find_map(|line| line.split_once("again: smpsim ")).expect("told");
    let args: Vec<&str> = again.1.split(' ').collect();
    let run = call(&[&args[..], &["--json"]].concat(), &[]).with_status(0).json();
    let longest = figure(&run, "duration_s");
    assert!(rows.iter().any(|row| row.contains(&format!("{longest:.2}"))), "{}", seen.out);
}

#[test]
fn losses_that_the_link_repairs_are_told_as_such_and_lost_answers_are_seen() {
    let strategies = ["--strategy", "android,smpclient", "--seeds", "2"];
    let repaired = "the link repairs these losses unseen";
    let unseen = sweep(&[&strategies[..], &["--vary", "link.loss_ppm=0,50000"]].concat());
    assert!(unseen.out.contains(repaired), "{}", unseen.out);
    // Its advice, followed.
    let told = unseen.out.split_once("--vary ").expect("told").1;
    let vary = told.lines().next().expect("told").replace("20,", "5,");
    let seen = sweep(&[&strategies[..], &["--vary", &vary]].concat()).with_status(0);
    assert!(seen.out.contains("failed: smpclient fault.drop_response=last: 2 x timeout"));
    assert!(!seen.out.contains(repaired) && !seen.out.contains("failed: android"), "{}", seen.out);
    let one = sweep(&["--seeds", "2", "--vary", "link.loss_ppm=0,50000"]).with_status(0);
    assert!(!one.out.contains(repaired), "nothing is compared: {}", one.out);
}

#[test]
fn a_row_has_the_figures_of_the_same_run_alone() {
    let folder = Folder::new();
    let (csv, jsonl) = (folder.path("rows.csv"), folder.path("rows.jsonl"));
    sweep(&["--vary", "client.window=1,3", "--seeds", "2", "--csv", &csv, "--jsonl", &jsonl])
        .with_status(0);
    let lines: Vec<Value> =
        read(&jsonl).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 4);
    let row = &lines[3];
    assert_eq!((&row["client.window"], &row["seed"]), (&Value::from(3), &Value::from(2)));
    let run = document(&[&SMALL[..], &["--set", "client.window=3", "--seed", "2"]].concat());
    for (column, path) in [
        ("outcome", "outcome"),
        ("duration_s", "duration_s"),
        ("upload_s", "upload_s"),
        ("goodput_Bps", "goodput_Bps"),
        ("wasted_octets", "smp.wasted_octets"),
        ("requests", "smp.requests"),
        ("budget_link_wait_s", "budget_s.link_wait"),
        ("flash_words", "flash.words"),
        ("trace_digest", "trace_digest"),
    ] {
        let alone = path.split('.').fold(&run, |value, step| &value[step]);
        assert_eq!(&row[column], alone, "{column}");
    }
    assert_eq!(row["ram_octets"], 4 * 512);
    // CSV has the same columns with the same values.
    let text = read(&csv);
    let mut csv = text.lines();
    let names: Vec<&str> = csv.next().expect("a line of names").split(',').collect();
    let keys: Vec<&String> = row.as_object().expect("an object").keys().collect();
    assert_eq!(names, keys);
    let values: Vec<&str> = csv.next_back().expect("a last row").split(',').collect();
    assert_eq!(values.len(), names.len());
    for (name, value) in names.iter().zip(values) {
        let expected = match &row[*name] {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            number => number.to_string(),
        };
        assert_eq!(value, expected, "{name}");
    }
}

#[test]
fn every_column_is_described_with_its_unit() {
    let text = fs::read_to_string(repository().join("docs/sweep.md")).expect("it is there");
    let rows: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .filter_map(|line| line.split_once('`').map(|(name, _)| name))
        .collect();
    let folder = Folder::new();
    let csv = folder.path("rows.csv");
    sweep(&["--seeds", "1", "--csv", &csv]).with_status(0);
    let text = read(&csv);
    let names: Vec<&str> = text.lines().next().expect("names").split(',').collect();
    for name in &names {
        assert!(rows.contains(name), "docs/sweep.md does not describe the column {name}");
    }
    for name in rows.iter().filter(|name| !name.starts_with("KEY")) {
        assert!(names.contains(name), "docs/sweep.md describes {name}, which no file has");
    }
}

#[test]
fn every_field_of_the_document_is_described() {
    let args = ["--vary", "link.interval_us=8000,30000", "--vary", "link.loss_ppm=0,900000"];
    let limit = ["--set", "run.limit_s=60", "--seeds", "2", "--json"];
    let seen = sweep(&[&args[..], &limit].concat()).with_status(0);
    let document = seen.json();
    assert!(document["cells"][0]["not_applicable"].is_string());
    assert_eq!(document["cells"][3]["failures"][0]["runs"], 2, "{}", seen.out);
    assert_eq!(document["rows"], 8);
    assert_eq!((&document["done"], &document["failed"]), (&Value::from(4), &Value::from(2)));
    describes("smpsim.sweep/1", &[document]);
}

#[test]
fn shards_put_together_are_the_sweep_in_one_piece_to_the_octet() {
    let folder = Folder::new();
    let args = ["--vary", "link.loss_ppm=0,50000", "--seeds", "5", "--threads", "2"];
    let paths =
        |name: &str| ["csv", "jsonl", "html"].map(|kind| folder.path(&format!("{name}.{kind}")));
    let [csv, jsonl, html] = paths("whole");
    let whole = sweep(
        &[&args[..], &["--csv", &csv, "--jsonl", &jsonl, "--html", &html, "--json"]].concat(),
    );
    let mut files = Vec::new();
    for shard in ["2/3", "1/3", "3/3"] {
        let path = folder.path(&shard.replace('/', "-"));
        let to = if shard == "1/3" { "--jsonl" } else { "--csv" };
        sweep(&[&args[..], &["--shard", shard, to, &path]].concat()).with_status(0);
        files.push(path);
    }
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let [m_csv, m_jsonl, m_html] = paths("merged");
    let outputs = ["--csv", &m_csv, "--jsonl", &m_jsonl, "--html", &m_html, "--json"];
    let merged = call(&[&["merge"], &files[..], &outputs].concat(), &[]).with_status(0);
    assert_eq!(merged.out, whole.out);
    for (a, b) in [(csv, m_csv), (jsonl, m_jsonl), (html, m_html)] {
        assert_eq!(read(&a), read(&b), "{b}");
    }
    call(&[&["merge"], &files[1..]].concat(), &[]).refuses(&["missing: shard 2/3"]);
    call(&["merge", files[0], files[0], files[1]], &[]).refuses(&["overlap", "2/3"]);
    let before = folder.names().len();
    let other = folder.path("other");
    sweep(&["--seeds", "5", "--shard", "2/3", "--csv", &other]).with_status(0);
    let unmade = folder.path("unmade.csv");
    call(&["merge", &other, files[1], files[2], "--csv", &unmade], &[])
        .refuses(&["different sweeps", "other"]);
    assert_eq!(folder.names().len(), before + 1, "nothing but the other shard was written");
}

#[test]
fn the_shard_comes_from_the_environment_of_a_batch_system_and_that_is_told() {
    let args = [&["sweep", "reference"], &SMALL[..], &["--seeds", "4", "--json"]].concat();
    let slurm = [
        ("SLURM_ARRAY_TASK_ID", "11"),
        ("SLURM_ARRAY_TASK_COUNT", "2"),
        ("SLURM_ARRAY_TASK_MIN", "10"),
    ];
    let seen = call(&args, &slurm).with_status(0);
    assert_eq!(seen.err, "smpsim: shard 2/2, from SLURM_ARRAY_TASK_ID\n");
    assert_eq!((&seen.json()["shard"], &seen.json()["rows"]), (&"2/2".into(), &2.into()));
    let all = call(&[&args[..], &["--shard", "1/1"]].concat(), &slurm).with_status(0);
    assert_eq!((all.err.as_str(), &all.json()["rows"]), ("", &Value::from(4)));
    call(&args, &[("JOB_COMPLETION_INDEX", "3")])
        .refuses(&["JOB_COMPLETIONS is not set", "--shard"]);
}

#[test]
fn what_cannot_be_swept_is_refused_before_anything_runs() {
    let folder = Folder::new();
    let csv = folder.path("rows.csv");
    let refused = |args: &[&str], parts: &[&str]| {
        sweep(&[args, &["--csv", &csv]].concat()).refuses(parts);
        assert!(folder.names().is_empty(), "{args:?} left {:?}", folder.names());
    };
    refused(
        &["--vary", "link.los_ppm=0"],
        &["unknown key link.los_ppm; did you mean link.loss_ppm?"],
    );
    refused(&["--vary", "link.loss_ppm=0,2000000"], &["expected 0 to 1000000, got 2000000"]);
    refused(&["--vary", "link.loss_ppm"], &["expected key=value"]);
    refused(&["--vary", "client.strategy=android"], &["--strategy"]);
    refused(&["--strategy", "androyd"], &["no strategy \"androyd\"", "ncs-central-sample"]);
    refused(&["--strategy", "android", "--set", "client.strategy=android"], &["take one"]);
    refused(&["--set", "link.interval_us=8000"], &["no multiple of 1250"]);
    refused(&["--seeds", "0"], &["--seeds: expected 1 or more"]);
    refused(&["--shard", "0/2"], &["--shard: expected I/N"]);
    refused(&["--image", "/nowhere.bin"], &["/nowhere.bin"]);
    call(&["merge", "/nowhere.csv"], &[]).refuses(&["/nowhere.csv"]);
    let other = folder.file("other.csv", "a,b\n1,2\n");
    call(&["merge", &other], &[]).refuses(&["other.csv: its columns are not those of a sweep"]);
}

#[cfg(not(feature = "parquet"))]
#[test]
fn a_program_without_parquet_says_how_to_build_one_with_it() {
    let folder = Folder::new();
    let file = folder.path("rows.parquet");
    sweep(&["--parquet", &file]).refuses(&["--features parquet", "--csv"]);
    assert!(folder.names().is_empty());
}

#[cfg(feature = "parquet")]
#[test]
fn parquet_has_the_same_rows() {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field;

    let folder = Folder::new();
    let (file, jsonl) = (folder.path("rows.parquet"), folder.path("rows.jsonl"));
    let args = ["--vary", "link.interval_us=8000,7500", "--seeds", "3"];
    sweep(&[&args[..], &["--parquet", &file, "--jsonl", &jsonl]].concat()).with_status(0);
    let reader = SerializedFileReader::new(fs::File::open(&file).expect("there")).expect("Parquet");
    let rows: Vec<_> =
        reader.get_row_iter(None).expect("rows").map(|r| r.expect("a row")).collect();
    let text = read(&jsonl);
    assert_eq!(rows.len(), 6);
    for (row, line) in rows.iter().zip(text.lines()) {
        let line: Value = serde_json::from_str(line).expect("JSON");
        for (name, field) in row.get_column_iter() {
            let field = match field {
                Field::Null => Value::Null,
                Field::Long(number) => (*number).into(),
                Field::Double(number) => (*number).into(),
                Field::Bool(truth) => (*truth).into(),
                Field::Str(text) => text.as_str().into(),
                other => panic!("{name} is {other:?}"),
            };
            let same =
                field == line[name.as_str()] || field.as_f64() == line[name.as_str()].as_f64();
            assert!(same, "{name}: {field} and {}", line[name.as_str()]);
        }
    }
}

#[test]
fn the_page_needs_no_network_and_draws_nothing_that_is_no_number() {
    let folder = Folder::new();
    let html = folder.path("sweep.html");
    let args = ["--vary", "server.buf_count=1,4", "--vary", "link.loss_ppm=0,900000"];
    let limit = ["--set", "run.limit_s=60", "--seeds", "2", "--html", &html];
    sweep(&[&args[..], &limit].concat()).with_status(0);
    let page = read(&html);
    assert!(page.starts_with("<!DOCTYPE html>") && page.trim_end().ends_with("</html>"));
    for never in ["NaN", "inf\"", "http", "<script", "src=", "=\"-0\""] {
        assert!(!page.contains(never), "{never} in the page");
    }
    assert!(page.contains("prefers-color-scheme: dark"));
    assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
    assert_eq!(page.matches("<svg").count(), 4, "two heat maps, the strips, the front");
    let commands = page.matches("<code>smpsim run reference").count();
    assert_eq!(commands, 4, "one command a cell");
    assert!(page.contains("2/2 failed") || page.contains("2 x "), "{page}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_keeps_the_rows_that_there_are() {
    use std::io::Read;
    use std::process::{Command, Stdio};

    let folder = Folder::new();
    let csv = folder.path("rows.csv");
    let args = ["sweep", "reference", "--seeds", "20000", "--threads", "1", "--csv", &csv];
    let mut program = Command::new(assert_cmd::cargo::cargo_bin!("smpsim"));
    for name in BATCH {
        program.env_remove(name);
    }
    let mut child = program
        .args(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // Rows are written while it runs: the file that is to become rows.csv grows.
    let grows = || {
        let sizes = fs::read_dir(folder.path("")).expect("the folder is there");
        sizes.filter_map(|entry| entry.ok()?.metadata().ok()).any(|meta| meta.len() > 0)
    };
    while !grows() {
        assert_eq!(child.try_wait().expect("it can be asked"), None, "it ended by itself");
        std::thread::yield_now();
    }
    let stop = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(stop.expect("there is kill").success());
    assert_eq!(child.wait().expect("it ends").code(), Some(1));
    let mut told = String::new();
    child.stderr.take().expect("piped").read_to_string(&mut told).expect("UTF-8");
    assert!(told.contains("of 20000 runs were carried out and are kept"), "{told}");
    let text = read(&csv);
    let rows = text.lines().count() - 1;
    assert!(rows > 0 && told.contains(&format!("stopped: {rows} of")), "{rows} rows; {told}");
    let names = text.lines().next().expect("names").split(',').count();
    assert!(text.lines().all(|line| line.split(',').count() == names), "a row is cut");
    assert_eq!(folder.names(), ["rows.csv"]);
    call(&["merge", &csv], &[]).refuses(&["is missing", "run the shard again"]);
}
