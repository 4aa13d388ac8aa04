//! The cost of every upgrade in every mode, by formula. n pages of the larger image and p of the
//! smaller one, t trailer pages, c = 4 copies a page, s pages of scratch, m = ceil(n / s) steps.

use crate::rig::{Log, PAGE, Rig, Shape};
use flash_model::{BootMode, BootResult, FlashView as _, SwapType};

const C: usize = 4;

/// Page erases and write calls of a kind of upgrade.
type Cost = (usize, usize);

/// Formulas of a mode: test, permanent, revert.
#[expect(clippy::many_single_char_names, reason = "the letters of the formulas")]
fn formulas(mode: BootMode, n: usize, p: usize, t: usize, s: usize) -> [Option<Cost>; 3] {
    match mode {
        BootMode::SwapMove => {
            let (e, w) = (3 * n + 2 * t, 3 * n * (C + 1) + 4);
            [Some((e, w)), Some((e, w + 1)), Some((e + t, w + 4))]
        }
        BootMode::SwapOffset => {
            let skipped = n.saturating_sub(p + 1);
            let (e, w) = (2 * n + 2 * t - skipped, 2 * n * (C + 1) + 5 - C * skipped);
            [Some((e, w)), Some((e, w + 1)), Some((e + 2 * t + 1, w + 6))]
        }
        BootMode::SwapScratch => {
            let m = n.div_ceil(s);
            let (e, w) = (2 * n + 2 * t + s * (m + 1), 3 * n * C + 3 * m + 7);
            [Some((e, w)), Some((e, w + 2)), Some((e, w + 1))]
        }
        _ => [None; 3],
    }
}

/// The cost of a boot, which carries out this swap.
fn cost(rig: &mut Rig, swap: SwapType) -> (Cost, Log) {
    let (result, log) = rig.boot_through();
    assert!(matches!(result, BootResult::Booted { swap: done, .. } if done == swap), "{result:?}");
    ((log.erases, log.writes), log)
}

fn pending(shape: Shape, old: u32, new: u32, permanent: bool) -> Rig {
    let mut rig = shape.rig();
    rig.put(0, 1, old);
    rig.put(1, 2, new);
    rig.request(permanent);
    rig
}

#[test]
fn every_swap_costs_what_its_formula_says() {
    // (slot pages, octets of the old and of the new image, write size)
    let cases = [
        (8, 4 * PAGE, 2 * PAGE + 1, 4),
        (9, 2 * PAGE, 5 * PAGE + 1, 4),
        (12, 9 * PAGE - 3, 9 * PAGE, 8),
        (40, 30 * PAGE + 17, 700, 4),
        (40, 5 * PAGE, 33 * PAGE, 8),
        (96, 92 * PAGE - 100, 92 * PAGE - 2000, 4),
    ];
    for mode in [BootMode::SwapMove, BootMode::SwapOffset, BootMode::SwapScratch] {
        for (pages, old, new, write_size) in cases {
            for scratch in [1, 3] {
                let shape = Shape { scratch, write_size, ..Shape::new(mode, pages) };
                let sizes = [old, new].map(|octets| octets.div_ceil(PAGE) as usize);
                let (n, p) = (sizes[0].max(sizes[1]), sizes[0].min(sizes[1]));
                let mut rig = pending(shape, old, new, false);
                let slot = rig.layout.primary();
                let trailer = rig.config.trailer_len(slot, &rig.bare.device.geometry());
                let t = trailer.div_ceil(PAGE) as usize;
                let [test, perm, revert] = formulas(mode, n, p, t, scratch as usize);
                let place = format!("{shape:?} {old} {new}");
                assert_eq!(Some(cost(&mut rig, SwapType::Test).0), test, "test: {place}");
                assert_eq!(Some(cost(&mut rig, SwapType::Revert).0), revert, "revert: {place}");
                let mut rig = pending(shape, old, new, true);
                assert_eq!(Some(cost(&mut rig, SwapType::Perm).0), perm, "perm: {place}");
            }
        }
    }
}

#[test]
fn an_overwrite_costs_what_its_formula_says() {
    let mode = BootMode::OverwriteOnly { fast: true };
    for (pages, old, new) in [(8, 600, 4 * PAGE + 5), (12, 9 * PAGE, 2 * PAGE + 1), (40, 600, 999)]
    {
        for permanent in [false, true] {
            let mut rig = pending(Shape::new(mode, pages), old, new, permanent);
            let swap = if permanent { SwapType::Perm } else { SwapType::Test };
            let padded = new + 4 - new % 4;
            let n = new.div_ceil(PAGE) as usize;
            let expected = (n + 1 + 2, padded.div_ceil(1024) as usize + 1);
            assert_eq!(cost(&mut rig, swap).0, expected);
        }
    }
}

#[test]
fn a_plain_overwrite_costs_the_whole_slot_whatever_the_image() {
    for (pages, old, new) in [(8, 600, 4 * PAGE + 5), (12, 9 * PAGE, 999)] {
        let mode = BootMode::OverwriteOnly { fast: false };
        let mut rig = pending(Shape::new(mode, pages), old, new, false);
        let slot = pages as usize;
        assert_eq!(cost(&mut rig, SwapType::Test).0, (slot + 2, slot * C));
    }
}

/// Images of 376 KiB on an nRF52840: page erases, write calls, octets written, and the seconds of
/// 85 ms a page and 41 us a word.
#[test]
fn an_update_of_376_kib_costs_what_the_table_says() {
    let table = [
        (BootMode::SwapMove, 118, 0, (284, 1414), 1_156_228, [24, 11]),
        (BootMode::SwapOffset, 118, 0, (190, 945), 770_832, [16, 7]),
        (BootMode::SwapScratch, 103, 30, (340, 1147), 1_155_172, [28, 11]),
        (BootMode::OverwriteOnly { fast: true }, 118, 0, (97, 378), 385_044, [8, 3]),
    ];
    for (mode, pages, scratch, expected, octets, seconds) in table {
        let shape = Shape { scratch, ..Shape::new(mode, pages) };
        let mut rig = pending(shape, 94 * PAGE, 94 * PAGE, false);
        let ((erases, writes), log) = cost(&mut rig, SwapType::Test);
        assert_eq!((erases, writes), expected, "{mode:?}");
        assert_eq!(log.written, octets, "{mode:?}");
        let spent = [erases as u64 * 85_000, log.written / 4 * 41].map(|us| us / 1_000_000);
        assert_eq!(spent, seconds, "{mode:?}");
    }
}
