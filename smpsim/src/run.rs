//! `smpsim run`.

use crate::cli::RunArguments;
use crate::exec::{self, Complaint, Program};
use crate::human::Played;
use crate::output::{PartialFile, print, print_json, read_text};
use crate::{Refusal, Verdict, fleet, human, image, layout};
use client_model::StrategyKind;
use sim::advise;
use sim::image_file::{ContainedImage, ImageFile};
use sim::kconfig::{self, Kconfig};
use sim::report::{self, Report};
use sim::require::Requirement;
use sim::scenario::{PRESETS, Scenario, ScenarioError, Settings};
use sim::trace::JsonLines;
use sim::world::{PrepareError, Prepared};
use std::path::{Path, PathBuf};

/// Runs one update, prints the report, and tells whether what was expected came about.
pub(crate) fn run(arguments: &RunArguments) -> Result<Verdict, Refusal> {
    let requirements = arguments
        .require
        .iter()
        .map(|text| Requirement::parse(text))
        .collect::<Result<Vec<_>, _>>()
        .map_err(Refusal::new)?;
    let (settings, kconfig) = settings(arguments)?;
    let scenario = Scenario::resolve(&settings).map_err(|e| in_scenario(&settings.name, &e))?;
    if arguments.explain {
        print(&settings.explain());
        kconfig.inspect(|kconfig| eprint!("{kconfig}"));
        return Ok(Verdict::Yes);
    }
    let prepared = prepare_with(scenario, arguments)?;
    let program = program(&prepared, arguments)?;
    let trace = arguments.trace.as_deref().map(PartialFile::create).transpose()?;
    if prepared.scenario().fleet.devices > 1 {
        return run_fleet(&prepared, arguments, &requirements, kconfig, trace);
    }
    let mut report = carry_out(&prepared, arguments.seed, program.as_ref(), trace.as_ref())?;
    report.document.kconfig = kconfig;
    // A condition that cannot be checked is an error of usage: nothing is printed or kept.
    let broken = broken(&requirements, &report)?;
    trace.map_or(Ok(()), PartialFile::keep)?;
    tell(&prepared, &report, arguments, &broken)
}

/// The external program that is the client, when one is named.
fn program(prepared: &Prepared, arguments: &RunArguments) -> Result<Option<Program>, Refusal> {
    let Some(command) = arguments.strategy.as_deref().and_then(exec::command) else {
        return Ok(None);
    };
    if prepared.scenario().fleet.devices > 1 {
        return Err(Refusal("--strategy exec: plays one client; set fleet.devices=1".to_owned()));
    }
    Program::new(command, prepared).map(Some)
}

fn run_fleet(
    prepared: &Prepared,
    arguments: &RunArguments,
    requirements: &[Requirement],
    kconfig: Option<kconfig::Report>,
    trace: Option<PartialFile<'_>>,
) -> Result<Verdict, Refusal> {
    let (report, wall_s) = timed(|| fleet::carry_out(prepared, arguments.seed, trace.as_ref()));
    let report = report?;
    let mut document = report.run_document(prepared);
    (document.wall_s, document.kconfig) = (wall_s, kconfig);
    let broken = fleet::broken(requirements, &report, &document)?;
    trace.map_or(Ok(()), PartialFile::keep)?;
    let verdict = fleet::tell(prepared, &report, &document, arguments.json, &broken);
    if let Some(kconfig) = document.kconfig.filter(|_| !arguments.json) {
        print(&format!("\n  kconfig\n{kconfig}"));
    }
    verdict
}

/// The scenario that the arguments name, with its images built.
pub(crate) fn prepare(arguments: &RunArguments) -> Result<Prepared, Refusal> {
    if arguments.strategy.as_deref().and_then(exec::command).is_some() {
        return Err(Refusal(
            "--strategy exec: a program plays in smpsim run only; name a strategy of `smpsim \
             strategies`"
                .to_owned(),
        ));
    }
    let (settings, _) = settings(arguments)?;
    let scenario = Scenario::resolve(&settings).map_err(|e| in_scenario(&settings.name, &e))?;
    prepare_with(scenario, arguments)
}

fn prepare_with(scenario: Scenario, arguments: &RunArguments) -> Result<Prepared, Refusal> {
    let image = arguments.image.as_deref().map(|path| image(path, arguments)).transpose()?;
    let more = if scenario.server.more_images.is_empty() {
        Vec::new()
    } else {
        further_images(arguments)?
    };
    let prepared = Prepared::new(scenario, image, arguments.force)
        .map_err(|e| does_not_fit(&e, arguments.image.as_deref()))?;
    if more.is_empty() {
        return Ok(prepared);
    }
    prepared.with_more(more).map_err(|e| does_not_fit(&e, arguments.image.as_deref()))
}

