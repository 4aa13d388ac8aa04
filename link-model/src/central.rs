//! The central: connecting, set-up, writing.

use crate::att::{ATT_HEADER, DEFAULT_MTU, INSUFFICIENT_AUTHENTICATION, L2CAP_HEADER, Procedure};
use crate::channel::Reception;
use crate::config::{DATA_LENGTH_DEFAULT, LinkConfig};
use crate::connection::Connection;
use crate::control::{Control, Wanted};
use crate::controller::Payload;
use crate::host::HostWork;
use crate::link::{Initiating, Link, LinkOut};
use crate::phy::{AirTimes, Phy, T_IFS};
use crate::trace::{LinkEvent, Role, reason};
use sim_core::{Sdu, Span, Time};

/// Payload of an advertisement: address and 31 octets of data (Vol 6 Part B 2.3.1.1).
const ADV_IND_OCTETS: u8 = 6 + 31;
/// Payload of `CONNECT_IND` (Vol 6 Part B 2.3.3.1).
const CONNECT_IND_OCTETS: u8 = 6 + 6 + 22;
/// From the end of `CONNECT_IND` to the transmit window on LE 1M, window offset 0 (Vol 6 Part B
/// 4.5.3).
const TRANSMIT_WINDOW_DELAY: Span = Span::from_us(1_250);
/// From one packet of an advertising event to the next: the packet, and twice the time in which an
/// answer could begin (model choice; at most 10 ms, Vol 6 Part B 4.4.2.3).
const ADV_STEP: Span = Span::from_us(8 * (1 + 4 + 2 + ADV_IND_OCTETS as u64 + 3) + 2 * 150);
/// Packet numbers of the channel's draws for advertising events, out of reach of data packets.
const ADV_DRAW: u32 = 1 << 30;

impl Link {
    pub(crate) fn connect(&mut self, now: Time, timeout: Span) {
        if self.connected(Role::Central).is_none() && self.initiating == Initiating::No {
            self.initiating = Initiating::Until { since: now, end: now + timeout };
        }
    }

    pub(crate) fn initiating_due(&self, now: Time) -> bool {
        match self.initiating {
            Initiating::No => false,
            Initiating::Until { end, .. } | Initiating::ConnectInd { end, .. } => end <= now,
        }
    }

    /// The attempt is over: timed out, or `CONNECT_IND` has ended.
    pub(crate) fn initiating_over(&mut self, now: Time) {
        match std::mem::replace(&mut self.initiating, Initiating::No) {
            Initiating::No => {}
            Initiating::Until { .. } => self.out.push_back(LinkOut::ConnectFailed),
            Initiating::ConnectInd { heard, .. } => self.create_connection(now, heard),
        }
    }

    /// An advertisement is on the air; a scanning central that hears it answers.
    pub(crate) fn hear_advertisement(&mut self, now: Time, deaf: bool) {
        let Initiating::Until { since, .. } = self.initiating else { return };
        let Some(on_air) = self.scanned_from(since, now).filter(|_| !deaf) else { return };
        let event = u64::from(self.adv_events);
        let fate = |n, octets| self.channel.advertising_packet(event, ADV_DRAW + n, octets);
        if fate(0, ADV_IND_OCTETS) != Reception::Valid {
            return;
        }
        let end = on_air
            + Phy::OneM.air_time(ADV_IND_OCTETS, false)
            + T_IFS
            + Phy::OneM.air_time(CONNECT_IND_OCTETS, false);
        if !self.central_radio.is_free(on_air, end) {
            return;
        }
        let heard = fate(1, CONNECT_IND_OCTETS) == Reception::Valid;
        self.initiating = Initiating::ConnectInd { end, heard };
    }

    fn create_connection(&mut self, now: Time, heard: bool) {
        let heard = heard && self.advertising.is_some() && self.deaf_until < now;
        let params = self.config.params;
        let octets = self.config.data_length.min(DATA_LENGTH_DEFAULT);
        let anchor = self.first_anchor(now + TRANSMIT_WINDOW_DELAY + self.config.win_offset);
        let hopping = self.draws.hopping(&self.config, self.adv_events.into(), self.events, now);
        let connection = Connection::new(&self.config, octets, now, anchor, heard, hopping);
        let first_phy = connection.phy;
        self.air = AirTimes::new(first_phy, connection.encrypted);
        self.connection = Some(connection);
        if heard {
            self.advertising = None;
        }
        self.trace(LinkEvent::ConnectInd {
            interval_us: params.interval.as_us() as u32,
            timeout_ms: (params.timeout.as_us() / 1_000) as u16,
            heard,
        });
        self.trace_hopping();
        if first_phy != Phy::OneM {
            self.trace(LinkEvent::Phy { phy: first_phy });
        }
        let config = &self.config;
        let encryption = config.encrypted && config.encryption_procedure;
        let length = config.data_length > octets;
        let phy = (config.phy != first_phy).then_some(config.phy);
        self.want(|wanted| *wanted = Wanted { encryption, length, phy, ..Wanted::default() });
    }

