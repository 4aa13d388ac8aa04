//! What no lawful use and no power cut may do to a device.

use crate::lawful::{Act, Device};
use crate::rig::{Log, Memory, PAGE, Rig, Shape};
use flash_model::{BootMode, BootResult, Cut, FlashView as _};
use proptest::prelude::*;

const COPYING: [BootMode; 5] = [
    BootMode::SwapMove,
    BootMode::SwapOffset,
    BootMode::SwapScratch,
    BootMode::OverwriteOnly { fast: true },
    BootMode::OverwriteOnly { fast: false },
];

const XIP: [BootMode; 2] =
    [BootMode::DirectXip { revert: false }, BootMode::DirectXip { revert: true }];

/// Devices of 7 to 12 pages a slot, unequal where the mode takes that, with trailers of one page or
/// two, in any memory.
fn shape(modes: impl Strategy<Value = BootMode>) -> impl Strategy<Value = Shape> {
    let write_size = prop_oneof![3 => Just(4u32), 2 => Just(8), 1 => Just(16), 1 => Just(32)];
    let memory = prop_oneof![Just(Memory::Nor), Just(Memory::Rram), Just(Memory::External)];
    (modes, 7u32..12, any::<bool>(), 1u32..5, write_size, 12u32..140, memory).prop_map(
        |(mode, pages, unequal, scratch, write_size, max_sectors, memory)| {
            let mut shape = Shape::new(mode, pages);
            match mode {
                BootMode::SwapMove if unequal => shape.pages[0] += 1,
                BootMode::SwapOffset if unequal => shape.pages[1] += 1,
                BootMode::SwapScratch => shape.scratch = scratch,
                _ => {}
            }
            // A trailer of more than two pages leaves no room for an image.
            let max_sectors = max_sectors.min(8000 / (3 * write_size));
            Shape { write_size, max_sectors, memory, ..shape }
        },
    )
}

/// Lengths by what they mean: thousandths of the longest image, and page boundaries.
#[derive(Clone, Copy, Debug)]
enum Len {
    Part(u32),
    Pages(u32),
    Longest,
}

fn len() -> impl Strategy<Value = Len> {
    prop_oneof![
        6 => (0u32..1000).prop_map(Len::Part),
        2 => (1u32..12).prop_map(Len::Pages),
        1 => Just(Len::Longest),
    ]
}

/// The shortest image. Swap-offset, taking up a swap in its last page, looks for the old header in the
/// primary slot; with images of one page that page is erased by then, and nothing boots any more. No
/// firmware is that short.
fn least(rig: &Rig) -> u32 {
    if rig.config.mode == BootMode::SwapOffset { PAGE + 560 } else { 560 }
}

impl Len {
    fn octets(self, rig: &Rig) -> u32 {
        let geometry = rig.bare.device.geometry();
        let longest = rig.config.max_image_len(&rig.layout, &geometry);
        match self {
            Self::Part(thousandths) => {
                let least = least(rig);
                least + (longest - least) * thousandths / 1000
            }
            Self::Pages(pages) => (pages * PAGE).max(least(rig)).min(longest),
            Self::Longest => longest,
        }
    }
}

fn act() -> impl Strategy<Value = (Act, Len)> {
    let cut = prop_oneof![Just(None), (1usize..4).prop_map(Some)];
    let cuts = prop::collection::vec(1usize..90, 0..4);
    let what = prop_oneof![
        3 => any::<bool>().prop_map(|newer| Act::Upload { len: 0, newer }),
        1 => (1u32..100).prop_map(|percent| Act::Partial { len: 0, percent }),
        4 => (any::<bool>(), cut)
            .prop_map(|(permanent, cut)| Act::Request { permanent, cut }),
        2 => Just(Act::Confirm),
        5 => cuts.prop_map(|cuts| Act::Boot { cuts }),
    ];
    (what, len())
}

