//! What an application and its SMP server do to a device, and what must come of it: uploads only
//! while the running image is confirmed and nothing is pending, requests, confirmations, reboots.

use crate::rig::{Log, PAGE, Rig, image};
use flash_model::{
    BootMode, BootResult, Flag, FlashOp, FlashView as _, Magic, Trailer, set_next, set_pending,
};

/// Something that happens to a device.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// An image of so many octets is uploaded; the version is higher or lower than the running one.
    Upload { len: u32, newer: bool },
    /// The upload stops in the middle.
    Partial { len: u32, percent: u32 },
    /// A swap is asked for; the power may fail at an operation of the request.
    Request { permanent: bool, cut: Option<usize> },
    /// The running image is confirmed.
    Confirm,
    /// The device boots; the power fails at these operations, one boot after the other, then a boot
    /// runs to its end.
    Boot { cuts: Vec<usize> },
}

/// A device with what is known about its images.
#[derive(Clone)]
pub(crate) struct Device {
    pub(crate) rig: Rig,
    /// Where the running image lies: 1 in direct-xip only.
    active: usize,
    running: Vec<u8>,
    confirmed: bool,
    /// The whole image in the other slot, and where it lies.
    other: Option<(u32, Vec<u8>)>,
    pending: Option<Pending>,
    version: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pending {
    Test,
    Permanent,
}

impl Device {
    /// A device with a running image that is confirmed.
    pub(crate) fn new(mut rig: Rig, len: u32) -> Self {
        let running = rig.put(0, 100, len);
        if rig.config.mode == (BootMode::DirectXip { revert: true }) {
            let ops = set_next(&rig.bare.device, rig.layout.primary(), true, true)
                .expect("a clean trailer");
            rig.run(ops, None, &mut Log::default()).expect("no cut was asked for");
        }
        let (confirmed, pending) = (true, None);
        Self { rig, active: 0, running, confirmed, other: None, pending, version: 100 }
    }

    /// Lets something happen, as far as it is lawful, and checks what must come of it.
    pub(crate) fn act(&mut self, act: &Act) {
        match *act {
            Act::Upload { len, newer } if self.may_upload() => {
                let image = self.next_image(len, newer);
                self.rig.upload(self.spare(), &image);
                self.pending = None;
                self.other = Some((self.rig.upload_at(self.spare()), image));
            }
            Act::Partial { len, percent } if self.may_upload() => {
                let image = self.next_image(len, true);
                let part = image.len() * percent as usize / 100;
                self.rig.upload(self.spare(), &image[..part / 32 * 32]);
                (self.other, self.pending) = (None, None);
            }
            Act::Request { permanent, cut } if self.confirmed => {
                self.request(permanent, cut);
            }
            Act::Confirm => self.confirm(),
            Act::Boot { ref cuts } => self.boot(cuts),
            _ => {}
        }
    }

    fn may_upload(&self) -> bool {
        let waits = self.pending.is_some() && (!self.is_xip() || self.other_wins());
        self.confirmed && !waits
    }

    fn spare(&self) -> usize {
        1 - self.active
    }

    fn mode(&self) -> BootMode {
        self.rig.config.mode
    }

    fn is_xip(&self) -> bool {
        matches!(self.mode(), BootMode::DirectXip { .. })
    }

    fn next_image(&mut self, len: u32, newer: bool) -> Vec<u8> {
        let running = self.running[20];
        self.version = if newer { running + 1 } else { running - 1 };
        image(self.version, len)
    }

    fn request(&mut self, permanent: bool, cut: Option<usize>) {
        let spare = self.rig.layout.slots[self.spare()];
        let device = &self.rig.bare.device;
        let ops: Vec<FlashOp> = match self.mode() {
            BootMode::DirectXip { revert: true } => {
                set_next(device, spare, false, permanent).expect("a clean trailer")
            }
            BootMode::DirectXip { revert: false } => return,
            _ => set_pending(device, &self.rig.layout, permanent).expect("a clean trailer"),
        };
        let cut = self.rig.run(ops, cut, &mut Log::default()).is_err();
        let Trailer { magic, image_ok, copy_done, .. } = self.rig.trailer(self.spare());
        self.pending = match (magic, image_ok, copy_done) {
            (Magic::Good, Flag::Set, _) => Some(Pending::Permanent),
            // Direct-xip: a trial that is over before its start.
            (Magic::Good, _, Flag::Set) => None,
            (Magic::Good, ..) => Some(Pending::Test),
            _ => None,
        };
        if cut {
            self.boot(&[]);
        }
    }

    fn confirm(&mut self) {
        let active = self.rig.layout.slots[self.active];
        if self.mode() == (BootMode::DirectXip { revert: true }) {
            let ops = set_next(&self.rig.bare.device, active, true, true).expect("a clean trailer");
            self.rig.run(ops, None, &mut Log::default()).expect("no cut was asked for");
        } else if !self.is_xip() {
            self.rig.confirm();
        }
        self.confirmed = true;
    }

