//! Who hears what: the wiring of a world.

use super::{BOOT, CLIENT, DeviceState, End, FAULT, FLASH, LINK, POWER, SERVER, World};
use crate::scenario::PowerCut;
use crate::trace::{Event, Sink, WorldEvent};
use client_model::{Client, ClientIn, ClientOut, LinkParams};
use flash_model::{BootIn, BootOut, BootResult, Cut, FlashIn, FlashOut};
use link_model::{ConnParams, LinkIn, LinkOut, ParamsRequest, core_check};
use server_model::{ServerIn, ServerOut};
use sim_core::{Machine, NodeId, Sdu, Time};

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
    pub(super) fn deliver(&mut self, message: Message) {
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
                self.link.handle(now, input);
                self.drain_link();
            }
            Message::Server(input) => {
                self.device.server.handle(now, input, &self.device.flash);
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
                self.drain_link();
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

    fn drain_link(&mut self) {
        while let Some(out) = self.link.poll() {
            if self.faults.is_none() {
                self.link_says(out);
            } else if let Some(out) = self.spares(out) {
                self.link_says(out);
            }
        }
        self.agenda.set(LINK, self.link.deadline());
    }

    fn drain_server(&mut self) {
        while let Some(out) = self.device.server.poll() {
            self.server_says(out);
        }
        self.agenda.set(SERVER, self.device.server.deadline());
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
            ClientOut::SetParams(params) => self.set_params(params),
            ClientOut::Disconnect => self.tell_link(LinkIn::Disconnect),
            ClientOut::Finished(finish) => {
                self.ended = Some(End::Finished(finish));
                self.inbox.clear();
            }
            ClientOut::Trace(event) => {
                if self.faults.is_some() {
                    self.note_request(&event);
                }
                self.record(Event::Client(event));
            }
        }
    }

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
            LinkOut::Wrote(sdu) => Message::Server(self.link.at_server(sdu)),
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

    fn server_says(&mut self, out: ServerOut) {
        match out {
            ServerOut::Notify(sdu) if self.client.is_some() => self.tell_link(LinkIn::Notify(sdu)),
            ServerOut::Flash(op) => self.inbox.push_back(Message::Flash(FlashIn::Start(op))),
            ServerOut::Trace(event) => self.record(Event::Server(event)),
            ServerOut::Notify(sdu) => self.notify_port(sdu),
            ServerOut::Datagram { peer, sdu } => self.send_datagram(peer, sdu),
            ServerOut::Serial(sdu) | ServerOut::Shell(sdu) | ServerOut::RawSerial(sdu) => {
                self.send_to_port(sdu);
            }
            ServerOut::Reset => self.reset(),
            ServerOut::ConnParams { interval_min, interval_max, latency, timeout } => {
                let request = ParamsRequest { interval_min, interval_max, latency, timeout };
                self.request_params(request);
            }
        }
    }

    /// Without a client, whoever polls the port has the notification at once.
    #[cold]
    #[inline(never)]
    fn notify_port(&mut self, sdu: Sdu) {
        self.inbox.push_back(Message::Server(ServerIn::Notified { tag: sdu.tag }));
        self.send_to_port(sdu);
    }

    /// The port of a world without a client is one peer.
    #[cold]
    #[inline(never)]
    fn send_to_port(&mut self, sdu: Sdu) {
        if self.client.is_some() {
            return self.tell_link(LinkIn::Notify(sdu));
        }
        self.port.push_back(sdu.bytes);
    }

    #[cold]
    #[inline(never)]
    fn send_datagram(&mut self, peer: u32, sdu: Sdu) {
        if self.client.is_some() {
            return self.tell_link(LinkIn::Notify(sdu));
        }
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
    fn set_params(&mut self, params: LinkParams) {
        let LinkParams { interval, latency, timeout } = params;
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
