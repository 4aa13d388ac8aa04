//! The boot loader as a machine, on whatever lies in flash.

use crate::rig::{Log, PAGE, Rig, Shape, image};
use flash_model::{
    BootEvent, BootIn, BootLoader, BootMode, BootOut, BootResult, FlashOp, FlashView, Layout,
};
use proptest::prelude::*;
use sim_core::contract::{Harness, check};
use sim_core::{Machine as _, Span, Time};

/// Carries out what the boot loader asks for, at once by its clock.
struct Obey {
    rig: Rig,
    results: Vec<BootResult>,
}

impl Harness for Obey {
    type Machine = BootLoader;

    fn env(&self) -> &dyn FlashView {
        &self.rig.bare.device
    }

    fn answer(&mut self, now: Time, out: &BootOut) -> Option<BootIn> {
        match out {
            BootOut::Flash(op) => {
                let mut log = Log::default();
                let Layout { slots: [primary, secondary], scratch, .. } = self.rig.layout;
                let areas = [Some(primary), Some(secondary), scratch];
                assert!(areas.into_iter().flatten().any(|area| area.contains(op.at())), "{op:?}");
                self.rig.bare.now = self.rig.bare.now.max(now);
                self.rig.run(vec![op.clone()], None, &mut log).expect("no cut was asked for");
                Some(BootIn::FlashDone { data: Vec::with_capacity(16) })
            }
            BootOut::Jump(result) => {
                self.results.push(*result);
                None
            }
            BootOut::Trace(_) => None,
        }
    }
}

/// Trailer octets that mean something, often enough.
fn octet() -> impl Strategy<Value = u8> {
    prop_oneof![4 => Just(0xff), 2 => Just(0x01), 1 => 2u8..5, 1 => any::<u8>()]
}

prop_compose! {
    fn trailer_octets()(
        good in prop::bool::weighted(0.7),
        fields in prop::collection::vec(octet(), 24),
        size in prop_oneof![Just(u32::MAX), 0..9 * PAGE, any::<u32>()],
        status in prop::collection::vec(octet(), 128 * 3),
        quiet in prop::bool::weighted(0.5),
    ) -> Vec<u8> {
        let mut octets: Vec<u8> = status
            .iter()
            .flat_map(|&entry| [if quiet { 0xff } else { entry }, 0xff, 0xff, 0xff])
            .collect();
        // Swap-offset has the size one field lower, where the others have two entries.
        octets.truncate(127 * 3 * 4 + 4);
        for _ in 0..2 {
            octets.extend(size.to_le_bytes());
            octets.extend([0xff; 4]);
        }
        octets.extend(fields);
        let magic = [
            0x77, 0xc2, 0x95, 0xf3, 0x60, 0xd2, 0xef, 0x7f,
            0x35, 0x52, 0x50, 0x0f, 0x2c, 0xb6, 0x79, 0x80,
        ];
        octets.extend(if good { magic } else { [0xff; 16] });
        octets
    }
}

proptest! {
    /// Whatever the trailers say: the machine keeps its contract, each operation is a possible one
    /// and lies in a slot or the scratch area, and a boot ends exactly once.
    #[test]
    fn a_boot_of_any_mode_ends_once_and_stays_in_its_areas_whatever_lies_in_flash(
        mode in prop::sample::select(&BootMode::ALL),
        trailers in [trailer_octets(), trailer_octets()],
        in_scratch in trailer_octets(),
        lens in [552u32..7 * PAGE - 1584, 552u32..7 * PAGE - 1584],
        behind_first_page in any::<bool>(),
        flips in prop::collection::vec((0u32..16 * PAGE, any::<u8>()), 0..3),
        validate_primary in any::<bool>(),
        downgrade_prevention in any::<bool>(),
        bootstrap in any::<bool>(),
        rate in prop_oneof![Just(0u32), Just(500_000)],
    ) {
        let mut rig = Shape::new(mode, 8).rig();
        rig.config.validate_primary = validate_primary;
        rig.config.downgrade_prevention = downgrade_prevention;
        rig.config.bootstrap = bootstrap;
        rig.config.sha_bytes_per_s = rate;
        for slot in 0..2 {
            let area = rig.layout.slots[slot];
            let bytes = image(2 - slot as u8, lens[slot]);
            rig.edit(area, |octets| {
                let from = if slot == 1 && behind_first_page { PAGE as usize } else { 0 };
                octets[from..from + bytes.len()].copy_from_slice(&bytes);
                let at = octets.len() - trailers[slot].len();
                octets[at..].copy_from_slice(&trailers[slot]);
                for (at, bits) in flips.iter().filter(|(at, _)| area.contains(*at)) {
                    octets[(at - area.start) as usize] ^= bits;
                }
            });
        }
        if let Some(area) = rig.layout.scratch {
            // Short: the status of one step and the fields.
            let short = &in_scratch[in_scratch.len() - 60..];
            rig.edit(area, |octets| octets[area.len as usize - 60..].copy_from_slice(short));
        }
        let boot = BootLoader::new(rig.config.clone(), rig.layout);
        let mut obey = Obey { rig, results: Vec::new() };
        check(&mut obey, &boot, vec![(Span::ZERO, BootIn::Start)], Span::from_s(600));
        prop_assert_eq!(obey.results.len(), 1);
    }
}

#[test]
fn a_start_is_a_boot_from_the_beginning_even_in_the_middle_of_one() {
    let mut rig = Rig::small(8);
    rig.put(0, 1, 2 * PAGE);
    rig.put(1, 2, 2 * PAGE);
    rig.request(false);
    let mut boot = BootLoader::new(rig.config.clone(), rig.layout);
    for _ in 0..2 {
        boot.handle(rig.bare.now, BootIn::Start, &rig.bare.device);
        let due = boot.deadline().expect("the secondary image is hashed");
        boot.on_deadline(due, &rig.bare.device);
        let outs: Vec<BootOut> = std::iter::from_fn(|| boot.poll()).collect();
        let starts = outs.iter().filter(|out| matches!(out, BootOut::Trace(BootEvent::Start)));
        assert_eq!(starts.count(), 1);
        let erase = BootOut::Flash(FlashOp::Erase { at: 7 * PAGE });
        assert_eq!(outs.last(), Some(&erase), "the first step of the swap, again");
    }
}