    fn boot(&mut self, cuts: &[usize]) {
        let mut resumed = false;
        for &cut in cuts {
            if resumed && self.is_fragile() {
                break;
            }
            let mut log = Log::default();
            if let Ok(result) = self.rig.boot(Some(cut), &mut log) {
                self.booted(result, &log, resumed);
                resumed = false;
            } else {
                self.check_rest(&log);
                resumed = true;
            }
        }
        let (result, log) = self.rig.boot_through();
        self.booted(result, &log, resumed);
    }

    /// Swap-offset may stop at an assertion when a second cut follows a first one at the start of a
    /// revert.
    fn is_fragile(&self) -> bool {
        self.mode() == BootMode::SwapOffset && !self.confirmed
    }

    /// A confirmed image that nobody wants to replace lies untouched.
    fn check_rest(&self, log: &Log) {
        if self.confirmed && self.pending.is_none() && !self.is_xip() {
            let primary = self.rig.layout.primary();
            assert!(!log.touched(primary), "{:?}", log.lines);
        }
        if self.confirmed && self.pending.is_none() && self.is_xip() && !self.other_wins() {
            assert!(!log.touched(self.rig.layout.slots[self.active]), "{:?}", log.lines);
        }
    }

    /// Whether direct-xip prefers the other slot by its version.
    fn other_wins(&self) -> bool {
        let Some((_, other)) = &self.other else { return false };
        let (old, new) = (self.running[20], other[20]);
        new > old || new == old && self.spare() == 0
    }

    fn booted(&mut self, result: BootResult, log: &Log, resumed: bool) {
        self.check_rest(log);
        match self.mode() {
            BootMode::DirectXip { revert } => self.chosen(revert),
            _ => self.upgraded(),
        }
        let BootResult::Booted { slot, version, .. } = result else { panic!("{result:?}") };
        assert_eq!(usize::from(slot), self.active);
        assert_eq!(version.major, self.running[20]);
        assert!(self.lies(self.rig.layout.slots[self.active].start, &self.running), "running");
        if let Some((at, other)) = &self.other
            && !self.lies(*at, other)
        {
            assert!(resumed && self.loses_the_longer_image(other), "the other image, at {at:#x}");
            self.other = None;
        }
    }

    /// Swap-offset, taking up a swap in its last page, mistakes the image that has come for the one
    /// that goes: of a longer image that goes, the last page may not be copied.
    fn loses_the_longer_image(&self, other: &[u8]) -> bool {
        let pages = |image: &[u8]| image.len().div_ceil(PAGE as usize);
        self.mode() == BootMode::SwapOffset && pages(other) > pages(&self.running) + 1
    }

    fn lies(&self, at: u32, image: &[u8]) -> bool {
        self.rig.bare.device.bytes(at, image.len() as u32) == image
    }

    /// What a boot of a mode that copies must have done.
    fn upgraded(&mut self) {
        let pending = self.pending.take();
        if pending.is_none() && self.confirmed {
            return;
        }
        let slot = self.rig.layout.secondary().start;
        let Some((at, image)) = self.other.take() else {
            // Nothing to go back to: the trial stays what it is.
            assert!(self.confirmed || self.mode() == BootMode::SwapOffset);
            return;
        };
        // Swap-offset keeps the old image where no upload may lie, and refuses to swap it in again.
        let refused = pending.is_some() && at != self.rig.upload_at(1);
        if refused {
            return;
        }
        let old = std::mem::replace(&mut self.running, image);
        if self.mode().swaps() {
            let reverted = pending.is_none();
            self.other = Some((if reverted { self.rig.upload_at(1) } else { slot }, old));
        }
        self.confirmed = pending != Some(Pending::Test) || !self.mode().swaps();
    }

    /// What a boot of direct-xip must have chosen.
    fn chosen(&mut self, revert: bool) {
        let pending = self.pending.take();
        if !self.confirmed {
            // The trial is over: its image is erased and the old one runs.
            let (_, old) = self.other.take().expect("a trial has an image to go back to");
            self.running = old;
            self.active = self.spare();
            self.confirmed = true;
        } else if self.other_wins() {
            let (_, new) = self.other.take().expect("it wins");
            if revert && pending.is_none() {
                return;
            }
            let old = std::mem::replace(&mut self.running, new);
            self.other = Some((self.rig.layout.slots[self.active].start, old));
            self.active = self.spare();
            self.confirmed = !revert || pending == Some(Pending::Permanent);
        } else {
            // An image of a lower version keeps its mark, but not its turn.
            self.pending = pending;
        }
    }
}
