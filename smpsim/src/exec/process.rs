//! A client program that runs: lines to its standard input, lines from its standard output.

use super::lines::{ActionLine, shown};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// More actions in one turn, and the program has lost its way.
const ACTIONS_MAX: usize = 10_000;

/// A running client program; it is killed when this goes.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Process {
    /// Starts the program by the shell.
    ///
    /// # Errors
    /// When there is no shell.
    pub(super) fn start(command: &str) -> Result<Self, String> {
        let mut shell = if cfg!(windows) { Command::new("cmd") } else { Command::new("sh") };
        shell.arg(if cfg!(windows) { "/C" } else { "-c" }).arg(command);
        let mut child = shell
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| format!("it cannot be started: {e}"))?;
        let input = child.stdin.take().expect("its input is a pipe");
        let output = BufReader::new(child.stdout.take().expect("its output is a pipe"));
        Ok(Self { child, input, output })
    }

    /// Tells it one event and reads what it wants done, up to the end of its turn.
    ///
    /// # Errors
    /// When it has ended, or says what cannot be understood.
    pub(super) fn turn(&mut self, event: &str) -> Result<Vec<ActionLine>, String> {
        // A program that has ended, or does not listen, shows in what it answers.
        let _ = writeln!(self.input, "{event}").and_then(|()| self.input.flush());
        let mut actions = Vec::new();
        loop {
            let mut line = String::new();
            match self.output.read_line(&mut line) {
                Ok(0) => return Err(self.ended(event)),
                Ok(_) if line.trim().is_empty() => continue,
                Ok(_) => {}
                Err(e) => return Err(format!("its output cannot be read: {e}")),
            }
            match ActionLine::read(&line)? {
                ActionLine::Wait {} => return Ok(actions),
                last @ (ActionLine::Done { .. } | ActionLine::Failed { .. }) => {
                    actions.push(last);
                    return Ok(actions);
                }
                action if actions.len() < ACTIONS_MAX => actions.push(action),
                _ => return Err(format!("more than {ACTIONS_MAX} actions without a wait")),
            }
        }
    }

    fn ended(&mut self, event: &str) -> String {
        let how = match self.child.wait() {
            Ok(status) => status.to_string(),
            Err(e) => e.to_string(),
        };
        format!("it ended ({how}) without {{\"do\":\"wait\"}} after the event {}", shown(event))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; there is nobody to tell otherwise.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