    /// Tells the trace what the channels of the new connection follow from.
    fn trace_hopping(&mut self) {
        let Some(connection) = &self.connection else { return };
        let (hopping, map) = (connection.hopping.event(), connection.hopping.map());
        self.trace(hopping);
        self.trace(LinkEvent::ChannelMap { map });
        if let Some(dbm) = self.channel.rssi_dbm() {
            self.trace(LinkEvent::Rssi { dbm });
        }
    }

    /// First anchor of a connection whose transmit window may begin at `earliest`: there, or at the
    /// first moment from there on that suits [`LinkConfig::anchor_phase`]. It lies less than an
    /// interval later, which a window offset in steps of 1.25 ms and a window as long as such a
    /// step always reach (Vol 6 Part B 4.5.3).
    fn first_anchor(&self, earliest: Time) -> Time {
        let Some(phase) = self.config.anchor_phase else { return earliest };
        let interval = self.config.params.interval.as_ns();
        let behind = (earliest.as_ns() % interval + interval - phase.as_ns() % interval) % interval;
        earliest + Span::from_ns((interval - behind) % interval)
    }

    /// When the advertising packet that a scanner hears begins, of an advertising event that starts
    /// `now`. The scanner listens to one advertising channel in each scan interval, 37 first; the
    /// advertiser sends on 37, 38 and 39. One that scans always is taken to hear the first of them
    /// (model choice).
    fn scanned_from(&self, since: Time, now: Time) -> Option<Time> {
        let LinkConfig { scan_interval, scan_window, .. } = self.config;
        if scan_window >= scan_interval {
            return Some(now);
        }
        let air = Phy::OneM.air_time(ADV_IND_OCTETS, false);
        (0..3).map(|channel| (channel, now + ADV_STEP * channel)).find_map(|(channel, start)| {
            let scanned = start.since(since).as_ns();
            let window = Span::from_ns(scanned % scan_interval.as_ns());
            let listens = scanned / scan_interval.as_ns() % 3 == channel;
            (listens && window + air <= scan_window).then_some(start)
        })
    }

    pub(crate) fn discover(&mut self) {
        self.request(Procedure::FIRST);
    }

    fn request(&mut self, procedure: Procedure) {
        if let Some(connection) = self.connected(Role::Central) {
            let len = procedure.request_len();
            connection.request(Role::Central, Payload::Request(procedure), len);
        }
    }

    /// The answer to a set-up request has arrived at the central.
    pub(crate) fn response(&mut self, procedure: Procedure) {
        let mtu = self.config.central_mtu.min(self.config.peripheral_mtu);
        let Some(connection) = self.connected(Role::Central) else { return };
        if procedure == Procedure::ExchangeMtu {
            connection.att_mtu = mtu.max(DEFAULT_MTU);
            let att_mtu = connection.att_mtu;
            self.trace(LinkEvent::Mtu { att_mtu });
        }
        let refused = self.refuses;
        let Some(connection) = self.connected(Role::Central) else { return };
        let next = procedure.next().map(|next| (Payload::Request(next), next.request_len()));
        let ready = next.is_none().then_some(connection.att_mtu);
        connection.request_answered(Role::Central, next);
        match ready {
            None => {}
            Some(_) if refused => {
                self.out.push_back(LinkOut::Refused { code: INSUFFICIENT_AUTHENTICATION });
            }
            Some(att_mtu) => self.out.push_back(LinkOut::Ready { att_mtu }),
        }
    }

    pub(crate) fn write(&mut self, now: Time, sdu: Sdu) {
        if self.connected(Role::Central).is_none() {
            return;
        }
        if self.config.central_host_latency.is_zero() {
            self.hand_to_controller(sdu);
        } else {
            self.put_off(now + self.config.central_host_latency, HostWork::Write(sdu));
        }
    }

    pub(crate) fn hand_to_controller(&mut self, sdu: Sdu) {
        let Some(connection) = self.connected(Role::Central) else { return };
        if sdu.bytes.len() > connection.longest_write() {
            self.drop_too_long(&sdu);
            return;
        }
        let len = L2CAP_HEADER + ATT_HEADER + sdu.bytes.len() as u16;
        connection.push_data(Role::Central, Payload::Value(sdu), len);
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn drop_too_long(&mut self, sdu: &Sdu) {
        let octets = sdu.bytes.len().min(usize::from(u16::MAX)) as u16;
        self.trace(LinkEvent::TooLong { tag: sdu.tag, octets });
    }

    pub(crate) fn disconnect(&mut self) {
        if self.initiating != Initiating::No {
            self.initiating = Initiating::No;
        }
        if let Some(connection) = self.connected(Role::Central) {
            connection.central.push_control(Control::TerminateInd);
        }
    }

    pub(crate) fn supervision_expired(&self, now: Time) -> Option<Role> {
        let connection = self.connection.as_ref()?;
        [Role::Central, Role::Peripheral]
            .into_iter()
            .find(|&role| connection.end(role).supervision <= now)
    }

    pub(crate) fn supervision_lost(&mut self, now: Time, role: Role) {
        let established = self.connection.as_ref().is_some_and(|c| c.end(role).established);
        self.lose(now, role, if established { reason::TIMEOUT } else { reason::NOT_ESTABLISHED });
    }
}
