//! From a handler's outcome to a response and its notifications, one at a time.

use crate::groups::{Code, Outcome, Refusal, registered};
use crate::transport::Origin;
use crate::worker::Phase;
use crate::{DropReason, Server, ServerEvent, ServerOut};
use sim_core::Sdu;
use smp_wire::cbor::Writer;
use smp_wire::errors::{GroupError, Rc};
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
        match outcome {
            Ok(()) if self.fits() => self.send(0, false),
            Ok(()) => self.refuse(Rc::MessageTooLarge),
            Err(refusal) => self.refuse_because(refusal),
        }
    }

    /// Whether what is written fits a buffer.
    const fn fits(&self) -> bool {
        self.worker.response.len() <= self.config.frame_max()
    }

    /// Sends an error code alone.
    pub(crate) fn refuse(&mut self, rc: Rc) {
        self.send_rc(rc, None);
    }

    #[cold]
    #[inline(never)]
    fn refuse_because(&mut self, refusal: Refusal) {
        match refusal.code {
            Code::Rc(rc) => self.send_rc(rc, refusal.why),
            Code::Group(error) if self.worker.header.version > 0 => {
                self.send_err(error, refusal.also);
            }
            Code::Silence => self.give_up_response(DropReason::NoResponse),
            Code::Group(error) if !registered(&self.config, error.group) => {
                self.send_rc(Rc::Unknown, refusal.why);
            }
            Code::Group(error) => match error.in_version_1() {
                Rc::Ok => self.send_nothing(),
                rc => self.send_rc(rc, refusal.why),
            },
        }
    }

    /// To the server this is a success, so it goes on with the packet; what it sends are the first
    /// octets of an old buffer, which nobody can take for a response.
    #[cold]
    fn send_nothing(&mut self) {
        let tag = self.worker.packet.tag;
        self.trace(ServerEvent::Drop { tag, reason: DropReason::NoResponse });
        self.worker.ends_packet = false;
        self.end_response();
    }

    /// Whatever the handler wrote is discarded for an error (Zephyr `smp.c`, `smp_on_err` and
    /// `smp_build_err_rsp`).
    #[cold]
    #[inline(never)]
    fn send_rc(&mut self, rc: Rc, why: Option<&'static str>) {
        self.begin_response();
        let why = why.filter(|_| self.config.verbose_errors);
        let rc = rc as i16;
        let mut writer = Writer::new(&mut self.worker.response, self.config.form());
        writer.map(1 + usize::from(why.is_some()));
        writer.text("rc");
        writer.int(rc.into());
        if let Some(why) = why {
            writer.text("rsn");
            writer.text(why);
        }
        writer.end_map();
        if self.fits() {
            self.send(rc, true);
        } else {
            self.give_up_response(DropReason::NoResponse);
        }
    }

    /// An error of the group is a success to the packet: further requests in it are served (Zephyr
    /// 3.5 `smp.c`, `smp_add_cmd_err`).
    #[cold]
    #[inline(never)]
    fn send_err(&mut self, error: GroupError, also: Option<(&'static str, u64)>) {
        self.begin_response();
        let mut writer = Writer::new(&mut self.worker.response, self.config.form());
        writer.map(1 + usize::from(also.is_some()));
        writer.text("err");
        writer.map(2);
        writer.text("group");
        writer.uint(error.group.into());
        writer.text("rc");
        writer.uint(error.code.into());
        writer.end_map();
        if let Some((key, value)) = also {
            writer.text(key);
            writer.uint(value);
        }
        writer.end_map();
        if self.fits() {
            self.send(error.code.cast_signed(), false);
        } else {
            self.refuse(Rc::MessageTooLarge);
        }
    }

    fn send(&mut self, rc: i16, ends_packet: bool) {
        let worker = &mut self.worker;
        worker.ends_packet = ends_packet;
        put_len(&mut worker.response);
        let tag = worker.packet.tag;
        let len = worker.response.len();
        let origin = worker.packet.origin;
        if self.link.reach(origin).is_none() && matches!(origin, Origin::Bluetooth(_)) {
            return self.give_up_response(DropReason::Unreachable);
        }
        let crc32 = crc32fast::hash(&worker.response);
        self.trace(ServerEvent::Reply { tag, rc, len: len as u16, crc32 });
        if let Origin::Bluetooth(_) = origin {
            self.notify(0, len);
        } else {
            self.worker.phase = Phase::Ready;
        }
    }

    /// Hands the next notification of a response of `len` octets to the link layer, which has
    /// `sent` of them. Fragments carry no header of their own (Zephyr `smp_bt.c`,
    /// `smp_bt_tx_pkt`).
    pub(crate) fn notify(&mut self, sent: usize, len: usize) {
        let worker = &mut self.worker;
        let Some(att_mtu) = self.link.reach(worker.packet.origin) else {
            return self.give_up_response(DropReason::Unreachable);
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
    pub(crate) fn give_up_response(&mut self, reason: DropReason) {
        let tag = self.worker.packet.tag;
        self.trace(ServerEvent::Drop { tag, reason });
        self.free_response();
        self.close_packet();
    }

    fn free_response(&mut self) {
        if std::mem::take(&mut self.worker.has_buffer) {
            self.buffers.give();
        }
    }
}
