//! A swap-move of two images of 376 KiB with contents, by itself: flash and boot loader, no radio.

use flash_model::{
    BareDevice, BootConfig, BootResult, Device, ImageSpec, ImageVersion, KnownBytes, Layout, Part,
    RadioSync, set_pending,
};

/// Octets of each image.
pub const IMAGE_LEN: u32 = 376 * 1024;

/// A device whose slots hold two images, with a test of the second one asked for. With `known`
/// digests the boot loader's hashes are comparisons.
///
/// # Panics
/// Never: an erased trailer takes a request.
pub fn pending_device(known: bool) -> BareDevice {
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
    let mut bare = BareDevice::new(device);
    for op in set_pending(&bare.device, &layout, false).expect("an erased trailer") {
        bare.carry_out(op, &mut ()).expect("nobody cuts power");
    }
    bare
}

/// Boots the device to the end.
///
/// # Panics
/// Never: nothing lets its supply fail.
pub fn boot(bare: &mut BareDevice) -> BootResult {
    bare.boot(&BootConfig::default(), Layout::nrf52840dk(), &mut ()).expect("nobody cuts power")
}
