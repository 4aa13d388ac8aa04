//! `smpsim advise`.

#![expect(
    clippy::doc_markdown,
    reason = "these comments are the help text, which has no backticks"
)]

use crate::cli::RunArguments;
use crate::human::seconds;
use crate::output::{print, print_json};
use crate::{Refusal, Verdict, run};
use clap::Args;
use sim::advise::{AdviceDoc, AdviseDoc, advise};
use std::fmt::Write;
use std::path::PathBuf;

#[derive(Args, Debug)]
pub(crate) struct AdviseArguments {
    /// Preset name or scenario file; `smpsim presets` lists the presets
    scenario: Option<String>,
    /// Install this image instead of the generated one
    #[arg(long, value_name = "FILE")]
    image: Option<PathBuf>,
    /// Take the server's options from a build's .config or a project's prj.conf; may be repeated
    #[arg(long, value_name = "FILE")]
    kconfig: Vec<PathBuf>,
    /// Change one setting before anything is tried, such as link.loss_ppm=20000; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Client as it is now; short for --set client.strategy=NAME
    #[arg(long, value_name = "NAME")]
    strategy: Option<String>,
    /// Seeds under which every change is tried
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    seeds: u32,
    /// The first of them
    #[arg(long, default_value_t = 1, value_name = "N")]
    first_seed: u64,
    /// Print one JSON document (schema smpsim.advise/1)
    #[arg(long)]
    json: bool,
}

/// Tries every change and prints what helps.
pub(crate) fn run(arguments: AdviseArguments) -> Result<Verdict, Refusal> {
    let AdviseArguments { scenario, image, kconfig, set, strategy, seeds, first_seed, json } =
        arguments;
    let named = scenario.clone().unwrap_or_else(|| "reference".to_owned());
    let prepared = run::prepare(&RunArguments {
        scenario,
        image,
        kconfig,
        set,
        strategy,
        ..RunArguments::default()
    })?;
    if prepared.scenario().fleet.devices > 1 {
        return Err(Refusal(format!(
            "{named}: fleet.devices is more than 1; advise looks at one device, add --set \
             fleet.devices=1"
        )));
    }
    let document = advise(&prepared, first_seed, seeds);
    if json {
        print_json(&document)?;
    } else {
        print(&text(&document));
    }
    Ok(Verdict::Yes)
}

fn text(document: &AdviseDoc) -> String {
    let mut text = String::new();
    let seeds = document.seeds.len();
    let base = &document.base;
    let _ = writeln!(
        text,
        "{}: {} of {seeds} runs succeed{}; upload {}, {} in all (medians)",
        document.scenario,
        base.succeeded,
        base.error.as_ref().map(|error| format!(", others end with {error}")).unwrap_or_default(),
        seconds(base.upload_s),
        seconds(base.duration_s),
    );
    if document.advice.is_empty() {
        let _ = writeln!(
            text,
            "\nnone of the {} changes that were tried helps by 1 % of the upload",
            document.tried
        );
        return text;
    }
    let _ = writeln!(text, "\n   {:>10} {:>7} {:>8} {:>9}  change", "saves", "", "seeds", "RAM");
    for (n, advice) in document.advice.iter().enumerate() {
        line(&mut text, n + 1, seeds, advice);
    }
    if let Some(together) = &document.together {
        let flags: Vec<String> = together.settings.iter().map(|s| format!("--set {s}")).collect();
        let _ = writeln!(
            text,
            "\ntogether ({}): upload {}, {} in all, {} of {seeds} runs succeed, {} octets of RAM\n  {}",
            together.subjects.join(", "),
            seconds(together.upload_s),
            seconds(together.duration_s),
            together.succeeded,
            signed(together.ram_octets),
            flags.join(" "),
        );
    }
    if !document.no_gain.is_empty() {
        let _ = writeln!(text, "\nno gain alone from: {}", document.no_gain.join(", "));
    }
    let _ = writeln!(
        text,
        "{} changes tried, each alone and over the same seeds; savings and per cent are of the \
         whole update",
        document.tried
    );
    text
}

fn line(text: &mut String, rank: usize, seeds: usize, advice: &AdviceDoc) {
    let (saves, percent) = match (advice.saved_s, advice.repaired) {
        (Some(saved), 0) => (
            format!("{saved:.3} s"),
            advice.saved_percent.map(|percent| format!("{percent:.1} %")).unwrap_or_default(),
        ),
        _ => (format!("mends {}", advice.repaired), String::new()),
    };
    let agree = if advice.repaired > 0 { advice.repaired } else { advice.faster };
    let _ = writeln!(
        text,
        "{rank:>2} {saves:>10} {percent:>7} {:>8} {:>9}  {}",
        format!("{agree}/{seeds}"),
        signed(advice.ram_octets),
        advice.how,
    );
    let flags: Vec<String> = advice.settings.iter().map(|s| format!("--set {s}")).collect();
    let _ = writeln!(text, "{:>40}  {}", advice.subject, flags.join(" "));
}

/// Octets with their sign; nothing for none.
fn signed(octets: i64) -> String {
    if octets == 0 { "0".to_owned() } else { format!("{octets:+}") }
}
