//! The machine: both controllers, the air between them, and the hosts on top as far as GATT goes.

use crate::arbitration::Wanted;
use crate::channel::{Channel, ChannelMap, Draws, Medium};
use crate::config::LinkConfig;
use crate::connection::Connection;
use crate::control::Control;
use crate::host::HostWork;
use crate::params::{ConnParams, ParamsRequest};
use crate::phy::{AirTimes, Phy};
use crate::reservation::CentralRadio;
use crate::trace::{LinkEvent, Role, reason};
use sim_core::{Machine, Sdu, Seed, Slot, Span, Stream, Time};
use std::collections::VecDeque;

/// Facts for a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkIn {
    /// The central's host wants a connection and gives up after `timeout`.
    Connect {
        /// Length of the attempt.
        timeout: Span,
    },
    /// The central's host starts MTU exchange, discovery and subscription.
    Discover,
    /// The central's host writes the SMP characteristic (write command).
    Write(Sdu),
    /// The central's host writes the SMP characteristic and wants an answer (write request). While
    /// one is unanswered, or the set-up is going on, it waits.
    WriteRequest(Sdu),
    /// The central's host ends the connection.
    Disconnect,
    /// The peripheral's host starts to advertise.
    Advertise,
    /// The peripheral loses power or is reset.
    PowerOff,
    /// The peripheral's host notifies the SMP characteristic.
    Notify(Sdu),
    /// The peripheral's host sends a value of the SMP characteristic and wants a confirmation
    /// (indication). While one is unconfirmed it waits.
    Indicate(Sdu),
    /// The peripheral's host asks for other connection parameters.
    RequestParams(ParamsRequest),
    /// The peripheral's host ends the connection.
    PeripheralDisconnect,
    /// The central's host wants other connection parameters; they must be lawful.
    UpdateParams(ConnParams),
    /// The central's host wants another physical layer.
    SetPhy(Phy),
    /// The central's host wants other data channels to be used.
    SetChannelMap(ChannelMap),
    /// The peripheral neither hears nor sends from now on until this moment.
    Deaf {
        /// End of the deafness.
        until: Time,
    },
    /// The peripheral's flash asks for time, or gives it back.
    Slot(Slot),
}

/// What a link tells the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkOut {
    /// To the central's host: connected, and the first packet of the peripheral was heard.
    Connected,
    /// To the central's host: the attempt timed out, or no packet followed it.
    ConnectFailed,
    /// To the central's host: MTU exchanged, SMP service found, notifications enabled.
    Ready {
        /// ATT MTU in force.
        att_mtu: u16,
    },
    /// To the central's host: the SMP service is found, but the link is not secure enough for it to
    /// be listened to.
    Refused {
        /// ATT error code.
        code: u8,
    },
    /// To the central's host: a notification or indication.
    Received(Sdu),
    /// To the central's host: a write is acknowledged to its last fragment.
    Written {
        /// Request it belongs to.
        tag: u32,
    },
    /// To the central's host: a write request is answered.
    WriteAnswered {
        /// Request it belongs to.
        tag: u32,
    },
    /// To the central's host: the connection is lost.
    Lost {
        /// Reason code, see [`crate::reason`].
        reason: u8,
    },
    /// To the peripheral's host: notifications were enabled.
    Subscribed {
        /// ATT MTU in force.
        att_mtu: u16,
    },
    /// To the peripheral's host: a write to the SMP characteristic.
    Wrote(Sdu),
    /// To the peripheral's host: a notification is acknowledged to its last fragment.
    Notified {
        /// Request it belongs to.
        tag: u32,
    },
    /// To the peripheral's host: an indication is confirmed.
    Confirmed {
        /// Indication it belongs to.
        tag: u32,
    },
    /// To the peripheral's host: the connection is lost.
    PeripheralLost {
        /// Reason code.
        reason: u8,
    },
    /// To the peripheral's flash.
    Slot(Slot),
    /// To the trace.
    Trace(LinkEvent),
}

/// The central when it is not connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Initiating {
    No,
    /// Scanning for the peripheral.
    Until {
        since: Time,
        end: Time,
    },
    /// An advertisement was heard, `CONNECT_IND` ends at this moment.
    ConnectInd {
        end: Time,
        heard: bool,
    },
}

