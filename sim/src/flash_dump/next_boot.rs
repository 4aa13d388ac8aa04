//! The next boot, and the one after it.

use super::Setup;
use super::boot_run::{BootRun, Ending};
use flash_model::{BareDevice, BootMode, Device, FlashOp, RadioSync, set_confirmed, set_next};
use serde::Serialize;

/// What the next boot does and what follows from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NextBoot {
    /// The boot itself.
    #[serde(flatten)]
    pub run: BootRun,
    /// How the boot after it ends when the application does nothing; `None` when none runs.
    pub then: Option<Ending>,
    /// The same when the application confirms itself first; `None` when none runs, or a trailer
    /// forbids it.
    pub then_if_confirmed: Option<Ending>,
}

/// A device with these contents.
pub(super) fn device(bytes: &[u8], setup: &Setup) -> Device {
    let mut device = Device::new(setup.part, RadioSync::None);
    device.load(0, bytes);
    device
}

impl NextBoot {
    /// Boots a copy of the device.
    pub(super) fn of(device: &Device, setup: &Setup) -> Self {
        let mut first = BareDevice::new(device.clone());
        let run = BootRun::of(&mut first, setup);
        let slot = run.ending.slot;
        let then = slot.map(|_| BootRun::of(&mut first.clone(), setup).ending);
        let confirmed = slot.and_then(|slot| confirmation(&first.device, setup, slot));
        let then_if_confirmed = confirmed.map(|ops| {
            for op in ops {
                first.carry_out(op, &mut ()).expect("nobody cuts power");
            }
            BootRun::of(&mut first, setup).ending
        });
        Self { run, then, then_if_confirmed }
    }
}

/// What an application that runs from this slot writes to confirm itself.
fn confirmation(device: &Device, setup: &Setup, slot: u8) -> Option<Vec<FlashOp>> {
    let layout = &setup.layout;
    if setup.boot.mode == (BootMode::DirectXip { revert: true }) {
        return set_next(device, layout.slots[usize::from(slot)], true, true).ok();
    }
    set_confirmed(device, layout).ok()
}
