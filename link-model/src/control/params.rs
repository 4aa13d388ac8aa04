//! Connection parameters: the peripheral's request (Vol 6 Part B 5.1.7) and the connection update
//! (5.1.1).

use super::{Change, Control};
use crate::link::Link;
use crate::params::{ConnParams, ParamsRequest};
use crate::trace::{LinkEvent, Role};
use sim_core::Time;

impl Link {
    /// The peripheral asks for parameters: the central's host takes or refuses them by its rule.
    pub(super) fn take_params_request(&mut self, request: ParamsRequest) {
        let rule = self.config.params_rule;
        match rule.check(&request) {
            Ok(()) => self.want(|wanted| wanted.params = Some(rule.choose(&request))),
            Err(reason) => {
                if let Some(connection) = self.connected(Role::Central) {
                    connection.central.push_control(Control::RejectExtInd(reason));
                }
            }
        }
    }

    pub(super) fn start_connection_update(&mut self, params: ConnParams) {
        // The window opens within the new interval.
        let offset = self.config.update_win_offset.min(params.interval);
        if let Some(connection) = self.connection.as_mut() {
            connection.send_update(Change::Params { params, offset });
        }
    }

    pub(super) fn params_in_force(&mut self, now: Time, params: ConnParams, heard: bool) {
        let Some(connection) = self.connection.as_mut() else { return };
        connection.params = params;
        // The supervision timer starts anew with the new parameters (Vol 6 Part B 5.1.1).
        for (end, knows) in [(&mut connection.central, true), (&mut connection.peripheral, heard)] {
            if end.alive && end.established && knows {
                end.supervision = now + params.timeout;
            }
        }
        self.trace(LinkEvent::ParamsUpdated {
            interval_us: params.interval.as_us() as u32,
            timeout_ms: (params.timeout.as_us() / 1_000) as u16,
        });
        self.refit_length();
    }
}
