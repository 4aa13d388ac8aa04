//! `smpsim run`.

use crate::cli::RunArguments;
use crate::output::{PartialFile, print, print_json, read, read_text};
use crate::{Refusal, Verdict, human};
use sim::advice;
use sim::image_file::ImageFile;
use sim::report::{self, Report};
use sim::require::Requirement;
use sim::scenario::{Scenario, Settings};
use sim::trace::JsonLines;
use sim::world::Prepared;
use std::path::Path;

/// Runs one update, prints the report, and tells whether what was expected came about.
pub(crate) fn run(arguments: &RunArguments) -> Result<Verdict, Refusal> {
    let requirements = arguments
        .require
        .iter()
        .map(|text| Requirement::parse(text))
        .collect::<Result<Vec<_>, _>>()
        .map_err(Refusal::new)?;
    let settings = settings(arguments)?;
    let scenario = Scenario::resolve(&settings).map_err(Refusal::new)?;
    if arguments.explain {
        print(&settings.explain());
        return Ok(Verdict::Yes);
    }
    let image = arguments.image.as_deref().map(|path| image(path, arguments.force)).transpose()?;
    let prepared = Prepared::new(scenario, image, arguments.force)
        .map_err(|e| Refusal(format!("{e}{}", force_hint(arguments))))?;
    let report = carry_out(&prepared, arguments)?;
    tell(&prepared, &report, arguments, &requirements)
}

fn settings(arguments: &RunArguments) -> Result<Settings, Refusal> {
    let name = arguments.scenario.as_deref().unwrap_or("reference");
    let path = Path::new(name);
    let is_file = path.extension().is_some() || name.contains(std::path::MAIN_SEPARATOR);
    let mut settings = if is_file || path.is_file() {
        Settings::file(name, &read_text(path)?)
    } else {
        Settings::preset(name)
    }
    .map_err(Refusal::new)?;
    if let Some(strategy) = &arguments.strategy {
        settings.set(&format!("client.strategy={strategy}")).map_err(Refusal::new)?;
    }
    for set in &arguments.set {
        settings.set(set).map_err(Refusal::new)?;
    }
    Ok(settings)
}

fn image(path: &Path, force: bool) -> Result<ImageFile, Refusal> {
    let bytes = read(path)?;
    if force {
        if bytes.is_empty() {
            return Err(Refusal(format!("{}: the file is empty", path.display())));
        }
        return Ok(ImageFile::any(bytes));
    }
    ImageFile::sound(bytes)
        .map_err(|e| Refusal(format!("{}: {e}; --force runs it all the same", path.display())))
}

fn force_hint(arguments: &RunArguments) -> &'static str {
    if arguments.image.is_some() { "; --force runs it all the same" } else { "" }
}

fn carry_out(prepared: &Prepared, arguments: &RunArguments) -> Result<Report, Refusal> {
    let file = arguments.trace.as_deref().map(PartialFile::create).transpose()?;
    let lines = file.as_ref().map(PartialFile::writer).transpose()?.map(JsonLines::new);
    let ((mut report, lines), wall_s) = timed(|| report::run(prepared, arguments.seed, lines));
    report.document.wall_s = wall_s;
    if let (Some(file), Some(lines)) = (file, lines) {
        lines.finish().map_err(|e| Refusal(format!("--trace: {e}")))?;
        file.keep()?;
    }
    Ok(report)
}

#[expect(clippy::disallowed_types, reason = "`wall_s` is the one figure that is not virtual")]
fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = std::time::Instant::now();
    let done = work();
    (done, start.elapsed().as_secs_f64())
}

fn tell(
    prepared: &Prepared,
    report: &Report,
    arguments: &RunArguments,
    requirements: &[Requirement],
) -> Result<Verdict, Refusal> {
    let document = &report.document;
    if arguments.json {
        print_json(document)?;
    } else {
        let advice = advice::best(prepared, arguments.seed, document);
        print(&human::report(prepared, report, &advice));
    }
    let mut verdict = Verdict::Yes;
    if !prepared.scenario().expects(document.outcome, document.error.as_deref()) {
        eprintln!(
            "smpsim: the outcome is {}{}, the scenario expects {}",
            document.outcome,
            document.error.as_ref().map(|e| format!(" ({e})")).unwrap_or_default(),
            prepared.scenario().expected(),
        );
        verdict = Verdict::No;
    }
    let value = serde_json::to_value(document).map_err(Refusal::new)?;
    for requirement in requirements {
        let checked = requirement.check(&value).map_err(Refusal::new)?;
        if !checked.holds {
            eprintln!("smpsim: --require {requirement} does not hold: it is {}", checked.figure);
            verdict = Verdict::No;
        }
    }
    Ok(verdict)
}
