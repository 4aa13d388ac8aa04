//! Finding a command, and what it prints (Zephyr `shell.c`, `execute` and `exec_cmd`;
//! `shell_help.c`).

use super::line::{Word, is_space, take_word};
use crate::{ShellAction, ShellCommand, ShellOptions};

/// `-ENOEXEC`
const NOT_EXECUTED: i32 = -8;
/// `SHELL_CMD_HELP_PRINTED`
const HELP_PRINTED: i32 = 1;
/// Error colour: bold red, and back (`shell_vt100.h`).
const RED: &str = "\x1b[1;31m";
const PLAIN: &str = "\x1b[m";

/// Output of the dummy backend, with a carriage return in front of each line feed.
struct Output<'a> {
    octets: Vec<u8>,
    options: &'a ShellOptions,
}

/// Runs a command line, which ends at its first zero; its output and what it returned.
pub(super) fn run(line: &[u8], options: &ShellOptions, kernel_version: &str) -> (Vec<u8>, i32) {
    let line = line.split(|&octet| octet == 0).next().unwrap_or_default();
    let mut output = Output { octets: Vec::new(), options };
    // The cursor stands behind prompt and line; the output begins on a line of its own.
    let columns = (options.columns as usize).max(1);
    if !(line.len() + options.prompt_len as usize).is_multiple_of(columns) {
        output.print("\n");
    }
    let ret = execute(line, &mut output, kernel_version);
    output.octets.truncate(options.output_len.saturating_sub(1) as usize);
    (output.octets, ret)
}

/// The deepest command that does something gets the line; without one, the deepest that has help
/// explains itself.
fn execute(mut line: &[u8], output: &mut Output<'_>, kernel_version: &str) -> i32 {
    let options = output.options;
    let mut level = &options.commands;
    let (mut found, mut helpful): (Option<&ShellCommand>, Option<&ShellCommand>) = (None, None);
    let mut known = true;
    let mut count = 0;
    while count < options.words {
        let Some(Word { text, open }) = take_word(&mut line) else {
            if count == 0 {
                return NOT_EXECUTED;
            }
            break;
        };
        let more = line.iter().any(|&octet| !is_space(octet));
        if let (Some(mark), false) = (open, more) {
            output.error(&format!("not terminated: {}\n", char::from(mark)));
            return NOT_EXECUTED;
        }
        if count > 0 && options.help_options && matches!(&*text, b"-h" | b"--help") {
            return output.help_or_complaint(helpful);
        }
        let next = level.iter().find(|command| known && command.name.as_bytes() == text);
        if let Some(command) = next {
            found = command.action.is_some().then_some(command).or(found);
            helpful = (!command.help.is_empty()).then_some(command).or(helpful);
            level = &command.subcommands;
        } else {
            if count == 0 {
                output.not_found(&text);
            }
            known = false;
        }
        count += 1;
        if count >= options.words && more {
            output.error("Too many arguments in the command.\n\n");
            return NOT_EXECUTED;
        }
    }
    match found.and_then(|command| command.action.as_ref()) {
        Some(action) => output.act(action, kernel_version),
        None if helpful.is_none() => NOT_EXECUTED,
        None => output.help_or_complaint(helpful),
    }
}

