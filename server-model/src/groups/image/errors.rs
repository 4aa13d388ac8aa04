//! The group's own error codes, and what each fault of an upload or erase is answered with.

use crate::Quirks;
use crate::groups::Refusal;
use smp_wire::errors::{GroupError, Rc};
use smp_wire::group;

/// A code of Zephyr's `enum img_mgmt_err_code_t` (`img_mgmt.h`).
const fn code(code: u16) -> GroupError {
    GroupError::new(group::IMAGE, code)
}

/// No image has this hash.
pub(super) const HASH_NOT_FOUND: GroupError = code(8);
/// The slot is in use.
pub(super) const NO_FREE_SLOT: GroupError = code(9);
/// There is no such flash area.
pub(super) const FLASH_OPEN_FAILED: GroupError = code(10);
/// The data would leave the slot.
pub(super) const FLASH_WRITE_FAILED: GroupError = code(12);
/// The stretch to erase leaves the slot.
pub(super) const FLASH_ERASE_FAILED: GroupError = code(13);
/// The image would end behind the flash.
pub(super) const INVALID_PAGE_OFFSET: GroupError = code(19);
/// No `off`.
pub(super) const INVALID_OFFSET: GroupError = code(20);
/// No `len`.
pub(super) const INVALID_LENGTH: GroupError = code(21);
/// The first chunk is shorter than an image header.
pub(super) const INVALID_IMAGE_HEADER: GroupError = code(22);
/// Magic of the image, or of a slot's trailer.
pub(super) const INVALID_IMAGE_HEADER_MAGIC: GroupError = code(23);
/// Length of `sha` or `hash`.
pub(super) const INVALID_HASH: GroupError = code(24);
/// The image was built for another slot.
pub(super) const INVALID_FLASH_ADDRESS: GroupError = code(25);
/// The running image cannot be read.
pub(super) const VERSION_GET_FAILED: GroupError = code(26);
/// The new image is not newer than the running one.
pub(super) const CURRENT_VERSION_IS_NEWER: GroupError = code(27);
/// Something else was already decided for the next boot.
pub(super) const IMAGE_ALREADY_PENDING: GroupError = code(28);
/// The trailer of the running image is damaged.
pub(super) const INVALID_IMAGE_VECTOR_TABLE: GroupError = code(29);
/// The image is larger than the slot.
pub(super) const INVALID_IMAGE_TOO_LARGE: GroupError = code(30);
/// More data than `len` announced.
pub(super) const INVALID_IMAGE_DATA_OVERRUN: GroupError = code(31);
/// Images that do not run are not confirmed.
pub(super) const IMAGE_CONFIRMATION_DENIED: GroupError = code(32);
/// The running image is not put on trial.
pub(super) const IMAGE_SETTING_TEST_TO_ACTIVE_DENIED: GroupError = code(33);

/// What may be wrong with an upload or an erase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    OffMissing,
    DataTooShort,
    LenMissing,
    WrongMagic,
    ShaTooLong,
    /// No slot is free for an upload.
    NoSlot,
    /// A number without a slot.
    NoSuchSlot,
    /// The same, as the upload of later servers finds it out.
    SlotNotOpened,
    TooLarge,
    WrongAddress,
    VersionUnknown,
    NotNewer,
    Overrun,
    /// The image would end behind the flash.
    PageOutside,
    EraseFailed,
    WriteFailed,
    /// The slot that a client wants erased is in use.
    SlotInUse,
}

impl Fault {
    /// Code of early servers, code of later ones, and the reason that verbose servers give for what
    /// `img_mgmt_upload_inspect` finds; nothing else has one (Zephyr `zephyr_img_mgmt.c`, and
    /// `img_mgmt_err_str_*` in `img_mgmt.c`).
    const fn row(self) -> (Rc, GroupError, Option<&'static str>) {
        const MALFORMED: Option<&str> = Some("header malformed");
        match self {
            Self::OffMissing => (Rc::Invalid, INVALID_OFFSET, MALFORMED),
            Self::DataTooShort => (Rc::Invalid, INVALID_IMAGE_HEADER, MALFORMED),
            Self::LenMissing => (Rc::Invalid, INVALID_LENGTH, MALFORMED),
            Self::WrongMagic => (Rc::Invalid, INVALID_IMAGE_HEADER_MAGIC, Some("magic mismatch")),
            Self::ShaTooLong => (Rc::Invalid, INVALID_HASH, None),
            Self::NoSlot => (Rc::NoEntry, NO_FREE_SLOT, Some("no slot")),
            Self::NoSuchSlot => (Rc::Unknown, FLASH_OPEN_FAILED, None),
            Self::SlotNotOpened => (Rc::Unknown, FLASH_OPEN_FAILED, Some("fa open fail")),
            Self::TooLarge => (Rc::Unknown, INVALID_IMAGE_TOO_LARGE, Some("img too large")),
            Self::WrongAddress => (Rc::Invalid, INVALID_FLASH_ADDRESS, Some("img addr mismatch")),
            Self::VersionUnknown => (Rc::Unknown, VERSION_GET_FAILED, None),
            Self::NotNewer => (Rc::BadState, CURRENT_VERSION_IS_NEWER, Some("downgrade")),
            Self::Overrun => (Rc::Unknown, INVALID_IMAGE_DATA_OVERRUN, Some("data overrun")),
            Self::PageOutside => (Rc::Unknown, INVALID_PAGE_OFFSET, None),
            Self::EraseFailed => (Rc::Unknown, FLASH_ERASE_FAILED, None),
            Self::WriteFailed => (Rc::Unknown, FLASH_WRITE_FAILED, None),
            Self::SlotInUse => (Rc::BadState, NO_FREE_SLOT, None),
        }
    }

    /// The answer of an era.
    #[cold]
    pub(super) fn refusal(self, quirks: &Quirks) -> Refusal {
        let (early, later, why) = self.row();
        Refusal { why, ..Refusal::by_era(quirks, early, later) }
    }
}
