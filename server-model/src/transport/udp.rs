//! Datagrams: one is one packet, and a response is one datagram.

use super::{Origin, Packet};
use crate::worker::Phase;
use crate::{DropReason, Server, ServerEvent, ServerOut};
use flash_model::FlashView;
use sim_core::{Sdu, Time};

impl Server {
    /// The receive thread reads one datagram (Zephyr `smp_udp.c`, `smp_udp_receive_thread`).
    ///
    /// The work queue gets on between two datagrams: it takes the request and builds the response,
    /// which leaves when the next datagram has been read. Until then request and response hold a
    /// buffer each. So much can be observed of bursts on Zephyr 4.4.0 built for `native_sim`; that
    /// sending waits for the socket there is the likely cause.
    #[inline(never)]
    pub(crate) fn on_datagram(
        &mut self,
        peer: u32,
        datagram: Sdu,
        now: Time,
        flash: &dyn FlashView,
    ) {
        if !self.running {
            return self.drop_unheard(datagram);
        }
        self.read_datagram(peer, datagram);
        self.end_sending(now, flash);
        self.worker.wake(now);
        self.begin_turn(now, flash);
    }

    fn read_datagram(&mut self, peer: u32, datagram: Sdu) {
        let Sdu { tag, mut bytes } = datagram;
        bytes.truncate(self.config.udp_mtu as usize);
        let reason = match () {
            // For the receive thread a datagram without octets is none.
            () if bytes.is_empty() => None,
            () if bytes.len() > self.config.frame_max() => Some(DropReason::TooLong),
            () if !self.buffers.take() => Some(DropReason::NoBuffer),
            () => {
                return self.queue.push_back(Packet { tag, origin: Origin::Udp(peer), bytes });
            }
        };
        self.spare.give(bytes);
        if let Some(reason) = reason {
            self.trace(ServerEvent::Drop { tag, reason });
        }
    }

    /// The response goes out as one datagram, at the end of this moment or before the next datagram
    /// is processed; nobody acknowledges it.
    pub(super) fn begin_sending(&mut self, now: Time) {
        self.worker.phase = Phase::Sending(now);
    }

    /// The socket takes the response that waits for it, if one does.
    pub(crate) fn end_sending(&mut self, now: Time, flash: &dyn FlashView) {
        let Phase::Sending(_) = self.worker.phase else { return };
        let Packet { tag, origin, .. } = self.worker.packet;
        let bytes = std::mem::take(&mut self.worker.response);
        if let Origin::Udp(peer) = origin {
            self.out.push_back(ServerOut::Datagram { peer, sdu: Sdu { tag, bytes } });
        }
        self.end_response();
        self.run(now, flash);
    }
}
