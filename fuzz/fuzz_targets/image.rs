//! MCUboot images: header, TLVs and hashes of any octets, and what boot loader and server make of
//! them in a slot.

#![no_main]

use flash_model::{Area, Device, HashScan, ImageInfo, Part, RadioSync, slot_image_by};
use libfuzzer_sys::fuzz_target;
use sim::image_file::ImageFile;

fuzz_target!(|input: &[u8]| {
    if let Ok(info) = ImageInfo::parse(input) {
        assert!(info.total_len as usize <= input.len());
        let _ = info.verify(input);
        let _ = format!("{info:?}");
    }
    let _ = ImageFile::sound(input.to_vec());
    let mut flash = Device::new(Part::nrf52833(), RadioSync::None);
    let slot = Area::new(0x1000, 0x4000);
    flash.load(slot.start, &input[..input.len().min(slot.len as usize)]);
    for scan in [HashScan::OctetTypes, HashScan::IntoHash, HashScan::OverHash] {
        let _ = slot_image_by(&flash, slot, scan);
    }
});