impl Output<'_> {
    fn print(&mut self, text: &str) {
        self.put(text.as_bytes());
    }

    fn put(&mut self, octets: &[u8]) {
        for &octet in octets {
            if octet == b'\n' {
                self.octets.push(b'\r');
            }
            self.octets.push(octet);
        }
    }

    fn error(&mut self, text: &str) {
        self.in_red(|output| output.print(text));
    }

    fn not_found(&mut self, word: &[u8]) {
        self.in_red(|output| {
            output.put(word);
            output.print(": command not found\n");
        });
    }

    fn in_red(&mut self, print: impl FnOnce(&mut Self)) {
        let colors = self.options.colors;
        if colors {
            self.print(RED);
        }
        print(self);
        if colors {
            self.print(PLAIN);
        }
    }

    fn act(&mut self, action: &ShellAction, kernel_version: &str) -> i32 {
        match action {
            ShellAction::Print { text, ret } => {
                self.print(text);
                return *ret;
            }
            ShellAction::KernelVersion => {
                self.print(&format!("Zephyr version {kernel_version}\n"));
            }
            ShellAction::ListCommands { introduction } => {
                self.print(introduction);
                self.list("\nAvailable commands:\n", &self.options.commands);
            }
        }
        0
    }

    /// The help of a command and of what may follow it.
    fn help_or_complaint(&mut self, command: Option<&ShellCommand>) -> i32 {
        let Some(command) = command else {
            self.error("Please specify a subcommand.\n");
            return NOT_EXECUTED;
        };
        self.print(&format!("{} - {}\n", command.name, command.help));
        self.list("Subcommands:\n", &command.subcommands);
        HELP_PRINTED
    }

    /// Commands with their help, in a column. Lines longer than the terminal are not broken.
    fn list(&mut self, title: &str, commands: &[ShellCommand]) {
        let Some(width) = commands.iter().map(|command| command.name.len()).max() else { return };
        self.print(title);
        for ShellCommand { name, help, .. } in commands {
            if help.is_empty() {
                self.print(&format!("  {name}\n"));
            } else {
                self.print(&format!("  {name:width$}  : {help}\n"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::run;
    use crate::{ShellAction, ShellCommand, ShellOptions};

    fn ran(line: &str, options: &ShellOptions) -> (String, i32) {
        let (output, ret) = run(line.as_bytes(), options, "9.8.7");
        (String::from_utf8(output).unwrap(), ret)
    }

    fn options() -> ShellOptions {
        let mut options = ShellOptions { colors: false, ..ShellOptions::default() };
        let action = Some(ShellAction::Print { text: "moved\n".to_owned(), ret: -5 });
        let subcommands = vec![
            ShellCommand { name: "on".to_owned(), action: action.clone(), ..Default::default() },
            ShellCommand {
                name: "fast".to_owned(),
                help: "Hurry".to_owned(),
                ..Default::default()
            },
        ];
        let name = "go".to_owned();
        options.commands.push(ShellCommand { name, action, subcommands, help: String::new() });
        options
    }

    #[test]
    fn a_line_goes_to_the_deepest_command_that_does_something() {
        for (line, output, ret) in [
            ("kernel version", "\r\nZephyr version 9.8.7\r\n", 0),
            ("kernel version and more", "\r\nZephyr version 9.8.7\r\n", 0),
            ("go", "\r\nmoved\r\n", -5),
            ("go on", "\r\nmoved\r\n", -5),
            ("go fast", "\r\nmoved\r\n", -5),
            ("go nowhere on", "\r\nmoved\r\n", -5),
            ("", "\r\n", -8),
            ("nope", "\r\nnope: command not found\r\n", -8),
            ("\"nope", "\r\nnot terminated: \"\r\n", -8),
            ("go -h", "\r\nPlease specify a subcommand.\r\n", -8),
            ("go fast --help", "\r\nfast - Hurry\r\n", 1),
        ] {
            assert_eq!(ran(line, &options()), (output.to_owned(), ret), "{line:?}");
        }
    }

    #[test]
    fn a_command_that_needs_another_word_lists_those_that_it_knows() {
        let (output, ret) = ran("kernel nosuch", &ShellOptions::default());
        assert!(
            output.starts_with("\r\nkernel - Kernel commands\r\nSubcommands:\r\n  cycles     : ")
        );
        assert!(output.ends_with("\r\n  version    : Kernel version.\r\n"));
        assert_eq!(ret, 1);
    }

    #[test]
    fn twenty_words_are_few_enough() {
        let line = |count| vec!["w"; count].join(" ");
        assert!(!ran(&line(20), &options()).0.contains("Too many"));
        let expected = "w: command not found\r\nToo many arguments in the command.\r\n\r\n";
        assert!(ran(&line(21), &options()).0.ends_with(expected));
    }

    #[test]
    fn output_that_does_not_fit_the_buffer_is_cut_off() {
        let long = ShellCommand::printing("long", "", &"x".repeat(1000));
        let options = ShellOptions { commands: vec![long], ..ShellOptions::default() };
        assert_eq!(ran("long", &options).0.len(), 511);
        let options = ShellOptions { output_len: 0, ..options };
        assert_eq!(ran("long", &options), (String::new(), 0));
    }

    #[test]
    fn no_line_feed_comes_first_when_the_line_fills_the_terminal() {
        let options = ShellOptions { colors: false, ..ShellOptions::default() };
        for (len, start) in [(76, "\r\na"), (77, "aa"), (78, "\r\na"), (157, "aa")] {
            assert!(ran(&"a".repeat(len), &options).0.starts_with(start), "{len}");
        }
    }
}
