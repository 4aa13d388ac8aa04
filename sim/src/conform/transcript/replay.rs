//! A session from its first contents to its last step.

use super::bench::{Bench, Seen};
use super::build::Build;
use super::bulk_upload::bulk_upload;
use super::compare::{Exactness, answers, octets_on_the_line};
use super::contents::Images;
use super::exchange::{echoes, exchange, on_the_line};
use super::flash_state::Octets;
use super::judge::{Judge, lawful};
use super::meta::{Init, Meta};
use super::running::Running;
use super::step::{Expected, Step, What};
use crate::conform::FileResult;
use crate::conform::difference::{Difference, same};
use flash_model::{Area, FlashView as _};
use sim_core::Span;

/// What a step came to, or why it cannot be carried out.
type Verdict = Result<Result<(), Difference>, String>;

/// A session under way.
pub(super) struct Replay<'m> {
    meta: &'m Meta,
    build: Build,
    images: Images,
    /// The running image where `meta` does not state it.
    running: Option<Running>,
    bench: Bench,
    judge: Judge,
    /// What is known of the octets in slot 1.
    secondary: Octets,
    /// The server has reset itself; its start is still to come.
    reset_due: bool,
}

impl<'m> Replay<'m> {
    /// Builds the server and puts the first contents into its flash.
    pub(super) fn new(meta: &'m Meta, steps: &[Step]) -> Result<Self, String> {
        let build = Build::new(meta, steps)?;
        let images = Images::new(meta)?;
        let running =
            if meta.init.contains_key("slot0") { None } else { Running::listed_in(steps) };
        let judge =
            Judge::new(&meta.flash_sha256, meta.flash_state.as_ref(), meta.littlefs.is_some());
        let bench = Bench::new(&build);
        let (secondary, reset_due) = (Octets::Recorded, false);
        let mut replay = Self { meta, build, images, running, bench, judge, secondary, reset_due };
        if let Some((name, unknown)) = unknown(&meta.init) {
            return Err(format!("`init.{name}` has {unknown}, which is not known"));
        }
        replay.rebuild(&meta.init)?;
        Ok(replay)
    }

    /// Goes through a step and judges it.
    pub(super) fn step(&mut self, step: &Step, result: &mut FileResult) -> Result<(), String> {
        self.bench.seen = Seen::default();
        let verdict = if step.expected.exempt() {
            result.exempt += 1;
            self.survive(step)?
        } else {
            let acted = self.act(step)?;
            let Bench { seen, flash, .. } = &self.bench;
            acted.and(self.judge.step(step, &self.build, seen, &flash.device, self.secondary))
        };
        match verdict {
            Ok(()) => result.passed += 1,
            Err(difference) => result.failures.push(difference.of(&step.name)),
        }
        Ok(())
    }

    /// Does what a step says, and compares the answer.
    fn act(&mut self, step: &Step) -> Verdict {
        let expected = &step.expected;
        Ok(match &step.what {
            What::Frames(frames) => {
                let got = exchange(&mut self.bench, &self.build, frames);
                let exactness = self.exactness(expected);
                let answered = answers(expected, &got, exactness);
                answered.and(self.reset_after(expected))
            }
            What::Write(octets) => {
                self.bench.write(octets);
                self.bench.settle();
                let got = std::mem::take(&mut self.bench.seen.out);
                answers(expected, &got, self.exactness(expected))
            }
            What::Serial(octets) => {
                let got = on_the_line(&mut self.bench, &self.build, octets);
                octets_on_the_line(expected, &got, self.exactness(expected))
            }
            What::BulkUpload(bulk) => {
                let image = self.images.get(&bulk.image)?;
                if self.images.made_up(&bulk.image) {
                    self.secondary = Octets::MadeUp;
                }
                bulk_upload(&mut self.bench, &self.build, bulk, image)
            }
            What::Reinit(init) => {
                let init = init.as_ref().unwrap_or(&self.meta.init);
                self.rebuild(init)?;
                match unknown(init) {
                    Some((name, what)) => {
                        let place = format!("init.{name}");
                        Err(Difference::new(&place, "contents that are known", what))
                    }
                    None => Ok(()),
                }
            }
            What::Restart => {
                self.restart()?;
                Ok(())
            }
            What::Boot => self.boot(expected),
            What::Wait(ms) => self.wait(*ms, expected),
            What::Unknown(what) => {
                Err(Difference::new("kind", "a kind of step that is known", what))
            }
        })
    }

