//! A device without radio and world: runs operations and boots to their end, or to a power cut.

use flash_model::{
    Area, BareDevice, BootConfig, BootEvent, BootMode, BootResult, Cut, Device, EXTERNAL_BASE,
    FlashEvent, FlashOp, FlashView as _, Geometry, ImageSpec, ImageVersion, Layout, OpKind, Part,
    PowerFailed, RadioSync, Trailer, Watch, set_confirmed, set_pending,
};
use sim_core::Time;

pub(crate) const PAGE: u32 = 4096;

#[derive(Clone)]
pub(crate) struct Rig {
    pub(crate) bare: BareDevice,
    pub(crate) layout: Layout,
    pub(crate) config: BootConfig,
    /// How the operation is left at which the power fails.
    pub(crate) cut: Cut,
    /// When the power fails, in thousandths of that operation's time.
    pub(crate) cut_after: u32,
}

/// What a small device is like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) mode: BootMode,
    /// Pages of the primary and the secondary slot.
    pub(crate) pages: [u32; 2],
    /// Pages of the scratch area; 0 for none.
    pub(crate) scratch: u32,
    pub(crate) write_size: u32,
    pub(crate) max_sectors: u32,
    pub(crate) memory: Memory,
}

/// What a small device keeps its slots in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Memory {
    /// NOR flash on the chip.
    Nor,
    /// Resistive memory on the chip, which needs no erase.
    Rram,
    /// NOR flash on the chip, but for the secondary slot, which lies in an external part.
    External,
}

/// What happened in a step.
#[derive(Default)]
pub(crate) struct Log {
    /// Flash operations: `E address length` and `W address length crc32`.
    pub(crate) lines: Vec<String>,
    /// First address of each of them.
    pub(crate) starts: Vec<u32>,
    pub(crate) erases: usize,
    pub(crate) writes: usize,
    pub(crate) written: u64,
    /// What the boot loader said.
    pub(crate) events: Vec<BootEvent>,
}

impl Shape {
    /// Two slots of so many pages, a scratch area of two where one is needed, words of 4 octets.
    pub(crate) fn new(mode: BootMode, pages: u32) -> Self {
        let scratch = if mode == BootMode::SwapScratch { 2 } else { 0 };
        let memory = Memory::Nor;
        Self { mode, pages: [pages; 2], scratch, write_size: 4, max_sectors: 128, memory }
    }

    /// A part just large enough, erased; hashing for free.
    pub(crate) fn rig(self) -> Rig {
        let [primary, secondary, scratch] =
            [self.pages[0], self.pages[1], self.scratch].map(|pages| pages * PAGE);
        let external = self.memory == Memory::External;
        let second = if external { EXTERNAL_BASE } else { primary };
        let slots = [Area::new(0, primary), Area::new(second, secondary)];
        let behind = if external { primary } else { primary + secondary };
        let layout = Layout {
            boot: Area::new(0, 0),
            slots,
            scratch: (scratch > 0).then(|| Area::new(behind, scratch)),
            storage: None,
        };
        let geometry = Geometry { size: behind + scratch, page: PAGE, write_size: self.write_size };
        let config = BootConfig {
            mode: self.mode,
            max_sectors: self.max_sectors,
            sha_bytes_per_s: 0,
            ..BootConfig::default()
        };
        let part = match self.memory {
            Memory::Rram => Part::nrf54l15(),
            Memory::Nor | Memory::External => Part::nrf52840(),
        };
        let geometry = |size| Geometry { size, ..geometry };
        let chip = Part { geometry: geometry(behind + scratch), ..part };
        let outside = Part { geometry: geometry(secondary), ..Part::mx25r6435f() };
        Rig::with_external(chip, external.then_some(outside), layout, config)
    }
}

impl Rig {
    pub(crate) fn new(part: Part, layout: Layout, config: BootConfig) -> Self {
        Self::with_external(part, None, layout, config)
    }

    fn with_external(
        part: Part,
        external: Option<Part>,
        layout: Layout,
        config: BootConfig,
    ) -> Self {
        let outside = external.map(|part| Area::new(EXTERNAL_BASE, part.geometry.size));
        layout.check_with(&part.geometry, outside).expect("the layout of the test");
        let mut device = Device::new(part, RadioSync::None);
        if let Some(external) = external {
            device = device.with_external(external);
        }
        Self { bare: BareDevice::new(device), layout, config, cut: Cut::Atomic, cut_after: 0 }
    }

    /// A device for swap-move with two slots of so many pages.
    pub(crate) fn small(pages: u32) -> Self {
        Shape::new(BootMode::SwapMove, pages).rig()
    }

    /// Puts an image of so many octets into a slot, where the boot loader looks for it, and returns
    /// it.
    pub(crate) fn put(&mut self, slot: usize, major: u8, total_len: u32) -> Vec<u8> {
        let image = image(major, total_len);
        self.load(slot, &image);
        image
    }

    /// Puts octets into an erased slot: into the secondary one where an upload goes.
    pub(crate) fn load(&mut self, slot: usize, octets: &[u8]) {
        let at = self.upload_at(slot);
        self.bare.device.load(at, octets);
    }

