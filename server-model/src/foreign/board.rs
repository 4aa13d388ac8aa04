//! What these servers share: the processor's queue of values, the queue of flash work,
//! notifications one at a time, and the reset.

use crate::{DropReason, ServerConfig, ServerEvent, ServerOut};
use flash_model::{Area, BootMode, FlashOp, Geometry, Layout};
use sim_core::{Sdu, Span, Time};
use std::collections::VecDeque;

/// The group that the trace shows for values of other protocols; SMP reserves none so high.
const OTHER_PROTOCOL: u16 = u16::MAX;

/// Flash work and what it is for.
#[derive(Clone, Debug)]
struct Work {
    /// `None` once it is under way.
    op: Option<FlashOp>,
    job: Job,
}

/// What a flash operation was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Job {
    /// A page of the place for the image was erased.
    Erase,
    /// So many octets of the image were written.
    Data(u32),
    /// A part of the boot loader's mark was written.
    Mark,
}

/// The device around a protocol.
#[derive(Clone, Debug)]
pub(super) struct Board {
    pub(super) layout: Layout,
    pub(super) boot_mode: BootMode,
    pub(super) active_slot: u8,
    pub(super) att_mtu: Option<u16>,
    cpu: Span,
    cpu_per_octet: Span,
    sha_bytes_per_s: u32,
    running: bool,
    values: VecDeque<Sdu>,
    /// The processor is at work on the first value until then.
    busy_until: Option<Time>,
    /// The processor takes no value: it is in a call that waits for flash.
    held: bool,
    flash: VecDeque<Work>,
    /// The first flash work is under way.
    flashing: bool,
    /// From the end of an erase to the next flash work.
    erase_pause: Span,
    /// Flash work begins no sooner.
    flash_from: Option<Time>,
    notifications: VecDeque<Sdu>,
    /// A notification waits for the link layer's acknowledgement.
    notifying: bool,
    reset_at: Option<Time>,
    /// The device resets so long after the last notification is acknowledged.
    resets_when_sent: Option<Span>,
    /// The reset that is due need not wait once the link is gone.
    leaves: bool,
    out: VecDeque<ServerOut>,
}

impl Board {
    pub(super) fn new(config: &ServerConfig) -> Self {
        Self {
            layout: config.layout,
            boot_mode: config.boot_mode,
            active_slot: config.active_slot,
            att_mtu: None,
            cpu: config.cpu,
            cpu_per_octet: config.cpu_per_octet,
            sha_bytes_per_s: config.sha_bytes_per_s,
            running: false,
            values: VecDeque::new(),
            busy_until: None,
            held: false,
            flash: VecDeque::new(),
            flashing: false,
            erase_pause: Span::ZERO,
            flash_from: None,
            notifications: VecDeque::new(),
            notifying: false,
            reset_at: None,
            resets_when_sent: None,
            leaves: false,
            out: VecDeque::new(),
        }
    }

    /// Forgets what RAM held, and runs.
    pub(super) fn start(&mut self) {
        self.stop();
        self.running = true;
    }

    fn stop(&mut self) {
        self.running = false;
        self.att_mtu = None;
        self.values.clear();
        self.busy_until = None;
        self.held = false;
        self.flash.clear();
        self.flashing = false;
        self.flash_from = None;
        self.notifications.clear();
        self.notifying = false;
        self.reset_at = None;
        self.resets_when_sent = None;
        self.leaves = false;
    }

    pub(super) fn idle(&self) -> bool {
        self.values.is_empty() && self.flash.is_empty()
    }

    pub(super) fn poll(&mut self) -> Option<ServerOut> {
        self.out.pop_front()
    }

    pub(super) fn trace(&mut self, event: ServerEvent) {
        self.out.push_back(ServerOut::Trace(event));
    }

    pub(super) fn queue_value(&mut self, now: Time, value: Sdu) {
        if !self.running {
            return self.drop(value.tag, DropReason::NotRunning);
        }
        self.values.push_back(value);
        if self.busy_until.is_none() {
            self.turn_to_next(now);
        }
    }

    fn turn_to_next(&mut self, now: Time) {
        let next = self.values.front().filter(|_| !self.held).map(|next| next.bytes.len());
        self.busy_until = next.map(|octets| now + self.time_for(octets));
    }

    /// The processor takes no further value until [`Self::go_on`].
    pub(super) fn hold(&mut self) {
        self.held = true;
        self.busy_until = None;
    }

    pub(super) fn go_on(&mut self, now: Time) {
        if std::mem::take(&mut self.held) {
            self.turn_to_next(now);
        }
    }

    fn time_for(&self, octets: usize) -> Span {
        self.cpu + self.cpu_per_octet * octets as u64
    }

    /// Time of the processor for the SHA-256 of so many octets.
    pub(super) fn hash_time(&self, octets: u32) -> Span {
        match u64::from(self.sha_bytes_per_s) {
            0 => Span::ZERO,
            per_s => Span::from_ns(u64::from(octets) * 1_000_000_000 / per_s),
        }
    }

    pub(super) fn value_is_due(&self, now: Time) -> bool {
        self.busy_until.is_some_and(|due| due <= now)
    }

    /// The value that the processor is done with; it turns to the next one.
    pub(super) fn next_value(&mut self, now: Time) -> Option<Sdu> {
        let value = self.values.pop_front()?;
        self.turn_to_next(now);
        let Sdu { tag, bytes } = &value;
        let id = bytes.first().copied().unwrap_or(0);
        let (len, group) = (bytes.len().min(u16::MAX.into()) as u16, OTHER_PROTOCOL);
        self.trace(ServerEvent::Take { tag: *tag, group, op: 0, id, seq: *tag as u8, len });
        Some(value)
    }

