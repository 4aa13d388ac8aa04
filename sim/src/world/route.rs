//! Who hears what: the wiring of a world.

use super::{BOOT, CLIENT, DeviceState, End, FAULT, FLASH, LINK, POWER, SERVER, World};
use crate::scenario::PowerCut;
use crate::trace::{Event, Sink, WorldEvent};
use client_model::{Client, ClientEvent, ClientIn, ClientOut, LinkParams};
use flash_model::{BootIn, BootOut, BootResult, Cut, FlashIn, FlashOut};
use link_model::{ConnParams, LinkIn, LinkOut, ParamsRequest, core_check};
use server_model::{ServerIn, ServerOut};
use sim_core::{Machine, NodeId, Sdu, Span, Time};

/// A fact on its way to a machine.
#[derive(Clone, Debug)]
pub(super) enum Message {
    Flash(FlashIn),
    Boot(BootIn),
    Link(LinkIn),
    Server(ServerIn),
    Client(ClientIn),
}

impl<S: Sink> World<S> {
    /// Hands a message to its machine and empties that.
    pub(super) fn deliver<const COMMON: bool>(&mut self, message: Message) {
        let now = self.now;
        match message {
            Message::Flash(input) => {
                self.device.flash.handle(now, input, ());
                self.drain_flash();
            }
            Message::Boot(input) => {
                if matches!(input, BootIn::Start) {
                    self.device.begin_boot();
                }
                self.device.boot.handle(now, input, &self.device.flash);
                self.drain_boot();
            }
            Message::Link(input) => {
                if COMMON {
                    self.link.tell_radio(now, input);
                } else {
                    self.link.handle(now, input);
                }
                self.drain_link();
            }
            Message::Server(input) => {
                if COMMON {
                    self.device.server.tell_smp(now, input, &self.device.flash);
                } else {
                    self.device.server.handle(now, input, &self.device.flash);
                }
                self.drain_server();
            }
            Message::Client(input) => {
                if let Some(client) = &mut self.client {
                    client.handle(now, input, ());
                }
                self.drain_client();
            }
        }
    }

    /// Wakes the machine whose deadline has come and empties it.
    pub(super) fn wake(&mut self, node: NodeId) {
        let now = self.now;
        match node {
            LINK => {
                self.link.on_deadline(now);
                while let Some(out) = self.link.poll() {
                    match out {
                        // What would be alone in the inbox need not go through it.
                        LinkOut::Wrote(sdu) if self.is_last_word() => {
                            let input = ServerIn::Write(sdu);
                            self.device.server.tell_smp(now, input, &self.device.flash);
                            self.drain_server();
                        }
                        LinkOut::Received(sdu) if self.is_last_word() => {
                            if let Some(client) = &mut self.client {
                                client.handle(now, ClientIn::Received(sdu), ());
                            }
                            self.drain_client();
                        }
                        out => self.link_says(out),
                    }
                }
                if !self.link.is_radio() {
                    self.drain_pipe();
                }
                self.agenda.set(LINK, self.link.deadline());
            }
            FLASH => {
                self.device.flash.on_deadline(now, ());
                self.drain_flash();
            }
            SERVER => {
                self.device.server.on_deadline(now, &self.device.flash);
                self.drain_server();
            }
            BOOT => {
                self.device.boot.on_deadline(now, &self.device.flash);
                self.drain_boot();
            }
            POWER => {
                self.record(Event::World(match self.device.state() {
                    DeviceState::Off(_) => WorldEvent::PowerReturns,
                    _ => WorldEvent::ApplicationRuns,
                }));
                self.device.power_deadline(now, &mut self.inbox);
                self.agenda.set(POWER, self.device.power_due());
            }
            FAULT => {
                self.deliver_late();
                if let Some(power_cut) = self.power_cut.take_if(|cut| Time::ZERO + cut.at <= now) {
                    self.cut_power(power_cut);
                }
                self.wake_for_faults();
            }
            _ => {
                if let Some(client) = &mut self.client {
                    client.on_deadline(now, ());
                }
                self.drain_client();
            }
        }
    }

    /// Whether what a radio link has just said is all there is to be heard at the moment.
    #[inline]
    fn is_last_word(&self) -> bool {
        self.link.is_silent_radio()
            && self.inbox.is_empty()
            && self.faults.is_none()
            && !self.device.server.is_foreign()
    }

    fn drain_flash(&mut self) {
        while let Some(out) = self.device.flash.poll() {
            self.flash_says(out);
        }
        self.agenda.set(FLASH, self.device.flash.deadline());
    }

    /// Kept out of line: it runs between uploads, whose code must fit the instruction cache.
    #[inline(never)]
    fn drain_boot(&mut self) {
        while let Some(out) = self.device.boot.poll() {
            self.boot_says(out);
        }
        self.agenda.set(BOOT, self.device.boot.deadline());
    }

