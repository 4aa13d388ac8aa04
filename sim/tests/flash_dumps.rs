//! Dumps of any content: whatever lies in flash, the report comes.

use flash_model::{
    Area, BootConfig, BootMode, Geometry, ImageSpec, ImageVersion, Layout, Part, SwapType,
};
use proptest::prelude::*;
use sim::flash_dump::{Dump, FlashReport, Setup, inspect};

const PAGE: u32 = 0x1000;

/// Two slots of eight pages each, a scratch area of two, and the last page for storage.
fn setup(mode: BootMode, write_size: u32) -> Setup {
    let layout = Layout {
        boot: Area::new(0, 0),
        slots: [Area::new(0, 8 * PAGE), Area::new(8 * PAGE, 8 * PAGE)],
        scratch: Some(Area::new(16 * PAGE, 2 * PAGE)),
        storage: Some(Area::new(18 * PAGE, PAGE)),
    };
    let geometry = Geometry { size: 19 * PAGE, page: PAGE, write_size };
    let part = Part { geometry, ..Part::nrf52840() };
    Setup { part, layout, boot: BootConfig { mode, max_sectors: 8, ..BootConfig::default() } }
}

fn look(bytes: &[u8], setup: &Setup) -> FlashReport {
    setup.check().expect("a device that can be");
    inspect(&Dump::read(bytes, None, setup).expect("the whole flash"), setup)
}

fn image(major: u8, body_len: u32) -> Vec<u8> {
    let version = ImageVersion::new(major, 0, 0);
    ImageSpec { version, body_len, seed: u32::from(major), ..ImageSpec::default() }.build()
}

/// Images, or beginnings of them, at the places where boot loaders look.
fn with_images(lens: [usize; 3]) -> Vec<u8> {
    let mut bytes = vec![0xff; 19 * PAGE as usize];
    for (n, (at, len)) in [0, 8 * PAGE, 9 * PAGE].into_iter().zip(lens).enumerate() {
        let image = image(n as u8 + 1, 3000 * (n as u32 + 1));
        let len = len.min(image.len());
        bytes[at as usize..][..len].copy_from_slice(&image[..len]);
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_content_gives_a_report_whose_phases_add_up(
        mode in prop::sample::select(BootMode::ALL.to_vec()),
        write_size in prop::sample::select(vec![4u32, 8, 16, 32]),
        lens in prop::array::uniform3(prop::sample::select(vec![0usize, 4, 40, 100_000])),
        pokes in prop::collection::vec(
            (prop::sample::select(vec![0u32, 8, 9, 16]), 0u32..48, any::<u32>()), 0..4),
        good in prop::array::uniform2(any::<[bool; 3]>()),
        tail in prop::array::uniform2(prop::collection::vec(
            prop::sample::select(vec![0xff_u8, 1, 2, 3, 0x13, 0]), 0..300)),
    ) {
        let setup = setup(mode, write_size);
        let mut bytes = with_images(lens);
        for (page, at, value) in pokes {
            bytes[(page * PAGE + at) as usize..][..4].copy_from_slice(&value.to_le_bytes());
        }
        for (slot, [magic, ok, done]) in setup.layout.slots.into_iter().zip(good) {
            let map = setup.boot.trailer_map(slot, &setup.part.geometry);
            let end = slot.end() as usize;
            let random = &tail[usize::from(slot.start > 0)];
            bytes[end - 16 - random.len()..end - 16].copy_from_slice(random);
            if magic {
                let octets = trailer_magic(write_size);
                bytes[end - 16..end].copy_from_slice(&octets);
            }
            for (set, field) in [
                (ok, flash_model::Field::ImageOk), (done, flash_model::Field::CopyDone),
            ] {
                if set {
                    bytes[map.at(field) as usize] = 1;
                }
            }
        }
        let report = look(&bytes, &setup);
        let run = &report.next_boot.run;
        prop_assert_eq!(run.phases.iter().map(|p| p.time.as_ns()).sum::<u64>(), run.time.as_ns());
        prop_assert_eq!(run.ending.booted(), report.next_boot.then.is_some());
        prop_assert_eq!(run.ending.booted(), run.ending.version.is_some());
    }
}

/// The magic as MCUboot writes it for this alignment.
fn trailer_magic(write_size: u32) -> [u8; 16] {
    let setup = setup(BootMode::SwapMove, write_size);
    let device = flash_model::Device::new(setup.part, flash_model::RadioSync::None);
    let ops = flash_model::set_pending(&device, &setup.layout, false).expect("an erased trailer");
    let Some(flash_model::FlashOp::Write { data, .. }) = ops.into_iter().next() else {
        panic!("a request begins with the magic")
    };
    *data.last_chunk().expect("sixteen octets")
}

#[test]
fn the_row_and_the_run_agree_on_a_plain_request() {
    let setup = setup(BootMode::SwapMove, 4);
    let mut bytes = with_images([100_000, 0, 0]);
    let second = image(2, 5000);
    bytes[8 * PAGE as usize..][..second.len()].copy_from_slice(&second);
    let end = setup.layout.secondary().end() as usize;
    bytes[end - 16..end].copy_from_slice(&trailer_magic(4));
    let report = look(&bytes, &setup);
    assert_eq!(report.decision.swap, SwapType::Test);
    assert_eq!(report.next_boot.run.ending.swap, SwapType::Test);
    let then = report.next_boot.then.expect("it boots");
    assert_eq!(then.swap, SwapType::Revert);
    let kept = report.next_boot.then_if_confirmed.expect("it boots");
    assert_eq!((kept.swap, kept.version.as_deref()), (SwapType::None, Some("2.0.0+0")));
}
