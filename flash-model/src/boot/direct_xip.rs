//! Choosing between two equivalent slots (MCUboot `boot_load_and_validate_images` in `loader.c`): the
//! newest image that can be booted runs where it lies, or from RAM. Nothing is exchanged; what is
//! not acceptable is erased, and the other slot gets its turn.

use super::phase::Phase;
use super::plan::Plan;
use super::{BootMode, BootResult};
use crate::image::{SlotState, flags, slot_header, slot_state};
use crate::{Area, Field, Flag, ImageVersion, Magic, SwapType};

/// The slots that are still in question.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidates {
    available: [bool; 2],
    stage: Stage,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    /// Look for the newest image.
    Choose,
    /// Look at the header of this slot's image.
    Look(usize),
    /// The image of this slot has been hashed.
    Judge(usize),
}

impl Candidates {
    /// All slots whose header is acceptable (MCUboot `boot_get_slot_usage`).
    pub(super) fn new(plan: &Plan<'_>) -> Self {
        let available = plan.layout.slots.map(|slot| {
            slot_header(plan.view, slot.start).is_ok_and(|header| {
                header.hashed_len() < u64::from(slot.len) && header.flags & flags::NEEDS_MORE == 0
            })
        });
        Self { available, stage: Stage::Choose }
    }

    /// Writes down the steps of this stage and says which phase follows.
    pub(super) fn refill(mut self, plan: &mut Plan<'_>) -> Phase {
        self.stage = match self.stage {
            Stage::Choose => match self.newest(plan) {
                Some(slot) => self.choose(plan, slot),
                None => return Phase::End(BootResult::Dead),
            },
            Stage::Look(slot) => self.look(plan, slot),
            Stage::Judge(slot) => {
                let area = plan.layout.slots[slot];
                match slot_header(plan.view, area.start) {
                    Ok(header) if plan.accepts(slot, area) => {
                        return Phase::End(booted(slot, header.version));
                    }
                    _ => self.refuse(plan, slot),
                }
            }
        };
        Phase::Choose(self)
    }

    /// The slot with the highest version, the primary one among equals (MCUboot
    /// `find_slot_with_highest_version`). Build numbers do not count.
    fn newest(&self, plan: &Plan<'_>) -> Option<usize> {
        let version = |slot: usize| {
            let header = slot_header(plan.view, plan.layout.slots[slot].start).ok()?;
            let ImageVersion { major, minor, revision, .. } = header.version;
            self.available[slot].then_some((major, minor, revision))
        };
        match [version(0), version(1)] {
            [None, None] => None,
            [old, new] if new > old => Some(1),
            _ => Some(0),
        }
    }

    /// Whether the image may run from this slot at all.
    fn choose(&mut self, plan: &mut Plan<'_>, slot: usize) -> Stage {
        let area = plan.layout.slots[slot];
        let Ok(header) = slot_header(plan.view, area.start) else { return self.drop(slot) };
        match plan.config.mode {
            BootMode::RamLoad if header.flags & flags::RAM_LOAD == 0 => self.refuse(plan, slot),
            BootMode::RamLoad => Stage::Look(slot),
            _ if header.flags & flags::ROM_FIXED != 0 && header.load_addr != area.start => {
                self.drop(slot)
            }
            BootMode::DirectXip { revert: true } => self.trial(plan, slot, area),
            _ => Stage::Look(slot),
        }
    }

    fn look(&mut self, plan: &mut Plan<'_>, slot: usize) -> Stage {
        match slot_state(plan.view, plan.layout.slots[slot]) {
            SlotState::NoImage => self.drop(slot),
            SlotState::Invalid => self.refuse(plan, slot),
            SlotState::Hashable { len } => {
                plan.hash(slot, len);
                Stage::Judge(slot)
            }
        }
    }

    /// An image without a mark, or one that was started and not confirmed since, is erased; the
    /// first start is noted (MCUboot `boot_select_or_erase`).
    fn trial(&mut self, plan: &mut Plan<'_>, slot: usize, area: Area) -> Stage {
        let trailer = plan.trailer(area);
        let started = trailer.copy_done == Flag::Set;
        if trailer.magic != Magic::Good || started && trailer.image_ok != Flag::Set {
            return self.refuse(plan, slot);
        }
        if !started {
            plan.write_flag(area, Field::CopyDone);
        }
        Stage::Look(slot)
    }

    fn refuse(&mut self, plan: &mut Plan<'_>, slot: usize) -> Stage {
        plan.refuse(slot);
        self.drop(slot)
    }

    fn drop(&mut self, slot: usize) -> Stage {
        self.available[slot] = false;
        Stage::Choose
    }
}

fn booted(slot: usize, version: ImageVersion) -> BootResult {
    BootResult::Booted { slot: slot as u8, version, swap: SwapType::None, resumed: false }
}
