//! The machine: inputs, outputs, timers.

use crate::buffers::Buffers;
use crate::conn_param::{ConnParamControl, ConnParams};
use crate::groups::Groups;
use crate::transport::{Collected, Collector, ConsoleKind, Consoles, Origin, Packet};
use crate::worker::Worker;
use crate::{DropReason, Quirks, ServerConfig, ServerEvent};
use flash_model::{FlashOp, FlashView};
use sim_core::{Machine, Pool, Sdu, Time};
use std::collections::VecDeque;

/// A fact that reaches the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerIn {
    /// The application runs: at power-on, and again after each [`ServerOut::Reset`].
    Start,
    /// One GATT write command to the SMP characteristic.
    Write(Sdu),
    /// One UDP datagram to the SMP port.
    Datagram {
        /// Where it came from, and where the response goes.
        peer: u32,
        /// Its payload.
        sdu: Box<Sdu>,
    },
    /// Octets that a UART with console framing receives.
    Serial(Box<Sdu>),
    /// Octets that the shell's UART receives, SMP lines among them.
    Shell(Box<Sdu>),
    /// Octets that a UART without framing receives, as its driver hands them over at once.
    RawSerial(Box<Sdu>),
    /// The link layer has the acknowledgement of the last [`ServerOut::Notify`].
    Notified {
        /// The tag of that notification.
        tag: u32,
    },
    /// A client listens to the SMP characteristic. Repeated when only the MTU changes.
    Subscribed {
        /// ATT MTU of the connection in octets.
        att_mtu: u16,
    },
    /// Notifications were switched off, or the connection is gone.
    Unsubscribed,
    /// The host could not even begin with the last [`ServerOut::ConnParams`]. What the central makes
    /// of a request that was sent is nothing to the server.
    ConnParamsFailed,
    /// The last [`ServerOut::Flash`] is carried out.
    FlashDone {
        /// The buffer of a write, given back; empty after any other operation.
        data: Vec<u8>,
    },
    /// The last [`ServerOut::Flash`] was given up.
    FlashFailed {
        /// As above.
        data: Vec<u8>,
    },
}

/// What the server wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum ServerOut {
    /// One notification on the SMP characteristic; the next comes after [`ServerIn::Notified`].
    Notify(Sdu),
    /// A response as one UDP datagram; nothing is waited for. It comes at the end of the moment in
    /// which it is ready, unless another datagram arrives before.
    Datagram {
        /// Whom it is for.
        peer: u32,
        /// Its payload.
        sdu: Sdu,
    },
    /// Octets for the UART of [`ServerIn::Serial`]; nothing is waited for.
    Serial(Sdu),
    /// Octets for the UART of [`ServerIn::Shell`]; nothing is waited for.
    Shell(Sdu),
    /// Octets for the UART of [`ServerIn::RawSerial`]; nothing is waited for.
    RawSerial(Sdu),
    /// One flash operation; the next comes after [`ServerIn::FlashDone`].
    Flash(FlashOp),
    /// The device resets. Nothing more comes until [`ServerIn::Start`].
    Reset,
    /// A connection parameter update request.
    ConnParams {
        /// Shortest connection interval, in units of 1.25 ms.
        interval_min: u16,
        /// Longest connection interval, in units of 1.25 ms.
        interval_max: u16,
        /// Connection events that the peripheral may miss.
        latency: u16,
        /// Supervision timeout, in units of 10 ms.
        timeout: u16,
    },
    /// For the trace.
    Trace(ServerEvent),
}

/// A server in virtual time. It does nothing before [`ServerIn::Start`].
#[derive(Clone, Debug)]
pub struct Server {
    pub(crate) config: ServerConfig,
    pub(crate) quirks: Quirks,
    pub(crate) running: bool,
    pub(crate) link: Link,
    collector: Collector,
    pub(crate) consoles: Consoles,
    pub(crate) buffers: Buffers,
    pub(crate) queue: VecDeque<Packet>,
    pub(crate) worker: Worker,
    pub(crate) groups: Groups,
    conn_param: ConnParamControl,
    pub(crate) spare: Pool,
    pub(crate) out: VecDeque<ServerOut>,
}

/// The connection, as far as the transport knows it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Link {
    /// Counts connections; a response goes to the one its request came over.
    number: u32,
    /// Of the client that listens.
    att_mtu: Option<u16>,
}

impl Link {
    /// The ATT MTU that a response to a request of this origin may use; `None` when nobody would get
    /// it as notifications.
    pub(crate) fn reach(&self, origin: Origin) -> Option<u16> {
        self.att_mtu.filter(|_| origin == Origin::Bluetooth(self.number))
    }
}

impl Server {
    /// A server that waits for [`ServerIn::Start`]. One whose configuration [`ServerConfig::check`]
    /// refuses may panic later.
    pub fn new(config: ServerConfig) -> Self {
        let config = config.in_its_era();
        Self {
            quirks: config.profile.quirks(),
            running: false,
            link: Link::default(),
            collector: Collector::new(config.reassembly, config.frame_max()),
            consoles: Consoles::default(),
            buffers: Buffers::new(config.buf_count),
            queue: VecDeque::with_capacity(config.buf_count.min(64) as usize),
            worker: Worker::default(),
            groups: Groups::default(),
            conn_param: ConnParamControl::new(config.conn_param_control),
            spare: Pool::default(),
            out: VecDeque::new(),
            config,
        }
    }

    /// What it was built with.
    pub fn config(&self) -> &ServerConfig {
        &self.config
    }

    /// Tells which slot the boot loader has started, 0 or 1, before [`ServerIn::Start`].
    pub fn set_active_slot(&mut self, slot: u8) {
        self.config.active_slot = slot.min(1);
    }