    /// Octets come to nothing.
    pub(super) fn drop(&mut self, tag: u32, reason: DropReason) {
        self.trace(ServerEvent::Drop { tag, reason });
    }

    /// Notifies an answer. `rc` is 0, or the protocol's error.
    pub(super) fn reply(&mut self, tag: u32, rc: i16, bytes: Vec<u8>) {
        if self.att_mtu.is_none() {
            return self.drop(tag, DropReason::Unreachable);
        }
        let len = bytes.len().min(u16::MAX.into()) as u16;
        let crc32 = crc32fast::hash(&bytes);
        self.trace(ServerEvent::Reply { tag, rc, len, crc32 });
        self.notifications.push_back(Sdu { tag, bytes });
        self.notify();
    }

    fn notify(&mut self) {
        if self.notifying {
            return;
        }
        if let Some(notification) = self.notifications.pop_front() {
            self.notifying = true;
            self.out.push_back(ServerOut::Notify(notification));
        }
    }

    pub(super) fn notified(&mut self, now: Time) {
        self.notifying = false;
        self.notify();
        self.reset_when_quiet(now);
    }

    pub(super) fn link_lost(&mut self, now: Time) {
        self.att_mtu = None;
        self.notifications.clear();
        self.notifying = false;
        self.reset_when_quiet(now);
        if self.leaves {
            self.reset_at = self.reset_at.map(|_| now);
        }
    }

    fn reset_when_quiet(&mut self, now: Time) {
        if let Some(delay) = self.resets_when_sent.take_if(|_| !self.notifying) {
            self.reset_at = Some(now + delay);
        }
    }

    /// Where the image goes: slot 1, without the page that swap-offset keeps free at its beginning.
    pub(super) fn target(&self, geometry: &Geometry) -> Area {
        let slot = self.layout.secondary();
        let spare = if self.boot_mode == BootMode::SwapOffset { geometry.page } else { 0 };
        Area::new(slot.start + spare, slot.len - spare)
    }

    /// Queues flash work.
    pub(super) fn flash(&mut self, op: FlashOp, job: Job) {
        self.flash.push_back(Work { op: Some(op), job });
        self.next_flash();
    }

    /// Queues the erase of every page of an area.
    pub(super) fn erase(&mut self, tag: u32, area: Area, page: u32) {
        self.trace(ServerEvent::Erase { tag, at: area.start, len: area.len });
        for at in area.pages(page) {
            self.flash(FlashOp::Erase { at }, Job::Erase);
        }
    }

    /// Queues the write of octets, padded to the write size with ones.
    pub(super) fn write(&mut self, at: u32, mut data: Vec<u8>, write_size: u32) {
        let octets = data.len() as u32;
        data.resize(data.len().next_multiple_of(write_size as usize), 0xff);
        self.flash(FlashOp::Write { at, data }, Job::Data(octets));
    }

    /// Queues the writes of the boot loader's mark.
    pub(super) fn mark(&mut self, ops: Vec<FlashOp>) {
        for op in ops {
            self.flash(op, Job::Mark);
        }
    }

    /// Begins the next flash work, unless one is under way.
    pub(super) fn next_flash(&mut self) {
        if self.flashing || self.flash_from.is_some() {
            return;
        }
        if let Some(op) = self.flash.front_mut().and_then(|work| work.op.take()) {
            self.flashing = true;
            self.out.push_back(ServerOut::Flash(op));
        }
    }

    /// Other work comes between the erases of pages, for so long.
    pub(super) fn pause_after_erases(&mut self, pause: Span) {
        self.erase_pause = pause;
    }

    /// The flash work that was under way is over.
    pub(super) fn end_flash(&mut self, now: Time) -> Option<Job> {
        if !std::mem::take(&mut self.flashing) {
            return None;
        }
        let job = self.flash.pop_front().map(|work| work.job);
        let pauses = job == Some(Job::Erase) && !self.erase_pause.is_zero();
        self.flash_from = pauses.then_some(now + self.erase_pause);
        job
    }

    /// Goes on with flash work whose pause is over.
    pub(super) fn end_pause(&mut self, now: Time) {
        if self.flash_from.take_if(|from| *from <= now).is_some() {
            self.next_flash();
        }
    }

    /// No flash work is under way or queued.
    pub(super) fn flash_is_idle(&self) -> bool {
        self.flash.is_empty()
    }

    /// Flash work that has not begun is forgotten.
    pub(super) fn forget_flash(&mut self) {
        self.flash.truncate(usize::from(self.flashing));
    }

    /// The application faults, and the device resets.
    pub(super) fn crash(&mut self, now: Time) {
        self.stop();
        self.trace(ServerEvent::Crash);
        self.reset_at = Some(now);
    }

    /// The device resets then, or when flash work that is under way is over.
    pub(super) fn reset_at(&mut self, at: Time) {
        self.reset_at = Some(at);
    }

    /// The device resets so long after the answers so far are acknowledged, or when the link is gone
    /// before.
    pub(super) fn reset_when_sent(&mut self, now: Time, delay: Span) {
        self.resets_when_sent = Some(delay);
        self.leaves = true;
        self.reset_when_quiet(now);
    }

    fn reset_due(&self) -> Option<Time> {
        self.reset_at.filter(|_| !self.flashing)
    }

    pub(super) fn deadline(&self) -> Option<Time> {
        self.busy_until.into_iter().chain(self.flash_from).chain(self.reset_due()).min()
    }

    pub(super) fn reset_if_due(&mut self, now: Time) {
        if self.reset_due().is_some_and(|due| due <= now) {
            self.stop();
            self.trace(ServerEvent::Reset);
            self.out.push_back(ServerOut::Reset);
        }
    }
}
