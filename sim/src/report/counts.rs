//! What a run did, counted: requests, packets, phases, boots.

use super::budget::{Budget, BudgetFold};
use super::document::{LinkDoc, SmpDoc};
use super::gateway::GatewayFold;
use crate::trace::{Event, FaultKind, Record, Sink, WorldEvent};
use client_model::{ClientError, ClientEvent, Phase};
use flash_model::{BootEvent, FlashEvent, ImageVersion, OpKind, SwapType};
use link_model::{DatagramFate, LinkEvent, PipeKind, Reception};
use server_model::{DropReason, ServerEvent};
use sim_core::{Span, Time};

/// A phase of the client's session and how long it lasted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PhaseSpan {
    /// Which.
    pub phase: Phase,
    /// Whether it came after the reset.
    pub after_reset: bool,
    /// When it began.
    pub start: Time,
    /// When the next one began, or the run ended.
    pub end: Time,
}

/// One run of the boot loader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BootSpan {
    /// When it began.
    pub start: Time,
    /// How long it took.
    pub took: Span,
    /// The swap that it carried out.
    pub swap: SwapType,
    /// It refused the image in slot 1 and erased it.
    pub refused: bool,
    /// The supply failed before it was over.
    pub cut: bool,
    /// What it jumped to; `None` while it runs, and when nothing can be booted.
    pub booted: Option<ImageVersion>,
}

/// The upload, from the first request handed to the link to the last answer received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UploadSpan {
    /// First upload request handed to the link.
    pub start: Time,
    /// Last upload answer received.
    pub end: Time,
    /// Page erases before it.
    erases_before: u32,
    /// Budget at the start.
    pub budget_before: Budget,
    /// Budget at the end.
    pub budget_after: Budget,
}

/// The wait for the answer to the first upload request, in which servers erase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstAnswer {
    /// How long it was.
    pub took: Span,
    /// What it was spent on.
    pub budget: Budget,
    /// Pages erased in it.
    pub erases: u32,
}

/// Folds records into counts.
#[derive(Clone, Debug)]
pub struct Counts {
    /// Where the time went.
    pub budget: BudgetFold,
    /// SMP counts.
    pub smp: SmpDoc,
    /// Link counts.
    pub link: LinkDoc,
    /// Phases in order.
    pub phases: Vec<PhaseSpan>,
    /// The upload, once it has begun.
    pub upload: Option<UploadSpan>,
    /// Longest time from an upload request to its answer.
    pub slowest_answer: Option<(u32, Span)>,
    /// The furthest that the server's answers have brought the upload, octets.
    pub upload_off: u32,
    /// The same of the images before the present one.
    pub earlier_images: u32,
    /// A write was longer than an attribute value can be, octets.
    pub too_long: Option<u16>,
    /// A datagram did not fit an IP packet, octets.
    pub fragmented: Option<u16>,
    /// When the last request was answered.
    pub last_answer: Option<Time>,
    /// What the boot loader did, boot by boot.
    pub boots: Vec<BootSpan>,
    /// When the supply of the device failed.
    pub power_failed: Option<Time>,
    /// When the application faulted.
    pub crashed: Option<Time>,
    /// The wait for the first upload answer.
    pub first_answer: Option<FirstAnswer>,
    /// What a gateway's host did to the upload.
    pub gateway: GatewayFold,
    /// Why the update did not end well, as the client says.
    pub error: Option<ClientError>,
    /// Requests that found no buffer in the server.
    pub no_buffer: u32,
    /// Writes that the server could not read as the beginning of a request, or as what is left of one.
    pub misread: u32,
    /// An upload that had gone beyond its first chunk began anew.
    pub upload_again: bool,
    /// Page erases so far.
    erases: u32,
    outstanding: Vec<(u32, Time, bool)>,
    /// Where the upload request that reached furthest ended, octets.
    pub upload_end: u32,
    boot_runs: bool,
    reset: bool,
    /// Requests go in lines.
    in_lines: bool,
    /// Number of the request that was dropped last.
    last_dropped: u32,
}

impl Default for Counts {
    fn default() -> Self {
        Self::new()
    }
}

impl Counts {
    /// A fold of a run from its start.
    pub fn new() -> Self {
        Self {
            budget: BudgetFold::new(),
            smp: SmpDoc::default(),
            link: LinkDoc::default(),
            phases: Vec::with_capacity(32),
            upload: None,
            slowest_answer: None,
            upload_off: 0,
            earlier_images: 0,
            too_long: None,
            fragmented: None,
            last_answer: None,
            boots: Vec::with_capacity(4),
            power_failed: None,
            crashed: None,
            first_answer: None,
            gateway: GatewayFold::default(),
            error: None,
            no_buffer: 0,
            misread: 0,
            upload_again: false,
            erases: 0,
            outstanding: Vec::with_capacity(16),
            upload_end: 0,
            boot_runs: false,
            reset: false,
            in_lines: false,
            last_dropped: 0,
        }
    }

