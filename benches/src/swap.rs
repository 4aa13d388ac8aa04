//! A swap-move of two images of 376 KiB with contents, by itself: flash and boot loader, no radio.

use flash_model::{
    BootConfig, BootIn, BootLoader, BootOut, Device, FlashIn, FlashOp, FlashOut, ImageSpec,
    ImageVersion, KnownBytes, Layout, Part, RadioSync, set_pending,
};
use sim_core::{Machine, Time};

/// Octets of each image.
pub const IMAGE_LEN: u32 = 376 * 1024;

/// A device whose slots hold two images, with a test of the second one asked for. With `known`
/// digests the boot loader's hashes are comparisons.
///
/// # Panics
/// Never: an erased trailer takes a request.
pub fn pending_device(known: bool) -> Device {
    let layout = Layout::nrf52840dk();
    let mut device = Device::new(Part::nrf52840(), RadioSync::None);
    for (n, slot) in (0u8..).zip(layout.slots) {
        let spec = ImageSpec {
            version: ImageVersion::new(1, n, 0),
            body_len: IMAGE_LEN - 0x200 - 40,
            seed: u32::from(n) + 1,
            ..ImageSpec::default()
        };
        let image = spec.build();
        device.load(slot.start, &image);
        if known {
            device.know(KnownBytes::new(&image[..image.len() - 40]));
        }
    }
    for op in set_pending(&device, &layout, false).expect("an erased trailer") {
        run_op(&mut device, Time::ZERO, op);
    }
    device
}

/// Boots the device to the end; returns the virtual time that took.
pub fn boot(device: &mut Device) -> Time {
    let mut boot = BootLoader::new(BootConfig::default(), Layout::nrf52840dk());
    let mut now = Time::ZERO;
    boot.handle(now, BootIn::Start, device);
    loop {
        match boot.poll() {
            Some(BootOut::Flash(op)) => {
                let (end, data) = run_op(device, now, op);
                now = end;
                boot.handle(now, BootIn::FlashDone { data }, device);
            }
            Some(BootOut::Jump(_)) => return now,
            Some(BootOut::Trace(_)) => {}
            None => match boot.deadline() {
                Some(due) => {
                    now = due;
                    boot.on_deadline(now, device);
                }
                None => return now,
            },
        }
    }
}

fn run_op(device: &mut Device, now: Time, op: FlashOp) -> (Time, Vec<u8>) {
    device.handle(now, FlashIn::Start(op), ());
    let end = device.deadline().unwrap_or(now);
    device.on_deadline(end, ());
    let mut back = Vec::new();
    while let Some(out) = device.poll() {
        if let FlashOut::Done { data } = out {
            back = data;
        }
    }
    (end, back)
}