    #[inline]
    fn drain_link(&mut self) {
        // It often has nothing to say, after an anchor for one.
        if !self.link.is_silent_radio() {
            self.hear_link();
        }
        self.agenda.set(LINK, self.link.deadline());
    }

    #[inline(never)]
    fn hear_link(&mut self) {
        while let Some(out) = self.link.poll() {
            self.link_says(out);
        }
        if !self.link.is_radio() {
            self.drain_pipe();
        }
    }

    #[cold]
    #[inline(never)]
    fn drain_pipe(&mut self) {
        while let Some(out) = self.link.poll_pipe() {
            if let LinkOut::Wrote(sdu) = out {
                let input = self.link.at_server(sdu);
                self.inbox.push_back(Message::Server(input));
                if self.faults.is_some() {
                    self.spoil_last_message();
                }
            } else {
                self.link_says(out);
            }
        }
    }

    fn drain_server(&mut self) {
        while let Some(out) = self.device.server.poll() {
            self.server_says(out);
        }
        if self.device.server.is_foreign() {
            self.drain_foreign();
        }
        self.agenda.set(SERVER, self.device.server.deadline());
    }

    #[cold]
    #[inline(never)]
    fn drain_foreign(&mut self) {
        while let Some(out) = self.device.server.poll_foreign() {
            self.server_says(out);
        }
    }

    fn drain_client(&mut self) {
        while let Some(out) = self.client.as_mut().and_then(Client::poll) {
            self.client_says(out);
        }
        self.agenda.set(CLIENT, self.client.as_ref().and_then(Client::deadline));
    }

    fn client_says(&mut self, out: ClientOut) {
        match out {
            ClientOut::Connect { timeout } => self.connect(timeout),
            ClientOut::Discover => self.tell_link(LinkIn::Discover),
            ClientOut::Write(sdu) => self.tell_link(LinkIn::Write(sdu)),
            ClientOut::SetParams(LinkParams { interval, latency, timeout }) => {
                self.set_params(interval, latency, timeout);
            }
            ClientOut::Disconnect => self.tell_link(LinkIn::Disconnect),
            ClientOut::Finished(finish) => {
                self.ended = Some(End::Finished(finish));
                self.inbox.clear();
            }
            ClientOut::Trace(event) => {
                if let ClientEvent::UploadChunk { tag, off, len } = event
                    && self.faults.is_some()
                {
                    self.note_request(tag, off.saturating_add(len));
                }
                self.record(Event::Client(event));
            }
        }
    }

    // In line, and nowhere is `out` or an event handed on by its address: what was popped then stays
    // in registers, while through memory each record waits for narrow writes before its wide reads.
    #[expect(clippy::inline_always, reason = "measured: a tenth of a run's time")]
    #[inline(always)]
    fn link_says(&mut self, out: LinkOut) {
        let message = match out {
            LinkOut::Connected => Message::Client(ClientIn::Connected),
            LinkOut::ConnectFailed => Message::Client(ClientIn::ConnectFailed),
            LinkOut::Ready { att_mtu } => {
                Message::Client(ClientIn::Ready { transport: self.link.transport(), att_mtu })
            }
            LinkOut::Refused { code } => Message::Client(ClientIn::Refused { code }),
            LinkOut::Received(sdu) => Message::Client(ClientIn::Received(sdu)),
            LinkOut::Lost { reason } => Message::Client(ClientIn::Lost { reason }),
            LinkOut::Subscribed { att_mtu } => Message::Server(ServerIn::Subscribed { att_mtu }),
            LinkOut::Wrote(sdu) => Message::Server(ServerIn::Write(sdu)),
            LinkOut::Notified { tag } => Message::Server(ServerIn::Notified { tag }),
            LinkOut::PeripheralLost { .. } => {
                self.inbox.push_back(Message::Server(ServerIn::Unsubscribed));
                Message::Link(LinkIn::Advertise)
            }
            LinkOut::Slot(slot) => Message::Flash(FlashIn::Slot(slot)),
            LinkOut::Trace(event) => return self.record(Event::Link(event)),
            // No client here paces its writes by the controller's buffers.
            LinkOut::Written { .. } | LinkOut::WriteAnswered { .. } | LinkOut::Confirmed { .. } => {
                return;
            }
        };
        self.inbox.push_back(message);
        if self.faults.is_some() {
            self.spoil_last_message();
        }
    }

    fn flash_says(&mut self, out: FlashOut) {
        match out {
            FlashOut::Slot(slot) => self.tell_link(LinkIn::Slot(slot)),
            FlashOut::Busy { until, erase } => {
                if erase || self.device.deaf_on_write {
                    self.tell_link(LinkIn::Deaf { until });
                }
            }
            FlashOut::Done { data } => self.inbox.push_back(match self.device.state() {
                DeviceState::Booting => Message::Boot(BootIn::FlashDone { data }),
                _ => Message::Server(ServerIn::FlashDone { data }),
            }),
            FlashOut::Failed { data } => {
                self.inbox.push_back(Message::Server(ServerIn::FlashFailed { data }));
            }
            FlashOut::Trace(event) => self.record(Event::Flash(event)),
        }
    }

