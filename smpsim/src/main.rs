//! `smpsim`, the program: simulates SMP (`MCUmgr`) firmware updates over Bluetooth LE.
//! It parses arguments, reads and writes files and prints; the models and the world are libraries.

mod advise;
mod carriage;
mod chunk;
mod cli;
mod conform;
mod emulate;
mod exec;
mod explain;
mod flash;
mod fleet;
mod frame;
mod gateway;
mod human;
mod image;
mod layout;
mod other_protocol;
mod output;
mod presets;
mod profiles;
mod radio;
mod run;
mod strategies;
mod sweep;
mod tui;

use clap::Parser;
use std::process::ExitCode;

/// What a command came to, as an exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// Done, and what was asked for holds.
    Yes,
    /// It ran, and the answer is no.
    No,
}

/// Input or usage that cannot be used: exit status 2 and this message.
#[derive(Debug)]
struct Refusal(String);

impl Refusal {
    fn new(message: impl std::error::Error) -> Self {
        Self(message.to_string())
    }
}

fn main() -> ExitCode {
    let arguments = cli::Arguments::parse();
    let command = arguments.command.unwrap_or_default();
    let result = match command {
        cli::Command::Run(arguments) => run::run(&arguments),
        cli::Command::Advise(arguments) => advise::run(arguments),
        cli::Command::Sweep(arguments) => sweep::run(&arguments),
        cli::Command::Merge(arguments) => sweep::merge(&arguments),
        cli::Command::Presets { why, file } => presets::run(why.as_deref(), file),
        cli::Command::Image { command: cli::ImageCommand::Inspect(arguments) } => {
            image::inspect(&arguments)
        }
        cli::Command::Image { command: cli::ImageCommand::Create(arguments) } => {
            image::create(&arguments)
        }
        cli::Command::Flash { command: cli::FlashCommand::Inspect(arguments) } => {
            flash::inspect(&arguments)
        }
        cli::Command::Emulate(arguments) => emulate::run(&arguments),
        cli::Command::Tui(arguments) => tui::run(&arguments),
        cli::Command::Profiles { diff, json } => profiles::run(diff.as_deref(), json),
        cli::Command::Strategies { json } => strategies::run(json),
        cli::Command::Chunk(arguments) => chunk::run(&arguments),
        cli::Command::Explain { code, group, json } => explain::run(&code, group.as_deref(), json),
        cli::Command::Frame { hex, json } => frame::run(&hex, json),
        cli::Command::Conform { files, json } => conform::run(&files, json),
    };
    match result {
        Ok(Verdict::Yes) => ExitCode::SUCCESS,
        Ok(Verdict::No) => ExitCode::from(1),
        Err(Refusal(message)) => {
            eprintln!("smpsim: {message}");
            ExitCode::from(2)
        }
    }
}