    /// Closes what is still open at the end of the run.
    pub fn finish(&mut self, end: Time) {
        if let Some(last) = self.phases.last_mut() {
            last.end = end;
        }
        self.gateway.finish(end, &self.budget);
        if let Some(boot) = self.boots.last_mut().filter(|_| self.boot_runs) {
            boot.took = end.since(boot.start);
        }
    }

    fn power_fails(&mut self, at: Time) {
        self.power_failed = Some(at);
        if let Some(boot) = self.boots.last_mut().filter(|_| self.boot_runs) {
            boot.took = at.since(boot.start);
            boot.cut = true;
        }
        self.boot_runs = false;
    }

    fn client(&mut self, at: Time, event: &ClientEvent) {
        match *event {
            ClientEvent::Phase { phase } => {
                self.phase(at, phase);
                self.gateway.client(at, event, &self.budget);
            }
            ClientEvent::Send { tag, .. } => {
                self.smp.requests += 1;
                self.outstanding.push((tag, at, false));
                self.smp.window_max = self.smp.window_max.max(self.outstanding.len() as u32);
            }
            ClientEvent::UploadChunk { tag, off, len } => self.chunk(at, tag, off, len),
            ClientEvent::Answer { tag, .. } => {
                self.smp.responses += 1;
                self.last_answer = Some(at);
                self.answered(at, tag);
            }
            ClientEvent::Timeout { tag } => {
                self.smp.timeouts += 1;
                self.outstanding.retain(|(t, ..)| *t != tag);
            }
            ClientEvent::GiveUp { tag } => self.outstanding.retain(|(t, ..)| *t != tag),
            ClientEvent::Finish { error, .. } => self.error = error,
            // The next image is counted from its own beginning.
            ClientEvent::Image { .. } => {
                self.earlier_images += self.upload_off;
                (self.upload_off, self.upload_end) = (0, 0);
            }
            ClientEvent::Stale { .. } => {}
            ClientEvent::HostAsk { .. }
            | ClientEvent::Buffered { .. }
            | ClientEvent::Overflow { .. }
            | ClientEvent::Starved { .. }
            | ClientEvent::Fed { .. } => self.gateway.client(at, event, &self.budget),
        }
    }

    fn phase(&mut self, at: Time, phase: Phase) {
        if let Some(last) = self.phases.last_mut() {
            last.end = at;
        }
        self.reset |= phase == Phase::Wait;
        self.phases.push(PhaseSpan { phase, after_reset: self.reset, start: at, end: at });
    }

    fn chunk(&mut self, at: Time, tag: u32, off: u32, len: u32) {
        if let Some(entry) = self.outstanding.iter_mut().find(|(t, ..)| *t == tag) {
            entry.2 = true;
        }
        if off < self.upload_end {
            self.upload_again |= off == 0 && self.upload_end > len;
            self.smp.retries += 1;
            self.smp.wasted_octets += u64::from(len.min(self.upload_end - off));
        }
        self.upload_end = self.upload_end.max(off + len);
        if self.upload.is_none() {
            let budget = self.budget.until(at);
            self.upload = Some(UploadSpan {
                start: at,
                end: at,
                erases_before: self.erases,
                budget_before: budget,
                budget_after: budget,
            });
        }
    }

    fn answered(&mut self, at: Time, tag: u32) {
        let Some(place) = self.outstanding.iter().position(|(t, ..)| *t == tag) else { return };
        let (_, sent, is_chunk) = self.outstanding.remove(place);
        if !is_chunk {
            return;
        }
        let took = at.since(sent);
        if self.slowest_answer.is_none_or(|(_, slowest)| took > slowest) {
            self.slowest_answer = Some((tag, took));
        }
        if let Some(upload) = &mut self.upload {
            upload.end = at;
            upload.budget_after = self.budget.until(at);
            let budget = upload.budget_after.since(&upload.budget_before);
            let erases = self.erases - upload.erases_before;
            // From the first request on, which may have had to be repeated.
            let took = at.since(upload.start);
            self.first_answer.get_or_insert(FirstAnswer { took, budget, erases });
        }
    }

    fn link(&mut self, event: &LinkEvent) {
        let LinkEvent::Packet { reception, retransmission, closes, .. } = *event else {
            return self.rest_of_link(*event);
        };
        self.link.packets += 1;
        self.link.events += u32::from(closes.is_some());
        self.link.retransmissions += u32::from(retransmission);
        self.link.lost_packets += u32::from(reception != Reception::Valid);
    }

