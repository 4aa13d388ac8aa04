//! Whatever arrives over whichever transport: the server does not panic, writes nowhere but into the
//! upload slot, the trailers and the storage partition, and answers a good request afterwards.
//!
//! Octets of the input: transport, era, options, buffers; then messages, each with a head: how long
//! it is, and whether the server gets time before the next one.

#![no_main]

use flash_model::{
    Device, FlashIn, FlashOp, FlashOut, ImageSpec, ImageVersion, Layout, Part, RadioSync,
};
use libfuzzer_sys::fuzz_target;
use server_model::{EraseMode, Profile, Server, ServerConfig, ServerEvent, ServerIn, ServerOut};
use sim_core::{Machine, Sdu, Span, Time};
use smp_wire::group;
use std::sync::LazyLock;

const ECHO: &[u8] = b"\x02\0\0\x06\0\0\x77\0\xa1\x61d\x62hi";

/// The peer that asks at the end; no input comes from it.
const LAST_PEER: u32 = 1;

fuzz_target!(|input: &[u8]| {
    let Some((&[transport, era, options, buffers], messages)) = input.split_first_chunk() else {
        return;
    };
    let config = config(era, options, buffers, transport);
    let mut bench = Bench::new(config);
    bench.feed(transport, messages);
    bench.must_answer();
});

fn config(era: u8, options: u8, buffers: u8, transport: u8) -> ServerConfig {
    let on = |bit: u8| options & (1 << bit) != 0;
    ServerConfig {
        profile: Profile::ALL[usize::from(era) % Profile::ALL.len()],
        buf_size: [64, 384, 1024, 2475][usize::from(buffers) % 4],
        // Each transport may pin one for good.
        buf_count: 6 + u32::from(buffers >> 6),
        reassembly: transport % 6 == 0,
        stat: true,
        settings: true,
        fs: true,
        shell: true,
        enumeration: true,
        taskstat: true,
        info: true,
        datetime: true,
        bootloader_info: true,
        reset_boot_mode: true,
        params: true,
        erase_storage: true,
        slot_info: true,
        legacy_rc: on(0),
        verbose_errors: on(1),
        frugal_list: on(2),
        canonical: on(3),
        erase: if on(4) { EraseMode::Progressive } else { EraseMode::UpFront },
        allow_erase_pending: !on(5),
        image_check: on(6),
        direct_upload: on(7),
        layout: Layout::nrf52833dk(),
        ..ServerConfig::default()
    }
}

/// Flash with an image in each slot.
static FLASH: LazyLock<Device> = LazyLock::new(|| {
    let mut flash = Device::new(Part::nrf52833(), RadioSync::None);
    for (n, slot) in Layout::nrf52833dk().slots.iter().enumerate() {
        let version = ImageVersion::new(1, 0, n as u16);
        let spec = ImageSpec {
            version,
            hdr_size: 32,
            body_len: 1_000,
            seed: n as u32,
            ..ImageSpec::default()
        };
        flash.load(slot.start, &spec.build());
    }
    flash
});

/// A server, its flash, and a world that answers at once.
struct Bench {
    server: Server,
    flash: Device,
    now: Time,
    flash_now: Time,
    tag: u32,
    last: (u16, u8),
    resets: bool,
    datagrams: Vec<(u32, Vec<u8>)>,
}

impl Bench {
    fn new(config: ServerConfig) -> Self {
        let mut bench = Self {
            server: Server::new(config),
            flash: FLASH.clone(),
            now: Time::ZERO,
            flash_now: Time::ZERO,
            tag: 0,
            last: (0, 0),
            resets: false,
            datagrams: Vec::new(),
        };
        bench.start();
        bench
    }

    fn start(&mut self) {
        self.input(ServerIn::Start);
        self.input(ServerIn::Subscribed { att_mtu: 498 });
    }