/// The images of a package beside the application's, for a device with slots for several.
pub(crate) fn further_images(arguments: &RunArguments) -> Result<Vec<(u32, ImageFile)>, Refusal> {
    let path = arguments.image.as_deref().filter(|_| arguments.zip_entry.is_none());
    let Some(path) = path else { return Ok(Vec::new()) };
    let images = image::open(path, None)?.images.into_iter();
    images
        .filter_map(|contained| {
            let number = contained.manifest.as_ref()?.image_index.filter(|number| *number > 0)?;
            // One that no device has slots for is refused as any other.
            Some((u32::try_from(number).unwrap_or(u32::MAX), contained))
        })
        .map(|(number, contained)| Ok((number, file(path, contained, arguments)?)))
        .collect()
}

/// The settings of a run, and what became of a build's options.
pub(crate) fn settings(
    arguments: &RunArguments,
) -> Result<(Settings, Option<kconfig::Report>), Refusal> {
    let mut settings = scenario_settings(arguments.scenario.as_deref().unwrap_or("reference"))?;
    let kconfig = read_kconfig(&arguments.kconfig, &mut settings)?;
    match arguments.layout.as_deref().map(|path| (path, layout::preset_name(path))) {
        Some((_, Some(preset))) => {
            settings.set(&format!("layout.preset={preset}")).map_err(Refusal::new)?;
        }
        Some((path, None)) => {
            settings.replace_layout(&path.display().to_string(), layout::file(path)?);
        }
        None => {}
    }
    if let Some(strategy) = arguments.strategy.as_deref().filter(|s| exec::command(s).is_none()) {
        if StrategyKind::from_name(strategy).is_none() {
            return Err(Refusal(format!(
                "--strategy {strategy}: no such client; `smpsim strategies` lists them, and \
                 exec:CMD plays a program of yours"
            )));
        }
        settings.set(&format!("client.strategy={strategy}")).map_err(Refusal::new)?;
    }
    for set in &arguments.set {
        settings.set(set).map_err(Refusal::new)?;
    }
    read_layout(&mut settings, None)?;
    Ok((settings, kconfig))
}

/// Lays the options of a build over the scenario, and tells what became of them.
fn read_kconfig(
    files: &[PathBuf],
    settings: &mut Settings,
) -> Result<Option<kconfig::Report>, Refusal> {
    let texts = files
        .iter()
        .map(|path| Ok((path.display().to_string(), read_text(path)?)))
        .collect::<Result<Vec<_>, Refusal>>()?;
    let texts: Vec<_> = texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    if texts.is_empty() {
        return Ok(None);
    }
    let kconfig = Kconfig::read(&texts).map_err(Refusal::new)?;
    kconfig.apply(settings).map(Some).map_err(Refusal::new)
}

/// The settings of a preset or of a scenario file, with the layout file that it names.
pub(crate) fn scenario_settings(name: &str) -> Result<Settings, Refusal> {
    let path = Path::new(name);
    let is_path = path.extension().is_some() || name.contains(std::path::MAIN_SEPARATOR);
    let mut settings = if !is_preset(name) && (is_path || path.is_file()) {
        Settings::file(name, &read_text(path)?).map_err(|e| in_scenario(name, &e))
    } else {
        Settings::preset(name).map_err(Refusal::new)
    }?;
    read_layout(&mut settings, path.parent())?;
    Ok(settings)
}

/// Reads the file that `layout.file` names, seen from a folder.
fn read_layout(settings: &mut Settings, folder: Option<&Path>) -> Result<(), Refusal> {
    let Some(name) = settings.wanted_layout().map(str::to_owned) else { return Ok(()) };
    let layout = layout::file(&folder.unwrap_or(Path::new("")).join(&name))
        .map_err(|Refusal(problem)| Refusal(format!("layout.file: {problem}")))?;
    settings.give_layout(&name, layout);
    Ok(())
}

/// A preset's name means the preset, also where a file of that name lies.
fn is_preset(name: &str) -> bool {
    PRESETS.iter().any(|preset| preset.name == name)
}

/// What is wrong in a scenario, with the name of its file when it is one.
pub(crate) fn in_scenario(name: &str, error: &ScenarioError) -> Refusal {
    match error {
        ScenarioError::File { .. } => Refusal(error.to_string()),
        _ if is_preset(name) => Refusal(error.to_string()),
        _ => Refusal(format!("{name}: {error}")),
    }
}

