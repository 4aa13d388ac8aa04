//! The channel map update procedure (Vol 6 Part B 5.1.2).

use super::Change;
use crate::channel::ChannelMap;
use crate::link::Link;

impl Link {
    pub(super) fn start_channel_map_update(&mut self, map: ChannelMap) {
        let Some(connection) = self.connection.as_mut() else { return };
        if connection.hopping.map() == map {
            return self.procedure_over();
        }
        connection.send_update(Change::Channels(map));
    }
}
