//! The shell: one command line, its output, what it returned.

mod line;
mod run;

use super::{Answer, Context, Outcome, Refusal};
use crate::ServerConfig;
use run::run;
use smp_wire::errors::{GroupError, Rc};
use smp_wire::group;
use smp_wire::header::OP_WRITE;
use smp_wire::shell::{ExecResponse, Words};

/// The commands of the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Exec,
}

/// State of the group: none, the shell's history and its selected command are not modelled.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shell;

const COMMAND_TOO_LONG: GroupError = GroupError::new(group::SHELL, 2);
const EMPTY_COMMAND: GroupError = GroupError::new(group::SHELL, 3);

impl Command {
    /// The command of this number, if it is built in.
    #[inline(never)]
    pub(crate) fn find(config: &ServerConfig, id: u8) -> Option<Self> {
        (config.shell && id == group::shell::EXEC).then_some(Self::Exec)
    }

    /// Whether it has a handler for this operation.
    pub(crate) const fn accepts(self, op: u8) -> bool {
        match self {
            Self::Exec => op == OP_WRITE,
        }
    }
}

impl Shell {
    /// Runs the handler of a command.
    #[inline(never)]
    #[expect(clippy::unused_self, reason = "every group has this form")]
    pub(crate) fn handle(
        &self,
        command: Command,
        body: &[u8],
        cx: &Context<'_>,
        out: &mut Vec<u8>,
    ) -> Answer {
        match command {
            Command::Exec => Answer::Now(exec(body, cx, out)),
        }
    }
}

/// Runs a command line (Zephyr `shell_mgmt.c`, `shell_mgmt_exec`).
fn exec(body: &[u8], cx: &Context<'_>, out: &mut Vec<u8>) -> Outcome {
    let words = Words::decode(body, cx.dialect()).map_err(|_| Rc::Invalid)?;
    let line = join(words, cx)?;
    let options = &cx.config.shell_options;
    let (output, ret) = run(&line, options, &cx.config.facts.kernel_version);
    ExecResponse { o: &output, ret }.emit(options.legacy_return_code, out, cx.form());
    Ok(())
}

/// The words with a space behind each of them but the last.
fn join(words: Words<'_>, cx: &Context<'_>) -> Result<Vec<u8>, Refusal> {
    let most = cx.config.shell_options.line_len as usize;
    let mut line = Vec::new();
    for word in words {
        if line.len() + word.len() >= most {
            return Err(Refusal::by_era(cx.quirks, Rc::Invalid, COMMAND_TOO_LONG));
        }
        line.extend_from_slice(word);
        line.push(b' ');
    }
    match line.pop() {
        Some(_) => Ok(line),
        None => Err(Refusal::by_era(cx.quirks, Rc::Invalid, EMPTY_COMMAND)),
    }
}