/// A Bluetooth LE link between one central and one peripheral.
#[derive(Clone, Debug)]
pub struct Link {
    pub(crate) config: LinkConfig,
    pub(crate) channel: Medium,
    pub(crate) draws: Draws,
    pub(crate) air: AirTimes,
    pub(crate) adv_delay: Stream,
    /// Connection events of the run so far, over all connections.
    pub(crate) events: u64,
    pub(crate) initiating: Initiating,
    /// Next advertising event.
    pub(crate) advertising: Option<Time>,
    pub(crate) adv_events: u32,
    pub(crate) connection: Option<Connection>,
    /// What the hosts get round to later, the earliest first.
    pub(crate) host_work: VecDeque<(Time, HostWork)>,
    /// When the central's radio is there for this link.
    pub(crate) central_radio: CentralRadio,
    /// Buffers, event lengths or a shared radio bound the events.
    pub(crate) bounded: bool,
    /// The SMP service refuses the central.
    pub(crate) refuses: bool,
    /// Parameters that the peripheral's host keeps until the connection is old enough.
    pub(crate) wanted_params: Option<ParamsRequest>,
    /// The peripheral is deaf until here.
    pub(crate) deaf_until: Time,
    /// Time that flash asks for.
    pub(crate) slot_asked: Option<Wanted>,
    /// End of the time that flash was granted last.
    pub(crate) slot_until: Time,
    pub(crate) out: VecDeque<LinkOut>,
}

impl Link {
    /// A link with nobody connected and nobody advertising.
    pub fn new(config: LinkConfig, seed: Seed) -> Self {
        Self {
            channel: Medium::new(seed, &config.channel),
            draws: Draws::new(seed),
            air: AirTimes::new(config.phy, config.encrypted),
            adv_delay: seed.stream("link.advertising"),
            central_radio: CentralRadio::OWN,
            bounded: config.bounds_events(),
            refuses: config.refuses(),
            config,
            events: 0,
            initiating: Initiating::No,
            advertising: None,
            adv_events: 0,
            connection: None,
            host_work: VecDeque::new(),
            wanted_params: None,
            deaf_until: Time::ZERO,
            slot_asked: None,
            slot_until: Time::ZERO,
            out: VecDeque::new(),
        }
    }

    /// Channel of the connection event in progress, or of the next one; `None` without a
    /// connection.
    pub fn channel(&self) -> Option<Channel> {
        let connection = self.connection.as_ref()?;
        Some(connection.hopping.channel(connection.counter, self.events))
    }

    /// Another channel map is in force from the event in progress or the next one on.
    pub(crate) fn set_channel_map(&mut self, map: ChannelMap) {
        if let Some(connection) = &mut self.connection {
            connection.hopping.set_map(map);
            self.trace(LinkEvent::ChannelMap { map });
        }
    }

    /// The connection, while this end considers itself connected.
    pub(crate) fn connected(&mut self, role: Role) -> Option<&mut Connection> {
        self.connection.as_mut().filter(|c| c.end(role).alive)
    }

    pub(crate) fn trace(&mut self, event: LinkEvent) {
        self.out.push_back(LinkOut::Trace(event));
    }

    /// An end gives the connection up: its queue is void and its host is told. When the other end
    /// has left too, the connection is gone.
    pub(crate) fn lose(&mut self, now: Time, role: Role, why: u8) {
        let Some(connection) = self.connection.as_mut() else { return };
        let end = connection.end_mut(role);
        if !end.alive {
            return;
        }
        end.leave();
        if !connection.central.alive && !connection.peripheral.alive {
            self.connection = None;
        }
        self.trace(LinkEvent::Lost { role, reason: why });
        match role {
            Role::Central => {
                self.forget_host_work(role);
                self.out.push_back(if why == reason::NOT_ESTABLISHED {
                    LinkOut::ConnectFailed
                } else {
                    LinkOut::Lost { reason: why }
                });
            }
            Role::Peripheral => {
                self.wanted_params = None;
                self.forget_host_work(role);
                self.out.push_back(LinkOut::PeripheralLost { reason: why });
                self.answer_flash(now);
            }
        }
    }