    /// Erases a slot and puts octets there, as an upload does; no time, no wear.
    pub(crate) fn upload(&mut self, slot: usize, octets: &[u8]) {
        self.bare.device.clear(self.layout.slots[slot]);
        self.load(slot, octets);
    }

    /// Where the image in a slot begins.
    pub(crate) fn upload_at(&self, slot: usize) -> u32 {
        let offset =
            if slot == 0 { 0 } else { self.config.upload_offset(&self.bare.device.geometry()) };
        self.layout.slots[slot].start + offset
    }

    /// What the trailer of a slot says.
    pub(crate) fn trailer(&self, slot: usize) -> Trailer {
        let map = self.config.trailer_map(self.layout.slots[slot], &self.bare.device.geometry());
        Trailer::read_at(&self.bare.device, &map)
    }

    /// Changes the contents of an area from outside.
    pub(crate) fn edit(&mut self, area: Area, change: impl FnOnce(&mut [u8])) {
        let mut bytes = self.bare.device.bytes(area.start, area.len).to_vec();
        change(&mut bytes);
        self.bare.device.clear(area);
        self.bare.device.load(area.start, &bytes);
    }

    /// Asks for a swap as an application does.
    pub(crate) fn request(&mut self, permanent: bool) {
        let ops = set_pending(&self.bare.device, &self.layout, permanent).expect("a clean trailer");
        self.run(ops, None, &mut Log::default()).expect("no cut was asked for");
    }

    /// Confirms the running image as an application does.
    pub(crate) fn confirm(&mut self) {
        let ops = set_confirmed(&self.bare.device, &self.layout).expect("a clean trailer");
        self.run(ops, None, &mut Log::default()).expect("no cut was asked for");
    }

    /// Boots until the power fails at operation number `cut`.
    pub(crate) fn boot_cut_at(&mut self, cut: usize) {
        self.boot(Some(cut), &mut Log::default()).expect_err("the boot has more operations");
    }

    /// Runs operations in order; the power goes at operation number `cut`, from 1.
    pub(crate) fn run(
        &mut self,
        ops: Vec<FlashOp>,
        cut: Option<usize>,
        log: &mut Log,
    ) -> Result<(), PowerFailed> {
        let mut watch = self.watch(cut, log);
        ops.into_iter().try_for_each(|op| self.bare.carry_out(op, &mut watch).map(drop))
    }

    /// Runs the boot loader to its end or to the cut.
    pub(crate) fn boot(
        &mut self,
        cut: Option<usize>,
        log: &mut Log,
    ) -> Result<BootResult, PowerFailed> {
        let mut watch = self.watch(cut, log);
        self.bare.boot(&self.config, self.layout, &mut watch)
    }

    fn watch<'l>(&self, at: Option<usize>, log: &'l mut Log) -> CutAt<'l> {
        CutAt { at, how: (self.cut, self.cut_after), log }
    }

    /// Boots without a cut.
    pub(crate) fn boot_through(&mut self) -> (BootResult, Log) {
        let mut log = Log::default();
        let result = self.boot(None, &mut log).expect("no cut was asked for");
        (result, log)
    }

    /// Whether the octets lie at the start of a slot.
    pub(crate) fn holds(&self, slot: usize, bytes: &[u8]) -> bool {
        self.bare.device.bytes(self.layout.slots[slot].start, bytes.len() as u32) == bytes
    }
}

/// Logs, and lets the power fail at one operation.
struct CutAt<'l> {
    at: Option<usize>,
    how: (Cut, u32),
    log: &'l mut Log,
}

impl Watch for CutAt<'_> {
    fn before(&mut self, _bare: &BareDevice, _op: &FlashOp) -> Option<(Cut, u32)> {
        (self.at == Some(self.log.lines.len() + 1)).then_some(self.how)
    }

    fn flash(&mut self, _device: &Device, _now: Time, event: FlashEvent) {
        self.log.note(event);
    }

    fn boot(&mut self, event: BootEvent) {
        self.log.events.push(event);
    }
}

impl Log {
    /// Whether an operation changed something in an area.
    pub(crate) fn touched(&self, area: Area) -> bool {
        self.starts.iter().any(|&at| area.contains(at))
    }

    fn note(&mut self, event: FlashEvent) {
        if let FlashEvent::Start { at, .. } = event {
            self.starts.push(at);
        }
        match event {
            FlashEvent::Start { kind: OpKind::Erase, at, len, .. } => {
                self.erases += 1;
                self.lines.push(format!("E {at:x} {len:x}"));
            }
            FlashEvent::Start { at, len, crc, .. } => {
                self.writes += 1;
                self.written += u64::from(len);
                self.lines.push(format!("W {at:x} {len:x} {crc:08x}"));
            }
            _ => {}
        }
    }
}

/// An image of version `major`.0.0 and so many octets.
pub(crate) fn image(major: u8, total_len: u32) -> Vec<u8> {
    let empty = ImageSpec::default();
    let body_len = total_len - empty.total_len();
    let version = ImageVersion::new(major, 0, 0);
    ImageSpec { version, body_len, seed: u32::from(major), ..empty }.build()
}