/// The image of `--image`.
pub(crate) fn image(path: &Path, arguments: &RunArguments) -> Result<ImageFile, Refusal> {
    let contained = image::application(path, arguments.zip_entry.as_deref())?;
    file(path, contained, arguments)
}

/// An image out of a file, which must be sound unless it is forced.
fn file(
    path: &Path,
    contained: ContainedImage,
    arguments: &RunArguments,
) -> Result<ImageFile, Refusal> {
    let place = image::place(path, &contained);
    if contained.bytes.is_empty() {
        return Err(Refusal(format!("{place}: it is empty")));
    }
    if arguments.force {
        return Ok(ImageFile::any(contained.bytes));
    }
    ImageFile::sound(contained.bytes)
        .map_err(|e| Refusal(format!("{place}: {e}; --force runs it all the same")))
}

/// Why images and slots do not fit together. No key sets the size of an image from a file.
fn does_not_fit(error: &PrepareError, file: Option<&Path>) -> Refusal {
    const GIVEN: &str = "new image";
    match (error, file.map(Path::display)) {
        (&PrepareError::LargerThanSlot { what: GIVEN, size, slot, .. }, Some(file)) => {
            Refusal(format!(
                "{file}: {size} octets do not fit the slot of {slot} octets (layout.slot_size); \
                 --force runs it all the same"
            ))
        }
        (PrepareError::LargerThanSwap { what: GIVEN, .. }, Some(file)) => {
            Refusal(format!("{file}: {error}; --force runs it all the same"))
        }
        _ => Refusal(error.to_string()),
    }
}

fn carry_out(
    prepared: &Prepared,
    seed: u64,
    program: Option<&Program>,
    trace: Option<&PartialFile<'_>>,
) -> Result<Report, Refusal> {
    let lines = trace.map(PartialFile::writer).transpose()?.map(JsonLines::new);
    let ((mut report, lines), wall_s) = timed(|| match program {
        None => report::run(prepared, seed, lines),
        Some(program) => report::run_client(prepared, seed, program.client(prepared, seed), lines),
    });
    report.document.wall_s = wall_s;
    match program.and_then(Program::take_complaint) {
        Some(Complaint::Broken(problem)) => {
            return Err(Refusal(format!("--strategy exec: {problem}")));
        }
        Some(Complaint::GaveUp(reason)) if !reason.is_empty() => {
            report.document.error_text =
                Some(format!("external: the client program gave up: {reason}"));
        }
        _ => {}
    }
    lines
        .map_or(Ok(()), |lines| lines.finish().map(drop))
        .map_err(|e| Refusal(format!("--trace: {e}")))?;
    Ok(report)
}

#[expect(clippy::disallowed_types, reason = "`wall_s` is the one figure that is not virtual")]
fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = std::time::Instant::now();
    let done = work();
    (done, start.elapsed().as_secs_f64())
}

/// The conditions that do not hold, in words.
fn broken(requirements: &[Requirement], report: &Report) -> Result<Vec<String>, Refusal> {
    let document = serde_json::to_value(&report.document).map_err(Refusal::new)?;
    let mut broken = Vec::new();
    for requirement in requirements {
        let checked = requirement.check(&document).map_err(Refusal::new)?;
        if !checked.holds {
            broken.push(format!("--require {requirement} does not hold: it is {}", checked.figure));
        }
    }
    Ok(broken)
}

fn tell(
    prepared: &Prepared,
    report: &Report,
    arguments: &RunArguments,
    broken: &[String],
) -> Result<Verdict, Refusal> {
    let document = &report.document;
    if arguments.json {
        print_json(document)?;
    } else {
        let command = arguments.strategy.as_deref().and_then(exec::command);
        let text = if let Some(command) = command {
            human::report(prepared, report, &Played::Program(command))
        } else {
            let advice = advise::best(prepared, arguments.seed, document);
            human::report(prepared, report, &Played::Strategy(&advice))
        };
        print(&text);
        if let Some(kconfig) = &document.kconfig {
            print(&format!("\n  kconfig\n{kconfig}"));
        }
    }
    let as_expected = prepared.scenario().expects(document.outcome, document.error.as_deref());
    if !as_expected {
        eprintln!(
            "smpsim: the outcome is {}{}, the scenario expects {}",
            document.outcome,
            document.error.as_ref().map(|e| format!(" ({e})")).unwrap_or_default(),
            prepared.scenario().expected(),
        );
    }
    for condition in broken {
        eprintln!("smpsim: {condition}");
    }
    Ok(if as_expected && broken.is_empty() { Verdict::Yes } else { Verdict::No })
}