    /// Hands the messages over, one by one.
    fn feed(&mut self, transport: u8, mut rest: &[u8]) {
        while let Some((&[low, high], after)) = rest.split_first_chunk() {
            let len = usize::from(low) | usize::from(high & 0x0f) << 8;
            let (message, after) = after.split_at(len.min(after.len()));
            rest = after;
            self.tag += 1;
            let sdu = Sdu { tag: self.tag, bytes: message.to_vec() };
            self.input(match transport % 6 {
                0 | 1 => ServerIn::Write(sdu),
                2 => ServerIn::Datagram { peer: 0, sdu: sdu.into() },
                3 => ServerIn::Serial(sdu.into()),
                4 => ServerIn::Shell(sdu.into()),
                _ => ServerIn::RawSerial(sdu.into()),
            });
            match high >> 4 {
                0 => {}
                1 => self.advance(Span::from_ms(300)),
                2 => self.input(ServerIn::Unsubscribed),
                3 => self.input(ServerIn::Subscribed { att_mtu: 23 }),
                _ => self.advance(Span::from_us(1)),
            }
        }
    }

    /// A good request is answered, but by a server that a known fault has stopped.
    fn must_answer(&mut self) {
        // Also the reset of an answered request is over then.
        self.advance(Span::from_s(2));
        if self.last == (group::ENUM, group::enumeration::DETAILS) && !self.server.idle() {
            return;
        }
        assert!(self.server.idle(), "the server hangs");
        self.datagrams.clear();
        self.tag += 1;
        let sdu = Sdu { tag: self.tag, bytes: ECHO.to_vec() };
        self.input(ServerIn::Datagram { peer: LAST_PEER, sdu: sdu.into() });
        self.advance(Span::from_ms(1));
        let answered = self.datagrams.iter().any(|(peer, bytes)| {
            *peer == LAST_PEER && bytes[6] == 0x77 && bytes.windows(2).any(|two| two == b"hi")
        });
        // A definite echo is all that a canonical decoder takes, and that is what is sent.
        assert!(answered, "no answer: {:?}", self.datagrams);
    }

    fn input(&mut self, input: ServerIn) {
        self.server.handle(self.now, input, &self.flash);
        self.carry_out();
    }

    fn advance(&mut self, span: Span) {
        let until = self.now + span;
        while let Some(due) = self.server.deadline().filter(|&due| due <= until) {
            self.now = self.now.max(due);
            self.server.on_deadline(self.now, &self.flash);
            self.carry_out();
        }
        self.now = until;
    }

    fn carry_out(&mut self) {
        while let Some(out) = self.server.poll() {
            match out {
                ServerOut::Notify(sdu) => {
                    self.server.handle(self.now, ServerIn::Notified { tag: sdu.tag }, &self.flash);
                }
                ServerOut::Datagram { peer, sdu } => self.datagrams.push((peer, sdu.bytes)),
                ServerOut::Flash(op) => {
                    let data = self.carry_out_flash(op);
                    self.server.handle(self.now, ServerIn::FlashDone { data }, &self.flash);
                }
                ServerOut::Reset => self.resets = true,
                ServerOut::Trace(ServerEvent::Take { group, id, .. }) => self.last = (group, id),
                _ => {}
            }
        }
        if std::mem::take(&mut self.resets) {
            self.start();
        }
    }

    fn carry_out_flash(&mut self, op: FlashOp) -> Vec<u8> {
        let config = self.server.config();
        let at = op.at();
        let [slot0, slot1] = config.layout.slots;
        let in_storage = config.layout.storage.is_some_and(|storage| storage.contains(at));
        let in_slot0 = slot0.contains(at) && (config.direct_upload || at + 4096 >= slot0.end());
        assert!(slot1.contains(at) || in_slot0 || in_storage, "{op:?} is none of its business");
        self.flash.handle(self.flash_now, FlashIn::Start(op), ());
        if let Some(due) = self.flash.deadline() {
            self.flash_now = due;
            self.flash.on_deadline(due, ());
        }
        let mut buffer = Vec::new();
        while let Some(out) = self.flash.poll() {
            if let FlashOut::Done { data } = out {
                buffer = data;
            }
        }
        buffer
    }
}