    fn send_control(&mut self, role: Role, control: Control) {
        if let Some(connection) = self.connected(role) {
            connection.end_mut(role).push_control(control);
        }
    }

    fn params_due(&self) -> Option<Time> {
        self.wanted_params?;
        let connection = self.connection.as_ref().filter(|c| c.peripheral.alive)?;
        Some(connection.created + self.config.param_update_delay)
    }
}

impl Link {
    /// Whether [`Machine::poll`] has nothing to give.
    #[inline]
    pub fn is_silent(&self) -> bool {
        self.out.is_empty()
    }
}

impl Machine for Link {
    type In = LinkIn;
    type Out = LinkOut;
    type Env<'e> = ();

    fn handle(&mut self, now: Time, input: LinkIn, (): ()) {
        self.begin_event(now);
        match input {
            LinkIn::Connect { timeout } => self.connect(now, timeout),
            LinkIn::Discover => self.discover(),
            LinkIn::Write(sdu) => self.write(now, sdu),
            LinkIn::WriteRequest(sdu) => self.write_request(now, sdu),
            LinkIn::Disconnect => self.disconnect(),
            LinkIn::PeripheralDisconnect => self.peripheral_disconnect(),
            LinkIn::UpdateParams(params) => self.want(|wanted| wanted.params = Some(params)),
            LinkIn::SetPhy(phy) => self.want(|wanted| wanted.phy = Some(phy)),
            LinkIn::SetChannelMap(map) => self.want(|wanted| wanted.map = Some(map)),
            LinkIn::Advertise => self.advertise(now),
            LinkIn::PowerOff => self.power_off(now),
            LinkIn::Notify(sdu) => self.notify(sdu),
            LinkIn::Indicate(sdu) => self.indicate(sdu),
            LinkIn::RequestParams(params) => {
                if self.connected(Role::Peripheral).is_some() {
                    self.wanted_params = Some(params);
                    self.ask_for_params(now);
                }
            }
            LinkIn::Deaf { until } => self.go_deaf(now, until),
            LinkIn::Slot(slot) => self.take_slot_message(now, slot),
        }
    }

    fn deadline(&self) -> Option<Time> {
        let mut due = Time::MAX;
        if let Some(c) = &self.connection {
            due = self.radio_deadline(c).min(c.central.supervision).min(c.peripheral.supervision);
            if self.wanted_params.is_some() {
                due = due.min(self.params_due().unwrap_or(Time::MAX));
            }
        }
        match self.initiating {
            Initiating::No => {}
            Initiating::Until { end, .. } | Initiating::ConnectInd { end, .. } => {
                due = due.min(end);
            }
        }
        due = due.min(self.advertising.unwrap_or(Time::MAX));
        if let Some((at, _)) = self.host_work.front() {
            due = due.min(*at);
        }
        (due < Time::MAX).then_some(due)
    }

    fn on_deadline(&mut self, now: Time, (): ()) {
        // What else is due at this moment brings the driver back at once.
        let began = self.begin_event(now);
        if self.end_packet(now) || began {
            return;
        }
        if self.host_work.front().is_some_and(|(at, _)| *at <= now) {
            self.do_host_work();
        } else if let Some(role) = self.supervision_expired(now) {
            self.supervision_lost(now, role);
        } else if self.params_due().is_some_and(|due| due <= now) {
            self.ask_for_params(now);
        } else if self.initiating_due(now) {
            self.initiating_over(now);
        } else if self.advertising.is_some_and(|due| due <= now) {
            self.advertising_event(now);
        }
    }

    fn poll(&mut self) -> Option<LinkOut> {
        self.out.pop_front()
    }
}

impl Link {
    /// Sends the wanted parameters once the connection is old enough.
    fn ask_for_params(&mut self, now: Time) {
        if self.params_due().is_some_and(|due| due <= now)
            && let Some(params) = self.wanted_params.take()
        {
            self.send_control(Role::Peripheral, Control::ConnectionParamReq(params));
        }
    }
}