    // What carries octets goes to the link first and is taken back where no client is, so that no
    // address of `out` leaves.
    fn server_says(&mut self, out: ServerOut) {
        match out {
            ServerOut::Trace(event) => self.record(Event::Server(event)),
            ServerOut::Notify(sdu) => {
                self.tell_link(LinkIn::Notify(sdu));
                if self.client.is_none() {
                    self.notify_port();
                }
            }
            ServerOut::Flash(op) if self.inbox.is_empty() && self.device.server.is_silent_smp() => {
                self.device.flash.handle(self.now, FlashIn::Start(op), ());
                self.drain_flash();
            }
            ServerOut::Flash(op) => self.inbox.push_back(Message::Flash(FlashIn::Start(op))),
            ServerOut::Datagram { peer, sdu } => {
                self.tell_link(LinkIn::Notify(sdu));
                if self.client.is_none() {
                    self.send_datagram(peer);
                }
            }
            ServerOut::Serial(sdu) | ServerOut::Shell(sdu) | ServerOut::RawSerial(sdu) => {
                self.tell_link(LinkIn::Notify(sdu));
                if self.client.is_none() {
                    self.send_to_port();
                }
            }
            ServerOut::Reset => self.reset(),
            ServerOut::ConnParams { interval_min, interval_max, latency, timeout } => {
                let request = ParamsRequest { interval_min, interval_max, latency, timeout };
                self.request_params(request);
            }
        }
    }

    /// What the link was told to notify just now.
    fn take_back_notification(&mut self) -> Sdu {
        match self.inbox.pop_back() {
            Some(Message::Link(LinkIn::Notify(sdu))) => sdu,
            other => unreachable!("the link was told to notify, not {other:?}"),
        }
    }

    /// Without a client, whoever polls the port has the notification at once.
    #[cold]
    #[inline(never)]
    fn notify_port(&mut self) {
        let Sdu { tag, bytes } = self.take_back_notification();
        self.inbox.push_back(Message::Server(ServerIn::Notified { tag }));
        self.port.push_back(bytes);
    }

    /// The port of a world without a client is one peer.
    #[cold]
    #[inline(never)]
    fn send_to_port(&mut self) {
        let sdu = self.take_back_notification();
        self.port.push_back(sdu.bytes);
    }

    #[cold]
    #[inline(never)]
    fn send_datagram(&mut self, peer: u32) {
        let sdu = self.take_back_notification();
        self.datagrams.push_back((peer, sdu.bytes));
    }

    #[cold]
    #[inline(never)]
    fn request_params(&mut self, request: ParamsRequest) {
        self.tell_link(LinkIn::RequestParams(request));
    }

    /// The client's host asks its controller for parameters; unlawful ones are refused there.
    #[cold]
    #[inline(never)]
    fn set_params(&mut self, interval: Span, latency: u16, timeout: Span) {
        if core_check(interval, latency, timeout).is_ok() {
            self.tell_link(LinkIn::UpdateParams(ConnParams { interval, latency, timeout }));
        }
    }

    fn boot_says(&mut self, out: BootOut) {
        match out {
            BootOut::Flash(op) => self.inbox.push_back(Message::Flash(FlashIn::Start(op))),
            BootOut::Jump(result) => {
                if self.device.boot_ended(self.now, result) {
                    self.inbox.push_back(Message::Boot(BootIn::Start));
                } else if matches!(result, BootResult::Booted { .. }) {
                    self.agenda.set(POWER, self.device.power_due());
                }
            }
            BootOut::Trace(event) => self.record(Event::Boot(event)),
        }
    }

    /// The application resets the device: the radio falls silent and the boot loader starts.
    #[cold]
    #[inline(never)]
    fn reset(&mut self) {
        self.record(Event::World(WorldEvent::Reset));
        self.device.reset();
        self.tell_link(LinkIn::PowerOff);
        self.inbox.push_back(Message::Flash(FlashIn::PowerOff(Cut::Atomic)));
        self.inbox.push_back(Message::Boot(BootIn::Start));
    }

    /// The supply of the device fails, whatever it is doing.
    #[cold]
    fn cut_power(&mut self, power_cut: PowerCut) {
        self.record(Event::World(WorldEvent::PowerFails));
        let cut = if power_cut.torn { Cut::Torn { draw: self.draw } } else { Cut::Atomic };
        self.device.power_fails(self.now + power_cut.off);
        self.agenda.set(BOOT, None);
        self.agenda.set(SERVER, None);
        self.agenda.set(POWER, self.device.power_due());
        self.tell_link(LinkIn::PowerOff);
        self.inbox.push_back(Message::Flash(FlashIn::PowerOff(cut)));
    }
}
