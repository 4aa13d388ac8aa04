//! The program as a user meets it: arguments and files in, exit status, standard output and standard
//! error out.

mod advise;
mod bad_input;
mod chunk;
mod conform;
mod containers;
mod documents;
mod emulate;
#[cfg(unix)]
mod exec;
mod explain;
mod flash;
mod frame;
mod gallery;
mod image;
mod image_create;
mod kconfig;
mod layouts;
mod presets;
mod profiles;
mod run;
mod strategies;
mod sweep;
mod tui;

use assert_cmd::Command;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// Longest wall time of one call; a run takes milliseconds.
const PATIENCE: Duration = Duration::from_mins(2);

/// What a user sees of one call.
struct Seen {
    status: i32,
    out: String,
    err: String,
}

/// Calls the program.
fn smpsim(args: &[&str]) -> Seen {
    fed(args, b"")
}

/// Calls the program with standard input.
fn fed(args: &[&str], input: &[u8]) -> Seen {
    seen(command().args(args).write_stdin(input))
}

/// The program, in an environment of which nothing reaches its output.
fn command() -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("smpsim"));
    for name in ["LC_ALL", "LC_CTYPE", "LANG", "NO_COLOR"] {
        command.env_remove(name);
    }
    command.timeout(PATIENCE);
    command
}

fn seen(command: &mut Command) -> Seen {
    let output = command.output().expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("the program writes UTF-8");
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert!(!out.contains("panicked") && !err.contains("panicked"), "{out}{err}");
    let status = output.status.code().expect("the program ends by itself and in time");
    Seen { status, out, err }
}

impl Seen {
    /// Holds the exit status against the one expected.
    #[track_caller]
    fn with_status(self, status: i32) -> Self {
        assert_eq!(self.status, status, "out: {}\nerr: {}", self.out, self.err);
        self
    }

    /// The one JSON document that standard output consists of.
    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {}", self.out))
    }

    /// A refusal: exit status 2, nothing on standard output, one line that says all of `parts`.
    #[track_caller]
    fn refuses(self, parts: &[&str]) {
        let seen = self.with_status(2);
        assert_eq!(seen.out, "", "{}", seen.err);
        assert!(seen.err.starts_with("smpsim: "), "{}", seen.err);
        assert_eq!(seen.err.trim_end().lines().count(), 1, "{}", seen.err);
        for part in parts {
            assert!(seen.err.contains(part), "no {part:?} in: {}", seen.err);
        }
    }
}

/// `run` with `--json`, which must end with exit status 0.
#[track_caller]
fn document(args: &[&str]) -> Value {
    smpsim(&[&["run", "--json"], args].concat()).with_status(0).json()
}

/// The figure at a dotted path of a document.
#[track_caller]
fn figure(document: &Value, path: &str) -> f64 {
    let found = path.split('.').fold(document, |value, step| &value[step]);
    found.as_f64().unwrap_or_else(|| panic!("{path} is {found}"))
}

/// A file of the recorded reference data.
fn testdata(name: &str) -> String {
    repository().join("testdata").join(name).display().to_string()
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a folder of the repository").to_owned()
}

/// A folder that lasts for one test.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    /// Writes a file and gives its path.
    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        std::fs::write(self.0.path().join(name), content).expect("the folder takes files");
        self.path(name)
    }

    /// Names of all that lies in it.
    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).expect("the folder is there");
        let name = |entry: std::fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
        entries.map(|entry| name(entry.expect("readable"))).collect()
    }
}
