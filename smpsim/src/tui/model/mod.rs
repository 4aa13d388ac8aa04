//! What the screen shows: a fold over the trace, and the flash as it is when somebody looks. It
//! knows no terminal, and drawing it changes nothing.

mod deaf;
mod flash_map;
mod rate;
mod smp_log;
mod timeline;

pub(crate) use flash_map::{FlashMap, PageState, Row};
pub(crate) use rate::Rate;
pub(crate) use smp_log::{Entry, SmpLog};
pub(crate) use timeline::{Line, Part, Timeline};

use super::speed::Speed;
use client_model::{ClientEvent, Phase, Transport};
use deaf::Deaf;
use flash_model::FlashView;
use link_model::LinkEvent;
use sim::report::Counts;
use sim::report::budget::Cause;
use sim::scenario::Scenario;
use sim::trace::{Event, FaultKind, Record, Sink, WorldEvent};
use sim::world::{End, Prepared};
use sim_core::{Span, Time};

/// What does not change during a run.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    /// The scenario's name.
    pub(crate) scenario: String,
    /// Seed of the run.
    pub(crate) seed: u64,
    /// The link in a few words.
    pub(crate) link: String,
    /// Version of the image to install, and its octets.
    pub(crate) image: (String, u32),
}

/// Everything on the screen.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) head: Head,
    pub(crate) flash: FlashMap,
    pub(crate) timeline: Timeline,
    pub(crate) rate: Rate,
    pub(crate) smp: SmpLog,
    /// The figures that a report has too.
    pub(crate) counts: Counts,
    /// Part of the client's session.
    pub(crate) phase: Option<Phase>,
    /// Virtual time.
    pub(crate) now: Time,
    pub(crate) speed: Speed,
    /// Time runs.
    pub(crate) running: bool,
    /// How it ended, in words, and whether that was expected.
    pub(crate) end: Option<(String, bool)>,
    /// The help lies over the rest.
    pub(crate) help: bool,
    deaf: Deaf,
    /// The device's application runs, so that flash work has a radio to stop.
    application: bool,
}

impl Model {
    /// A screen for a run that has not begun.
    pub(crate) fn new(prepared: &Prepared, seed: u64, pace: Speed) -> Self {
        let scenario = prepared.scenario();
        let image = prepared.image();
        let version = match image.info() {
            Some(info) => info.header.version.to_string(),
            None => "no image".to_owned(),
        };
        Self {
            head: Head {
                scenario: scenario.settings.name.clone(),
                seed,
                link: link(scenario),
                image: (version, image.len()),
            },
            flash: FlashMap::new(scenario.server.layout, scenario.part.geometry.page),
            timeline: Timeline::default(),
            rate: Rate::new(image.len()),
            smp: SmpLog::default(),
            counts: Counts::new(),
            phase: None,
            now: Time::ZERO,
            speed: pace,
            running: true,
            end: None,
            help: false,
            deaf: Deaf::default(),
            application: true,
        }
    }

    /// Looks at the clock and at what has changed in flash.
    pub(crate) fn look(&mut self, now: Time, flash: &dyn FlashView) {
        self.now = now;
        self.flash.look(flash);
    }

    /// The run is over.
    pub(crate) fn finish(&mut self, end: End, scenario: &Scenario) {
        let (outcome, error) = match end {
            End::Finished(finish) => (finish.outcome.name(), finish.error.map(|e| e.name())),
            End::TimeLimit => ("failed", Some("time_limit")),
        };
        let expected = scenario.expects(outcome, error);
        let words = match error {
            Some(error) => format!("{outcome} ({error})"),
            None => outcome.to_owned(),
        };
        self.end = Some((words, expected));
        self.running = false;
    }

    /// What the upload has spent its time on so far besides payload, longest first, in percent.
    pub(crate) fn stalls(&self) -> Vec<(Cause, u64)> {
        let Some(upload) = &self.counts.upload else { return Vec::new() };
        let spent = if self.rate.is_complete() {
            upload.budget_after
        } else {
            self.counts.budget.until(self.now)
        };
        let spent = spent.since(&upload.budget_before);
        let total = spent.total().as_ns().max(1);
        let share = |cause: Cause| (spent.of(cause).as_ns() * 100 + total / 2) / total;
        let causes = Cause::ALL.into_iter().filter(|cause| *cause != Cause::LinkPayload);
        let mut shares: Vec<_> = causes.map(|cause| (cause, share(cause))).collect();
        shares.retain(|(_, share)| *share > 0);
        shares.sort_by_key(|(_, share)| std::cmp::Reverse(*share));
        shares
    }

    fn world(&mut self, at: Time, event: WorldEvent) {
        self.application = match event {
            WorldEvent::ApplicationRuns => true,
            WorldEvent::Reset | WorldEvent::PowerFails => false,
            _ => self.application,
        };
        let text = match event {
            WorldEvent::Reset => "the application resets the device",
            WorldEvent::ApplicationRuns => "the application runs",
            WorldEvent::PowerFails => "the supply of the device fails",
            WorldEvent::PowerReturns => "the supply of the device is back",
            WorldEvent::TimeLimit => "the limit of virtual time is reached",
            WorldEvent::Fault { fault: FaultKind::DropRequest, .. } => "a request is dropped",
            WorldEvent::Fault { fault: FaultKind::DropFragment, .. } => "a fragment is dropped",
            WorldEvent::Fault { fault: FaultKind::DropResponse, .. } => "an answer is dropped",
            WorldEvent::Fault { fault: FaultKind::LateResponse, .. } => "an answer is held back",
            WorldEvent::Late { .. } => return,
        };
        self.smp.alert(at, text.to_owned());
    }
}

impl Sink for Model {
    fn record(&mut self, record: &Record) {
        let at = record.at;
        self.now = self.now.max(at);
        self.counts.record(record);
        if let (Some(alert), true) = (self.deaf.record(record), self.application) {
            self.smp.alert(alert.at, alert.text());
        }
        match &record.event {
            Event::World(event) => self.world(at, *event),
            Event::Client(event) => {
                if let ClientEvent::Phase { phase } = event {
                    self.phase = Some(*phase);
                }
                self.smp.client(at, event);
            }
            Event::Link(event) => {
                self.timeline.link(at, event);
                if let LinkEvent::Lost { role, reason } = event {
                    self.smp.lost(at, *role, *reason);
                }
            }
            Event::Server(event) => {
                self.rate.server(at, event);
                self.smp.server(at, event);
            }
            Event::Flash(event) => {
                self.flash.event(event);
                self.smp.flash(at, event);
                if self.application && self.timeline.is_connected() {
                    self.timeline.flash(at, event);
                }
            }
            Event::Boot(event) => {
                self.flash.boot(event);
                self.smp.boot(at, event);
            }
        }
    }
}

/// The link of a scenario in a few words.
fn link(scenario: &Scenario) -> String {
    if scenario.transport() != Transport::Ble {
        return crate::carriage::setting(scenario);
    }
    let phy = scenario.settings.get("link.phy").to_string().replace('"', "");
    let link = &scenario.link;
    format!("{phy} {} B {}", link.data_length, milliseconds(link.params.interval))
}

/// A time in milliseconds, as short as it can be told: `11.25 ms`, `85 ms`.
pub(crate) fn milliseconds(span: Span) -> String {
    let us = span.as_us();
    let text = format!("{}.{:03}", us / 1_000, us % 1_000);
    format!("{} ms", text.trim_end_matches('0').trim_end_matches('.'))
}