    #[inline(never)]
    fn rest_of_link(&mut self, event: LinkEvent) {
        match event {
            LinkEvent::Refused { tag, .. } => self.smp.dropped += u32::from(tag > 0),
            LinkEvent::TooLong { octets, .. } => {
                self.smp.dropped += 1;
                self.too_long = Some(octets);
            }
            LinkEvent::Opened { .. }
            | LinkEvent::Datagram { .. }
            | LinkEvent::Line { .. }
            | LinkEvent::Unheard { .. } => self.pipe(&event),
            LinkEvent::Silent { .. } => self.link.events += 1,
            LinkEvent::Mtu { att_mtu } => self.link.mtu = att_mtu,
            LinkEvent::ConnectInd { interval_us, .. }
            | LinkEvent::ParamsUpdated { interval_us, .. } => self.link.interval_us = interval_us,
            _ => {}
        }
    }

    #[inline(never)]
    fn pipe(&mut self, event: &LinkEvent) {
        match *event {
            LinkEvent::Opened { kind, mtu } => {
                self.link.mtu = mtu;
                self.in_lines = kind == PipeKind::Lines;
            }
            LinkEvent::Datagram { tag, octets, fate, held_back, doubled, .. } => {
                self.link.packets += 1;
                self.link.held_back += u32::from(held_back);
                self.link.doubled += u32::from(doubled);
                if fate != DatagramFate::Delivered {
                    self.link.lost_packets += 1;
                    self.dropped(tag);
                }
                if fate == DatagramFate::Fragmented {
                    self.fragmented = Some(octets);
                }
            }
            LinkEvent::Line { tag, damaged, .. } => {
                self.link.packets += 1;
                if damaged > 0 {
                    self.link.lost_packets += 1;
                    self.dropped(tag);
                }
            }
            LinkEvent::Unheard { tag, .. } => self.dropped(tag),
            _ => {}
        }
    }

    /// A request, or its answer, is dropped. In lines it is so once, although each further line is
    /// dropped too.
    fn dropped(&mut self, tag: u32) {
        self.smp.dropped += u32::from(!self.in_lines || self.last_dropped != tag);
        self.last_dropped = tag;
    }

    fn server_drops(&mut self, reason: DropReason) {
        self.no_buffer += u32::from(reason == DropReason::NoBuffer);
        let misread = [DropReason::NoHeader, DropReason::TooLong, DropReason::Overrun];
        self.misread += u32::from(misread.contains(&reason));
    }

    fn boot(&mut self, at: Time, event: &BootEvent) {
        if *event == BootEvent::Start {
            let took = Span::ZERO;
            let swap = SwapType::None;
            let (refused, cut, booted) = (false, false, None);
            let boot = BootSpan { start: at, took, swap, refused, cut, booted };
            self.boots.push(boot);
            self.boot_runs = true;
        }
        let Some(boot) = self.boots.last_mut() else { return };
        match *event {
            BootEvent::Decision { swap, .. } => boot.swap = swap,
            BootEvent::Refused { slot: 1 } => (boot.swap, boot.refused) = (SwapType::None, true),
            BootEvent::Done { version } => {
                boot.booted = Some(version);
                boot.took = at.since(boot.start);
                self.boot_runs = false;
            }
            BootEvent::Dead | BootEvent::Assertion => {
                boot.took = at.since(boot.start);
                self.boot_runs = false;
            }
            _ => {}
        }
    }
}

impl Sink for Counts {
    #[inline]
    fn record(&mut self, record: &Record) {
        self.budget.record(record);
        match &record.event {
            Event::World(WorldEvent::PowerFails) => self.power_fails(record.at),
            Event::World(WorldEvent::Fault { fault, .. }) => {
                self.smp.dropped += u32::from(*fault != FaultKind::LateResponse);
            }
            Event::Client(event) => self.client(record.at, event),
            Event::Link(event) => self.link(event),
            Event::Boot(event) => self.boot(record.at, event),
            Event::Server(ServerEvent::Upload { off, .. }) => {
                // A repeated chunk may be answered with a lower one.
                self.upload_off = self.upload_off.max(*off);
            }
            Event::Server(ServerEvent::Drop { tag, reason }) if reason.loses_request() => {
                self.dropped(*tag);
                self.server_drops(*reason);
            }
            Event::Server(ServerEvent::Crash) => self.crashed = Some(record.at),
            Event::Flash(FlashEvent::Start { kind: OpKind::Erase, .. }) => self.erases += 1,
            _ => {}
        }
    }
}
