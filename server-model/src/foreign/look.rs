//! What runs, for a client that asks.

use super::board::Board;
use flash_model::{FlashView, SwapType, swap_type};

/// The value that asks what runs.
pub const LOOK: u8 = 0xfe;

/// Octets of the answer: [`LOOK`], 1 if the boot loader will keep the running image, and then size,
/// flags and version from its header, octets 12 to 28 of the image.
pub const LOOK_LEN: usize = 18;

/// Where in an image the octets begin that tell it from others (MCUboot `image.h`,
/// `struct image_header`: `ih_img_size`, `ih_flags`, `ih_ver`).
const HEADER_AT: u32 = 12;

pub(super) fn answer(board: &Board, flash: &dyn FlashView) -> Vec<u8> {
    let kept = swap_type(flash, &board.layout, board.boot_mode) != SwapType::Revert;
    let slot = board.layout.slots[usize::from(board.active_slot)];
    let mut answer = vec![LOOK, u8::from(kept)];
    answer.extend_from_slice(flash.bytes(slot.start + HEADER_AT, LOOK_LEN as u32 - 2));
    answer
}
