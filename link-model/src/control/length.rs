//! The data length procedure (Vol 6 Part B 5.1.9).

use crate::link::Link;
use crate::trace::LinkEvent;

impl Link {
    /// `LL_LENGTH_RSP` has arrived: the new lengths hold at once.
    pub(super) fn length_agreed(&mut self) {
        let Some(connection) = self.connection.as_mut() else { return };
        connection.length_agreed = true;
        let octets = self.config.fitting_data_length(connection.phy, connection.params.interval);
        connection.octets = octets;
        self.trace(LinkEvent::DataLength { octets });
        self.procedure_over();
    }

    /// Adapts the lengths to the PHY and the interval in force: both bound the time of a packet
    /// (Vol 6 Part B 4.5.10). That controllers raise their time again is a model choice.
    pub(super) fn refit_length(&mut self) {
        let Some(connection) = self.connection.as_ref().filter(|c| c.length_agreed) else { return };
        let fitting = self.config.fitting_data_length(connection.phy, connection.params.interval);
        self.set_length(fitting);
    }

    pub(super) fn set_length(&mut self, octets: u8) {
        let Some(connection) = self.connection.as_mut() else { return };
        if connection.octets != octets {
            connection.octets = octets;
            self.trace(LinkEvent::DataLength { octets });
        }
    }
}