/// Lets everything happen on one device and returns it with the longest lengths used.
fn live(shape: Shape, first: Len, acts: &[(Act, Len)]) -> (Device, Vec<u32>) {
    let rig = shape.rig();
    let mut lens = vec![first.octets(&rig)];
    let mut device = Device::new(rig, lens[0]);
    for (act, len) in acts {
        let octets = len.octets(&device.rig);
        let act = match *act {
            Act::Upload { newer, .. } => Act::Upload { len: octets, newer },
            Act::Partial { percent, .. } => Act::Partial { len: octets, percent },
            ref other => other.clone(),
        };
        lens.push(octets);
        device.act(&act);
    }
    device.act(&Act::Boot { cuts: Vec::new() });
    (device, lens)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever an application lawfully does and wherever the power fails between two operations:
    /// one more boot runs the image that it would have run without the cut, whole; the image it
    /// replaced is whole too; a revert brings the old image back; a confirmed image is not touched
    /// without a request; and no word is written more often than the part endures.
    ///
    /// Overwrite-only has a known oddity: the unit it adds behind an image that ends on a page
    /// boundary lies in a page that it has not erased.
    #[test]
    fn lawful_use_and_atomic_cuts_lose_no_image_in_any_copying_mode(
        shape in shape(prop::sample::select(&COPYING)),
        first in len(),
        acts in prop::collection::vec(act(), 1..10),
    ) {
        let (device, lens) = live(shape, first, &acts);
        let overwrites = shape.mode == BootMode::OverwriteOnly { fast: true };
        let odd = overwrites && lens.iter().any(|len| len % PAGE == 0);
        if !odd {
            prop_assert_eq!(device.rig.bare.device.counters().overwritten_words, 0);
        }
    }

    /// The same where nothing is copied: the higher version runs from where it lies; with revert only
    /// if it is marked, and once only unless it is confirmed.
    #[test]
    fn lawful_use_and_atomic_cuts_lose_no_image_in_direct_xip(
        shape in shape(prop::sample::select(&XIP)),
        first in len(),
        acts in prop::collection::vec(act(), 1..10),
    ) {
        let (device, _) = live(shape, first, &acts);
        prop_assert_eq!(device.rig.bare.device.counters().overwritten_words, 0);
    }
}

#[derive(Clone, Copy, Debug)]
struct Fault {
    at: usize,
    after: u32,
    how: Cut,
}

fn fault() -> impl Strategy<Value = Fault> {
    let how =
        prop_oneof![1 => Just(Cut::Half), 4 => any::<u64>().prop_map(|draw| Cut::Torn { draw })];
    (1usize..60, 0u32..1000, how).prop_map(|(at, after, how)| Fault { at, after, how })
}

/// Runs a request with faults in the boots that carry it out; the images and how it ends.
fn torn(
    shape: Shape,
    lens: [Len; 2],
    permanent: bool,
    revert: bool,
    faults: &[Fault],
) -> (Rig, BootResult, [Vec<u8>; 2]) {
    let mut rig = shape.rig();
    let most = before_trailer(&rig);
    let [old, new] = lens.map(|len| match shape.mode {
        BootMode::SwapScratch => len.octets(&rig).min(most),
        _ => len.octets(&rig),
    });
    let images = [rig.put(0, 1, old), rig.put(1, 2, new)];
    rig.request(permanent);
    if revert {
        rig.boot_through();
    }
    for fault in faults {
        (rig.cut, rig.cut_after) = (fault.how, fault.after);
        if rig.boot(Some(fault.at), &mut Log::default()).is_ok() {
            break;
        }
    }
    let (result, _) = rig.boot_through();
    (rig, result, images)
}

/// Octets of the primary slot before the pages that hold its trailer.
fn before_trailer(rig: &Rig) -> u32 {
    let slot = rig.layout.primary();
    let trailer = rig.config.trailer_len(slot, &rig.bare.device.geometry());
    slot.len - trailer.next_multiple_of(PAGE)
}

fn one_of_two_runs(rig: &Rig, result: BootResult, images: &[Vec<u8>; 2]) -> bool {
    let BootResult::Booted { version, slot: 0, .. } = result else { return false };
    let image = &images[usize::from(version.major) - 1];
    rig.holds(0, image)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// The power fails during operations, which leaves torn pages and words: one more boot runs one
    /// of the two images, whole.
    ///
    /// Swap-scratch is known not to survive it when its first step reaches the pages of the trailer:
    /// what a torn erase leaves of the scratch area passes for a step that was carried out. Images
    /// are shorter here. Both swap-offset and swap-scratch are known not to survive a second cut at the
    /// start of a revert: the first leaves status entries in the primary trailer, the second takes the
    /// only magic from beside them, and the boot loader asserts that it finds one. They get one
    /// torn boot here.
    #[test]
    fn torn_operations_leave_one_of_the_two_images_running(
        shape in shape(prop_oneof![
            3 => Just(BootMode::SwapMove),
            2 => Just(BootMode::SwapOffset),
            1 => Just(BootMode::SwapScratch),
            1 => Just(BootMode::OverwriteOnly { fast: true }),
            1 => Just(BootMode::OverwriteOnly { fast: false }),
        ]),
        lens in [len(), len()],
        permanent in any::<bool>(),
        revert in any::<bool>(),
        faults in prop::collection::vec(fault(), 1..4),
    ) {
        let once = matches!(shape.mode, BootMode::SwapOffset | BootMode::SwapScratch);
        let faults = if once { &faults[..1] } else { &faults };
        let (rig, result, images) = torn(shape, lens, permanent, revert, faults);
        prop_assert!(one_of_two_runs(&rig, result, &images), "{:?}", result);
    }
}
