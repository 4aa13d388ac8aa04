//! From a handler's outcome to notifications, one at a time.

use crate::groups::{Outcome, Refusal};
use crate::worker::Phase;
use crate::{DropReason, Server, ServerEvent, ServerOut};
use sim_core::Sdu;
use smp_wire::cbor::{MapForm, Writer};
use smp_wire::errors::Rc;
use smp_wire::header::put_len;

/// The smallest ATT MTU; a notification has at least the room that this leaves.
const ATT_MTU_MIN: u16 = 23;
/// Opcode and attribute handle of a notification (Core Specification, Vol 3, Part F, 3.4.7.1).
const NOTIFICATION_OVERHEAD: u16 = 3;

impl Server {
    /// Starts a response with its header; the body is to follow.
    pub(crate) fn begin_response(&mut self) {
        let worker = &mut self.worker;
        if worker.response.capacity() == 0 {
            worker.response = self.spare.take();
        }
        worker.response.clear();
        smp_wire::begin(&mut worker.response, worker.header.response(self.quirks.max_version));
    }

    /// Sends what the handler wrote, or its refusal instead.
    pub(crate) fn answer(&mut self, outcome: Outcome) {
        let fits = self.worker.response.len() <= self.config.frame_max();
        match outcome {
            Ok(()) if fits => self.send(0),
            Ok(()) => self.refuse(Rc::MessageTooLarge),
            Err(refusal) => self.refuse_because(refusal),
        }
    }

    /// Sends an error code alone.
    pub(crate) fn refuse(&mut self, rc: Rc) {
        self.refuse_because(Refusal { rc, why: None });
    }

    /// Whatever the handler wrote is discarded for an error (Zephyr `smp.c`, `smp_on_err` and
    /// `smp_build_err_rsp`).
    fn refuse_because(&mut self, refusal: Refusal) {
        self.begin_response();
        let why = refusal.why.filter(|_| self.config.verbose_errors);
        let rc = refusal.rc as i16;
        let mut writer = Writer::new(&mut self.worker.response, MapForm::Indefinite);
        writer.map(1 + usize::from(why.is_some()));
        writer.text("rc");
        writer.int(rc.into());
        if let Some(why) = why {
            writer.text("rsn");
            writer.text(why);
        }
        writer.end_map();
        self.send(rc);
    }

    fn send(&mut self, rc: i16) {
        let worker = &mut self.worker;
        worker.ends_packet = rc != 0;
        put_len(&mut worker.response);
        let tag = worker.packet.tag;
        let len = worker.response.len();
        if self.link.reach(worker.packet.connection).is_none() {
            return self.give_up_response();
        }
        let crc32 = crc32fast::hash(&worker.response);
        self.trace(ServerEvent::Reply { tag, rc, len: len as u16, crc32 });
        self.notify(0, len);
    }

    /// Hands the next notification of a response of `len` octets to the link layer, which has
    /// `sent` of them. Fragments carry no header of their own (Zephyr `smp_bt.c`,
    /// `smp_bt_tx_pkt`).
    pub(crate) fn notify(&mut self, sent: usize, len: usize) {
        let worker = &mut self.worker;
        let Some(att_mtu) = self.link.reach(worker.packet.connection) else {
            return self.give_up_response();
        };
        let room = usize::from(att_mtu.max(ATT_MTU_MIN) - NOTIFICATION_OVERHEAD);
        let end = len.min(sent + room);
        let bytes = if sent == 0 && end == len {
            std::mem::take(&mut worker.response)
        } else {
            let mut piece = self.spare.take();
            piece.extend_from_slice(&worker.response[sent..end]);
            piece
        };
        worker.phase = Phase::Notifying { sent: end, len };
        self.out.push_back(ServerOut::Notify(Sdu { tag: worker.packet.tag, bytes }));
    }

    /// The whole response is acknowledged. An error ends the packet: further requests in it are
    /// lost.
    pub(crate) fn end_response(&mut self) {
        self.free_response();
        if !self.worker.ends_packet {
            self.worker.phase = Phase::Next;
            return;
        }
        if self.worker.left_in_packet() > 0 {
            let tag = self.worker.packet.tag;
            self.trace(ServerEvent::Drop { tag, reason: DropReason::AfterError });
        }
        self.close_packet();
    }

    /// The response cannot be delivered, which ends the packet, too.
    pub(crate) fn give_up_response(&mut self) {
        let tag = self.worker.packet.tag;
        self.trace(ServerEvent::Drop { tag, reason: DropReason::Unreachable });
        self.free_response();
        self.close_packet();
    }

    fn free_response(&mut self) {
        if std::mem::take(&mut self.worker.has_buffer) {
            self.buffers.give();
        }
    }
}
