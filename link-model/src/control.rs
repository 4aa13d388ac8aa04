//! Link layer control procedures: data length, connection parameters, termination.

use crate::connection::Update;
use crate::controller::Control;
use crate::link::Link;
use crate::trace::{LinkEvent, Role};
use sim_core::Time;

impl Link {
    /// A control PDU has arrived.
    pub(crate) fn take_control(&mut self, to: Role, control: Control) {
        let Some(connection) = self.connection.as_mut() else { return };
        match control {
            Control::LengthReq => connection.end_mut(to).push_control(Control::LengthRsp),
            Control::LengthRsp => {
                let octets = self.config.fitting_data_length(connection.params.interval);
                connection.octets = octets;
                self.trace(LinkEvent::DataLength { octets });
            }
            Control::ConnectionParamReq(params) => {
                connection.update = Some(Update { params, instant: None, heard: false });
                connection.end_mut(to).push_control(Control::ConnectionUpdateInd(params));
            }
            Control::ConnectionUpdateInd(_) => {
                if let Some(update) = &mut connection.update {
                    update.heard = true;
                }
            }
            Control::TerminateInd => connection.peripheral_leaves = true,
        }
    }

    /// Brings new parameters into force when their instant is reached. A peripheral that has not
    /// received them by then listens at the old times and is not heard any more.
    pub(crate) fn apply_update(&mut self, now: Time) {
        let Some(connection) = self.connection.as_mut() else { return };
        let counter = connection.counter;
        let Some(update) = connection.update.take_if(|update| update.is_due(counter)) else {
            return;
        };
        let params = update.params;
        connection.params = params;
        connection.astray = !update.heard;
        let fitting = self.config.fitting_data_length(params.interval);
        connection.octets = connection.octets.min(fitting);
        // The supervision timer starts anew with the new parameters (Vol 6 Part B 5.1.1).
        for (end, knows) in
            [(&mut connection.central, true), (&mut connection.peripheral, update.heard)]
        {
            if end.alive && end.established && knows {
                end.supervision = now + params.timeout;
            }
        }
        self.trace(LinkEvent::ParamsUpdated {
            interval_us: params.interval.as_us() as u32,
            timeout_ms: (params.timeout.as_us() / 1_000) as u16,
        });
    }
}