    /// Whether no request is queued or in process. A partial request and a reset that is due do
    /// not count.
    pub fn idle(&self) -> bool {
        self.worker.idle() && self.queue.is_empty()
    }

    /// Forgets everything that RAM held; warm buffers stay, and files.
    #[cold]
    #[inline(never)]
    fn boot(&mut self) {
        let spare = std::mem::take(&mut self.spare);
        let out = std::mem::take(&mut self.out);
        let groups = std::mem::take(&mut self.groups).after_restart();
        *self = Self { groups, spare, out, ..Self::new(self.config.clone()) };
    }

    fn on_write(&mut self, now: Time, write: Sdu) {
        if !self.running {
            return self.drop_unheard(write);
        }
        let tag = write.tag;
        let Self { collector, buffers, spare, link, .. } = self;
        let (opens, packet) = match collector.collect(write, link.number, buffers, spare) {
            Collected::Whole { first, packet } => (first, Some(packet)),
            Collected::Fragment { first } => (first, None),
            Collected::Dropped(reason) => {
                return self.trace(ServerEvent::Drop { tag, reason });
            }
        };
        if opens && let Some(params) = self.conn_param.on_request(now) {
            self.request_params(params);
        }
        if let Some(packet) = packet {
            self.queue.push_back(packet);
            self.worker.wake(now);
        }
    }

    #[cold]
    #[inline(never)]
    fn start(&mut self, flash: &dyn FlashView) {
        self.boot();
        self.groups.start(&self.config, flash);
        self.running = true;
    }

    /// The connection, or the client's interest in it, is over: a partial request is lost, requests
    /// in the queue will still be executed, and their responses have nowhere to go.
    #[cold]
    #[inline(never)]
    fn on_unsubscribed(&mut self, now: Time, flash: &dyn FlashView) {
        self.link.att_mtu = None;
        self.link.number = self.link.number.wrapping_add(1);
        self.conn_param.on_disconnect();
        if let Some(tag) = self.collector.abandon(&mut self.buffers) {
            self.trace(ServerEvent::Drop { tag, reason: DropReason::Partial });
        }
        self.link_lost(now, flash);
    }

    #[cold]
    #[inline(never)]
    fn reset(&mut self, now: Time) {
        self.groups.before_reset(now, &self.config);
        self.boot();
        self.trace(ServerEvent::Reset);
        self.out.push_back(ServerOut::Reset);
    }

    fn request_params(&mut self, params: ConnParams) {
        let ConnParams { interval_min, interval_max, latency, timeout } = params;
        self.out.push_back(ServerOut::ConnParams { interval_min, interval_max, latency, timeout });
    }

    /// When the device resets. Flash work halts the processor, so the timer is served after it.
    fn reset_at(&self) -> Option<Time> {
        self.groups.os.reset_at.filter(|_| !self.worker.waits_for_flash())
    }

    pub(crate) fn trace(&mut self, event: ServerEvent) {
        self.out.push_back(ServerOut::Trace(event));
    }

    pub(crate) fn recycle(&mut self, packet: Packet) {
        self.buffers.give();
        self.collector.recycle(packet.bytes, &mut self.spare);
    }
}

impl Server {
    /// Whether [`Machine::poll`] has nothing to give.
    #[inline]
    pub fn is_silent(&self) -> bool {
        self.out.is_empty()
    }
}

impl Machine for Server {
    type In = ServerIn;
    type Out = ServerOut;
    type Env<'e> = &'e dyn FlashView;

    fn handle(&mut self, now: Time, input: ServerIn, flash: &dyn FlashView) {
        match input {
            ServerIn::Write(write) => self.on_write(now, write),
            ServerIn::Notified { tag } => self.on_notified(tag, now, flash),
            ServerIn::FlashDone { data } => {
                self.take_back(data);
                if self.groups.os.reset_at.is_some_and(|at| at <= now) {
                    self.reset(now);
                } else {
                    self.on_flash_done(now, flash);
                }
            }
            ServerIn::FlashFailed { data } => {
                self.take_back(data);
                if self.groups.os.reset_at.is_some_and(|at| at <= now) {
                    self.reset(now);
                } else {
                    self.on_flash_failed(now, flash);
                }
            }
            ServerIn::Start => self.start(flash),
            ServerIn::Datagram { peer, sdu } => self.on_datagram(peer, *sdu, now, flash),
            ServerIn::Serial(sdu) => self.on_serial(ConsoleKind::Uart, *sdu, now, flash),
            ServerIn::Shell(sdu) => self.on_serial(ConsoleKind::Shell, *sdu, now, flash),
            ServerIn::RawSerial(sdu) => self.on_serial(ConsoleKind::Raw, *sdu, now, flash),
            ServerIn::Subscribed { att_mtu } => self.link.att_mtu = Some(att_mtu),
            ServerIn::Unsubscribed => self.on_unsubscribed(now, flash),
            ServerIn::ConnParamsFailed => self.conn_param.on_failure(now),
        }
    }

    fn deadline(&self) -> Option<Time> {
        match (self.worker.deadline(), self.reset_at(), self.conn_param.deadline()) {
            (turn, None, None) => turn,
            (turn, reset, params) => [turn, reset, params].into_iter().flatten().min(),
        }
    }

    fn on_deadline(&mut self, now: Time, flash: &dyn FlashView) {
        let due = |timer: Option<Time>| timer.is_some_and(|at| at <= now);
        if due(self.worker.deadline()) {
            self.on_turn(now, flash);
        }
        if due(self.conn_param.deadline()) {
            let params = self.conn_param.on_deadline(now);
            self.request_params(params);
        }
        if due(self.reset_at()) {
            self.reset(now);
        }
    }

    fn poll(&mut self) -> Option<ServerOut> {
        self.out.pop_front()
    }
}
