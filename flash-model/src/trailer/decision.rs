//! What the two trailers ask the boot loader to do.

use super::{Flag, Magic, Trailer};
use crate::{BootMode, FlashView, Layout};

/// Kind of a swap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SwapType {
    /// None is asked for.
    None = 1,
    /// The secondary image on trial: the next boot swaps back unless it is confirmed.
    Test = 2,
    /// The secondary image for good.
    Perm = 3,
    /// Back to the image before the trial.
    Revert = 4,
}

impl SwapType {
    /// Name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Test => "test",
            Self::Perm => "perm",
            Self::Revert => "revert",
        }
    }

    /// The type in the low half of a `swap_info` octet; erased and unknown ones mean none (MCUboot
    /// `BOOT_GET_SWAP_TYPE`, `boot_read_swap_state`).
    pub const fn from_swap_info(octet: u8) -> Self {
        match (octet, octet & 0x0f) {
            (0xff, _) => Self::None,
            (_, 2) => Self::Test,
            (_, 3) => Self::Perm,
            (_, 4) => Self::Revert,
            _ => Self::None,
        }
    }

    /// The octet that `swap_info` holds for a swap of image 0.
    pub(crate) const fn swap_info(self) -> u8 {
        self as u8
    }
}

/// What the next boot would do, by the trailers alone (MCUboot `boot_swap_type_multi`). Neither the
/// images nor `swap_info` matter here; a valid request in the secondary slot beats a due revert.
pub fn swap_type(view: &dyn FlashView, layout: &Layout, mode: BootMode) -> SwapType {
    swap_row(view, layout, mode).map_or(SwapType::None, SwapRow::swap_type)
}

/// The row of the table that the trailers match, if any.
pub fn swap_row(view: &dyn FlashView, layout: &Layout, mode: BootMode) -> Option<SwapRow> {
    let primary = Trailer::read(view, layout.primary());
    let secondary = Trailer::read(view, layout.secondary());
    decide(primary, secondary, mode)
}

/// A row of MCUboot's table (`bootutil_public.c`, `boot_swap_tables`), first match wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SwapRow {
    /// Swap-offset only: a revert that has prepared itself. Secondary magic good, `image_ok` unset,
    /// `copy_done` set.
    PreparedRevert,
    /// Secondary magic good, `image_ok` unset.
    Test,
    /// Secondary magic good, `image_ok` set.
    Perm,
    /// Primary magic good, `image_ok` unset, `copy_done` set.
    Revert,
}

impl SwapRow {
    /// The swap that the row asks for.
    pub const fn swap_type(self) -> SwapType {
        match self {
            Self::Test => SwapType::Test,
            Self::Perm => SwapType::Perm,
            Self::PreparedRevert | Self::Revert => SwapType::Revert,
        }
    }

    /// What the trailers say in this row.
    pub const fn condition(self) -> &'static str {
        match self {
            Self::PreparedRevert => "secondary: magic good, image_ok unset, copy_done set",
            Self::Test => "secondary: magic good, image_ok unset",
            Self::Perm => "secondary: magic good, image_ok set",
            Self::Revert => "primary: magic good, image_ok unset, copy_done set",
        }
    }
}

fn decide(primary: Trailer, secondary: Trailer, mode: BootMode) -> Option<SwapRow> {
    match (secondary.magic, secondary.image_ok, secondary.copy_done) {
        (Magic::Good, Flag::Unset, Flag::Set) if mode == BootMode::SwapOffset => {
            return Some(SwapRow::PreparedRevert);
        }
        (Magic::Good, Flag::Unset, _) => return Some(SwapRow::Test),
        (Magic::Good, Flag::Set, _) => return Some(SwapRow::Perm),
        _ => {}
    }
    match (primary.magic, primary.image_ok, primary.copy_done) {
        (Magic::Good, Flag::Unset, Flag::Set) => Some(SwapRow::Revert),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Flag, Magic, SwapRow, SwapType, Trailer};
    use crate::BootMode;

    const BLANK: Trailer = Trailer {
        magic: Magic::Unset,
        image_ok: Flag::Unset,
        copy_done: Flag::Unset,
        swap_info: 0xff,
        swap_size: u32::MAX,
    };
    const ON_TRIAL: Trailer = Trailer { magic: Magic::Good, copy_done: Flag::Set, ..BLANK };

    fn decide(primary: Trailer, secondary: Trailer) -> SwapType {
        let row = super::decide(primary, secondary, BootMode::SwapMove);
        row.map_or(SwapType::None, SwapRow::swap_type)
    }

    #[test]
    fn a_request_that_is_done_is_a_prepared_revert_for_swap_offset_alone() {
        let prepared = Trailer { magic: Magic::Good, copy_done: Flag::Set, ..BLANK };
        let row = |mode| super::decide(BLANK, prepared, mode);
        assert_eq!(row(BootMode::SwapOffset), Some(SwapRow::PreparedRevert));
        assert_eq!(row(BootMode::SwapMove), Some(SwapRow::Test));
    }

    #[test]
    fn a_new_request_beats_a_due_revert() {
        let asked = Trailer { magic: Magic::Good, ..BLANK };
        let for_good = Trailer { image_ok: Flag::Set, ..asked };
        assert_eq!(decide(ON_TRIAL, BLANK), SwapType::Revert);
        assert_eq!(decide(ON_TRIAL, asked), SwapType::Test);
        assert_eq!(decide(ON_TRIAL, for_good), SwapType::Perm);
    }

    #[test]
    fn a_bad_flag_matches_no_row() {
        let bad_ok = Trailer { image_ok: Flag::Bad, ..ON_TRIAL };
        let bad_done = Trailer { copy_done: Flag::Bad, ..ON_TRIAL };
        let bad_request = Trailer { magic: Magic::Good, image_ok: Flag::Bad, ..BLANK };
        for primary in [bad_ok, bad_done] {
            assert_eq!(decide(primary, BLANK), SwapType::None);
        }
        assert_eq!(decide(BLANK, bad_request), SwapType::None);
        assert_eq!(decide(ON_TRIAL, bad_request), SwapType::Revert);
    }

    #[test]
    fn swap_info_plays_no_part() {
        for swap_info in [1, 2, 3, 4, 0xff] {
            assert_eq!(decide(Trailer { swap_info, ..ON_TRIAL }, BLANK), SwapType::Revert);
        }
    }

    #[test]
    fn swap_info_with_an_image_number_still_names_its_type() {
        assert_eq!(SwapType::from_swap_info(0x13), SwapType::Perm);
        assert_eq!(SwapType::from_swap_info(0xff), SwapType::None);
        assert_eq!(SwapType::from_swap_info(0x05), SwapType::None);
    }
}
