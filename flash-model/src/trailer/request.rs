//! The calls by which an application asks MCUboot for a swap or confirms itself.

use super::map::{FLAG_SET, FieldBytes};
use super::{Field, Flag, Magic, SwapType, Trailer, TrailerMap};
use crate::{Area, FlashOp, FlashView, Layout};

/// Why a swap cannot be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetPendingError {
    /// MCUboot answers `BOOT_EBADIMAGE` (3).
    #[error("the trailer of the secondary slot holds neither a magic nor erased octets")]
    BadMagic,
}

/// Why the running image cannot be confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetConfirmedError {
    /// MCUboot answers `BOOT_EBADVECT` (4).
    #[error("the trailer of the primary slot holds neither a magic nor erased octets")]
    BadMagic,
}

/// The writes of MCUboot's `boot_set_pending`, in their order: magic, `image_ok` when `permanent`,
/// `swap_info`. Empty when a swap is already asked for, whatever its type: a test stays a test.
pub fn set_pending(
    view: &dyn FlashView,
    layout: &Layout,
    permanent: bool,
) -> Result<Vec<FlashOp>, SetPendingError> {
    let slot = layout.secondary();
    let map = TrailerMap::new(slot, &view.geometry());
    match Trailer::read(view, slot).magic {
        Magic::Good => Ok(Vec::new()),
        Magic::Bad => Err(SetPendingError::BadMagic),
        Magic::Unset if permanent => Ok(vec![
            write(&map.magic()),
            write(&map.flag(Field::ImageOk, FLAG_SET)),
            write(&map.flag(Field::SwapInfo, SwapType::Perm.swap_info())),
        ]),
        Magic::Unset => Ok(vec![
            write(&map.magic()),
            write(&map.flag(Field::SwapInfo, SwapType::Test.swap_info())),
        ]),
    }
}

/// The write of MCUboot's `boot_set_confirmed`: `image_ok` in the primary slot. Empty when it is
/// not unset, and for an image that never was swapped in (no magic).
pub fn set_confirmed(
    view: &dyn FlashView,
    layout: &Layout,
) -> Result<Vec<FlashOp>, SetConfirmedError> {
    let slot = layout.primary();
    let map = TrailerMap::new(slot, &view.geometry());
    let trailer = Trailer::read(view, slot);
    match (trailer.magic, trailer.image_ok) {
        (Magic::Bad, _) => Err(SetConfirmedError::BadMagic),
        (Magic::Good, Flag::Unset) => Ok(vec![write(&map.flag(Field::ImageOk, FLAG_SET))]),
        _ => Ok(Vec::new()),
    }
}

/// Why a slot cannot be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetNextError {
    /// MCUboot answers `BOOT_EBADIMAGE` (3).
    #[error("the trailer of the slot holds neither a magic nor erased octets")]
    BadMagic,
}

/// The writes of MCUboot's `boot_set_next` as built for direct-xip with revert: the magic puts a slot
/// on trial; `confirm` adds `copy_done` and `image_ok`, so that it stays. The slot that runs, `active`,
/// can only be confirmed.
pub fn set_next(
    view: &dyn FlashView,
    slot: Area,
    active: bool,
    confirm: bool,
) -> Result<Vec<FlashOp>, SetNextError> {
    let map = TrailerMap::new(slot, &view.geometry());
    let trailer = Trailer::read(view, slot);
    let set = |field| write(&map.flag(field, FLAG_SET));
    let mut ops = Vec::new();
    match trailer.magic {
        Magic::Bad => return Err(SetNextError::BadMagic),
        Magic::Good => {}
        Magic::Unset => ops.push(write(&map.magic())),
    }
    if confirm || active {
        if trailer.copy_done == Flag::Unset {
            ops.push(set(Field::CopyDone));
        }
        if trailer.image_ok == Flag::Unset {
            ops.push(set(Field::ImageOk));
        }
    }
    Ok(ops)
}

fn write(field: &FieldBytes) -> FlashOp {
    FlashOp::Write { at: field.at, data: field.as_slice().to_vec() }
}
