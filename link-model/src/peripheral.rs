//! The peripheral: advertising, notifying, and its deafness.

use crate::att::{
    ATT_HEADER, ERROR_RESPONSE_LEN, INSUFFICIENT_AUTHENTICATION, L2CAP_HEADER, Procedure,
};
use crate::connection::Phase;
use crate::control::Control;
use crate::controller::Payload;
use crate::link::{Link, LinkOut};
use crate::trace::{LinkEvent, Role};
use sim_core::{Sdu, Span, Time};

/// Largest random delay added to each advertising interval (Vol 6 Part B 4.4.2.2.1).
const ADV_DELAY_MAX: Span = Span::from_ms(10);

impl Link {
    pub(crate) fn advertise(&mut self, now: Time) {
        if self.connected(Role::Peripheral).is_none() && self.advertising.is_none() {
            self.advertising = Some(now + self.random_adv_delay());
        }
    }

    pub(crate) fn advertising_event(&mut self, now: Time) {
        let deaf = self.deaf_until > now;
        self.adv_events += 1;
        let pause = self.config.adv_interval + self.random_adv_delay();
        self.advertising = Some(now + pause);
        self.hear_advertisement(now, deaf);
    }

    fn random_adv_delay(&mut self) -> Span {
        Span::from_ns(self.adv_delay.below(ADV_DELAY_MAX.as_ns() + 1))
    }

    /// The peripheral's radio stops without a word; the central notices by supervision.
    pub(crate) fn power_off(&mut self, now: Time) {
        self.advertising = None;
        self.slot_asked = None;
        self.wanted_params = None;
        self.deaf_until = Time::ZERO;
        self.forget_host_work(Role::Peripheral);
        self.break_off(now);
        let Some(connection) = self.connection.as_mut() else { return };
        connection.peripheral.leave();
        if !connection.central.alive {
            self.connection = None;
        }
    }

    /// The peripheral's host ends the connection.
    pub(crate) fn peripheral_disconnect(&mut self) {
        if let Some(connection) = self.connected(Role::Peripheral) {
            connection.peripheral.push_control(Control::TerminateInd);
        }
    }

    pub(crate) fn notify(&mut self, sdu: Sdu) {
        let Some(connection) = self.connected(Role::Peripheral) else { return };
        let longest = usize::from(connection.att_mtu - ATT_HEADER);
        assert!(
            sdu.bytes.len() <= longest,
            "a notification of {} octets at ATT MTU {}",
            sdu.bytes.len(),
            connection.att_mtu
        );
        let len = L2CAP_HEADER + ATT_HEADER + sdu.bytes.len() as u16;
        connection.push_data(Role::Peripheral, Payload::Value(sdu), len);
    }

    /// A set-up request has arrived at the peripheral, whose GATT server answers at once.
    pub(crate) fn answer(&mut self, procedure: Procedure) {
        let refused = self.refuses && procedure == Procedure::EnableNotifications;
        let Some(connection) = self.connected(Role::Peripheral) else { return };
        if refused {
            let len = L2CAP_HEADER + ERROR_RESPONSE_LEN;
            connection.push_data(Role::Peripheral, Payload::Response(procedure), len);
            let code = INSUFFICIENT_AUTHENTICATION;
            return self.trace(LinkEvent::Refused { tag: 0, code });
        }
        let len = procedure.response_len();
        connection.push_data(Role::Peripheral, Payload::Response(procedure), len);
        if procedure == Procedure::EnableNotifications {
            connection.subscribed = true;
            let att_mtu = connection.att_mtu;
            self.trace(LinkEvent::Subscribed);
            self.out.push_back(LinkOut::Subscribed { att_mtu });
        }
    }

    /// A write command that the attribute server refuses is never answered.
    #[cold]
    #[inline(never)]
    pub(crate) fn refuse_write(&mut self, tag: u32) {
        self.trace(LinkEvent::Refused { tag, code: INSUFFICIENT_AUTHENTICATION });
    }

    /// From now until `until` the peripheral neither hears nor sends. A packet of its own that was
    /// built but not begun stays unsent, and the central hears nothing in its turn.
    pub(crate) fn go_deaf(&mut self, now: Time, until: Time) {
        self.deaf_until = self.deaf_until.max(until);
        let Some(connection) = self.connection.as_mut() else { return };
        let Phase::Air(on_air) = &mut connection.phase else { return };
        if until <= on_air.start {
            return;
        }
        if on_air.from == Role::Peripheral && on_air.start >= now {
            let packet = on_air.packet;
            let counter = connection.counter;
            connection.peripheral.take_back(packet);
            self.trace(LinkEvent::Silent { counter, role: Role::Peripheral });
            self.close(now);
        } else if on_air.from == Role::Peripheral {
            self.break_off(now);
        } else {
            on_air.spoiled = true;
        }
    }

    /// The peripheral's radio is switched off: if it sends, or is about to, that is lost.
    #[cold]
    #[inline(never)]
    fn break_off(&mut self, now: Time) {
        let Some(connection) = self.connection.as_mut() else { return };
        let Phase::Air(on_air) = &mut connection.phase else { return };
        if on_air.from == Role::Peripheral && !on_air.spoiled {
            on_air.spoiled = true;
            if on_air.start >= now {
                return;
            }
            let counter = connection.counter;
            self.trace(LinkEvent::BrokenOff { counter, role: Role::Peripheral });
        }
    }
}
