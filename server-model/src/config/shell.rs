//! Options of the shell group, and the commands that the shell has.

/// What the shell group is built with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShellOptions {
    /// Octets of a command line and the zero behind it (`CONFIG_SHELL_CMD_BUFF_SIZE`).
    pub line_len: u32,
    /// Octets of the output and the zero behind it; what comes after them is lost
    /// (`CONFIG_SHELL_BACKEND_DUMMY_BUF_SIZE`).
    pub output_len: u32,
    /// Words of a command line (`CONFIG_SHELL_ARGC_MAX`).
    pub words: u32,
    /// Characters of the prompt (`CONFIG_SHELL_PROMPT_DUMMY`).
    pub prompt_len: u32,
    /// Columns of the terminal (`CONFIG_SHELL_DEFAULT_TERMINAL_WIDTH`).
    pub columns: u32,
    /// Errors are printed in colour (`CONFIG_SHELL_VT100_COLORS`).
    pub colors: bool,
    /// A command of several words asks for help with `-h` or `--help`
    /// (`CONFIG_SHELL_HELP_OPT_PARSE`).
    pub help_options: bool,
    /// The return value is called `rc` (`CONFIG_MCUMGR_GRP_SHELL_LEGACY_RC_RETURN_CODE`).
    pub legacy_return_code: bool,
    /// Commands in the order in which help lists them.
    pub commands: Vec<ShellCommand>,
}

/// A command of the shell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShellCommand {
    /// Its word.
    pub name: String,
    /// One line of help, without a line break; empty when there is none.
    pub help: String,
    /// What it does; `None` for one that only has subcommands.
    pub action: Option<ShellAction>,
    /// Commands that follow it.
    pub subcommands: Vec<ShellCommand>,
}

/// What a command of the shell does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShellAction {
    /// Prints a text, whatever words follow, and returns a value. Line breaks are single line feeds.
    Print {
        /// The text.
        text: String,
        /// 0 is success; errors are negative.
        ret: i32,
    },
    /// Prints the version of the kernel.
    KernelVersion,
    /// Lists all commands behind a text.
    ListCommands {
        /// The text. Line breaks are single line feeds.
        introduction: String,
    },
}

impl Default for ShellOptions {
    /// Zephyr's defaults, and commands of a build without further options. Of those that
    /// need another word, only `kernel` knows any.
    fn default() -> Self {
        Self {
            line_len: 256,
            output_len: 512,
            words: 20,
            prompt_len: 3,
            columns: 80,
            colors: true,
            help_options: true,
            legacy_return_code: false,
            commands: vec![
                ShellCommand::printing("clear", "Clear screen.", "\x1b[H\x1b[2J"),
                ShellCommand::named("date", "Date commands"),
                ShellCommand::named("device", "Device commands"),
                ShellCommand::help(),
                ShellCommand::named("history", "Command history."),
                ShellCommand::kernel(),
            ],
        }
    }
}

impl ShellCommand {
    /// A command that prints a text and succeeds.
    pub fn printing(name: &str, help: &str, text: &str) -> Self {
        let action = ShellAction::Print { text: text.to_owned(), ret: 0 };
        Self { action: Some(action), ..Self::named(name, help) }
    }

    /// A command that does nothing yet.
    fn named(name: &str, help: &str) -> Self {
        Self { name: name.to_owned(), help: help.to_owned(), ..Self::default() }
    }

    /// Zephyr's `help`, as it answers with its meta-keys switched on (Zephyr `shell.c`,
    /// `shell_cmds.c`).
    pub fn help() -> Self {
        let introduction = "\
            Please press the <Tab> button to see all available commands.\n\
            You can also use the <Tab> button to prompt or auto-complete all commands or its \
            subcommands.\n\
            You can try to call commands with <-h> or <--help> parameter for more information.\n\n\
            Shell supports following meta-keys:\n  \
            Ctrl + (a key from: abcdefklnptuw)\n  \
            Alt  + (a key from: bf)\n\
            Please refer to shell documentation for more details.\n"
            .to_owned();
        let action = Some(ShellAction::ListCommands { introduction });
        Self { action, ..Self::named("help", "Prints the help message.") }
    }

    /// Zephyr's `kernel` with what a build without further options has (Zephyr
    /// `modules/kernel_service`). Only `version` does anything.
    pub fn kernel() -> Self {
        let silent = [
            ("cycles", "Kernel cycles."),
            ("log_level", "<module name> <severity (0-4)>"),
            ("reboot", "Reboot."),
            ("sleep", "ms"),
            ("thread", "Kernel threads."),
            ("uptime", "Kernel uptime. Can be called with the -p or --pretty options"),
        ];
        let version = Self {
            action: Some(ShellAction::KernelVersion),
            ..Self::named("version", "Kernel version.")
        };
        let silent = silent.into_iter().map(|(name, help)| Self::printing(name, help, ""));
        let subcommands = silent.chain([version]).collect();
        Self { subcommands, ..Self::named("kernel", "Kernel commands") }
    }
}