    /// Goes through a step whose recording is no reference, because the server stopped in it: the
    /// model may answer or not, and must serve an echo afterwards.
    fn survive(&mut self, step: &Step) -> Verdict {
        let before = self.bench.flash.clone();
        // What came of it does not count.
        let _ = self.act(step)?;
        let mut verdict = lawful(&self.bench.seen);
        if verdict.is_ok() && !echoes(&mut self.bench, &self.build) {
            verdict = Err(Difference::new("echo afterwards", "an answer", "no answer"));
        }
        // The recorded server was started anew with the flash that it left. Unless the session says
        // that there was a change, there was none.
        if step.expected.flash_state.is_none() && !self.build.counts_ops {
            self.bench.flash = before;
        }
        self.judge.forget_state();
        self.restart()?;
        Ok(verdict)
    }

    fn exactness(&self, expected: &Expected) -> Exactness {
        if expected.varies() {
            Exactness::Structure
        } else if self.build.counts_ops {
            Exactness::Octets
        } else {
            Exactness::ButForMoments
        }
    }

    fn reset_after(&mut self, expected: &Expected) -> Result<(), Difference> {
        if !expected.reset_after {
            return Ok(());
        }
        self.bench.advance(Span::from_ms(u64::from(self.build.config.reset_ms) + 1));
        self.reset_due = self.bench.seen.resets > 0;
        same("reset after the answer", true, self.reset_due)
    }

    fn wait(&mut self, ms: u64, expected: &Expected) -> Result<(), Difference> {
        self.bench.advance(Span::from_ms(ms));
        let resets = self.bench.seen.resets;
        if !self.build.counts_ops {
            self.reset_due |= resets > 0;
            return same("reset_happened", expected.reset_happened, resets > 0);
        }
        if resets > 0 {
            self.bench.start();
        }
        same("exit", expected.exit, resets)
    }

    fn boot(&mut self, expected: &Expected) -> Result<(), Difference> {
        let before = match &expected.flash_state_before {
            Some(state) => {
                let Bench { seen, flash, .. } = &self.bench;
                self.judge.before_boot(state, &self.build, seen, &flash.device, self.secondary)
            }
            None => Ok(()),
        };
        let reset = same("reset before the boot", true, self.reset_due);
        self.start();
        before.and(reset)
    }

    /// The supply comes back.
    fn restart(&mut self) -> Result<(), String> {
        if !self.build.persists {
            return self.rebuild(&self.meta.init);
        }
        self.start();
        Ok(())
    }

    /// Boot loader and server start.
    fn start(&mut self) {
        self.reset_due = false;
        self.bench.boot(&self.build);
        self.judge.look_again();
        let layout = &self.build.config.layout;
        if self.bench.seen.booted_over(layout.secondary()) {
            self.secondary = Octets::MadeUp;
        }
    }

    /// Another device with these contents.
    fn rebuild(&mut self, init: &Init) -> Result<(), String> {
        self.bench = Bench::new(&self.build);
        self.judge.look_again();
        self.reset_due = false;
        self.secondary = Octets::Recorded;
        let device = &mut self.bench.flash.device;
        self.images.known().iter().for_each(|known| device.know(known.clone()));
        let geometry = device.geometry();
        for (name, contents) in init {
            let area = self.build.areas.get(name);
            let area =
                *area.ok_or_else(|| format!("`init` names {name}, which is no partition"))?;
            let Some(contents) = contents else { continue };
            let octets = self.images.partition(contents, area.len, &geometry);
            let octets = octets.map_err(|problem| format!("`init.{name}`: {problem}"))?;
            if !device.is_blank(area) {
                return Err(format!("`flash.partitions.{name}` overlaps another partition"));
            }
            device.load(area.start, &octets);
            let made_up = contents.image.as_deref().is_some_and(|i| self.images.made_up(i));
            if name == "slot1" && made_up {
                self.secondary = Octets::MadeUp;
            }
        }
        if let Some(Running { octets, known }) = &self.running {
            let Area { start, len } = self.build.config.layout.primary();
            if len as usize >= octets.len() && !init.contains_key("slot0") {
                device.load(start, octets);
                device.know(known.clone());
            }
        }
        Ok(())
    }
}

/// What contents ask for that is not known, and in which partition.
fn unknown(init: &Init) -> Option<(&str, &str)> {
    let mut parts = init.iter().filter_map(|(name, contents)| Some((name, contents.as_ref()?)));
    parts.find_map(|(name, contents)| Some((name.as_str(), contents.unknown()?)))
}
