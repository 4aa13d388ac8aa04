//! The PHY update procedure (Vol 6 Part B 5.1.10). A connection starts on LE 1M, on which its
//! advertising was heard, LE Coded ones too: extended advertising is not modelled (model choice).

use super::Control;
use crate::link::Link;
use crate::phy::{AirTimes, Phy};
use crate::trace::LinkEvent;

impl Link {
    pub(super) fn start_phy_update(&mut self, phy: Phy) {
        let Some(connection) = self.connection.as_mut() else { return };
        if connection.phy == phy {
            return self.procedure_over();
        }
        // Until the instant packets must fit both PHYs (Vol 6 Part B 5.1.10.1), so that none that
        // waits for its acknowledgement then is too long for the new one.
        let fitting = self.config.fitting_data_length(phy, connection.params.interval);
        let octets = connection.octets.min(fitting);
        connection.central.push_control(Control::PhyReq(phy));
        self.set_length(octets);
    }

    pub(super) fn phy_in_force(&mut self, phy: Phy) {
        let Some(connection) = self.connection.as_mut() else { return };
        connection.phy = phy;
        self.air = AirTimes::new(phy, connection.encrypted);
        self.trace(LinkEvent::Phy { phy });
        self.refit_length();
    }
}
