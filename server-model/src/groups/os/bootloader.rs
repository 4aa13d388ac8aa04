//! What the boot loader is.

use crate::groups::{Context, Outcome, Refusal};
use flash_model::BootMode;
use smp_wire::errors::{GroupError, Rc};
use smp_wire::group;
use smp_wire::os::{BootloaderRequest, BootloaderResponse};

/// `OS_MGMT_ERR_QUERY_YIELDS_NO_ANSWER`.
const NO_ANSWER: GroupError = GroupError::new(group::OS, 3);

/// Introduces the boot loader, or tells its mode (Zephyr `os_mgmt.c`, `os_mgmt_bootloader_info`).
pub(super) fn info(body: &[u8], cx: &Context<'_>, out: &mut Vec<u8>) -> Outcome {
    let request = BootloaderRequest::decode(body, cx.dialect()).map_err(|_| Rc::Invalid)?;
    let answer = match request.query {
        None => BootloaderResponse::Name("MCUboot"),
        Some(b"mode") => BootloaderResponse::Mode {
            mode: number(cx.config.boot_mode, cx.quirks.knows_swap_offset),
            no_downgrade: cx.config.no_downgrade,
        },
        Some(_) if cx.quirks.bootloader_query_refused_plainly => return Err(Rc::Invalid.into()),
        Some(_) => return Err(Refusal::from(NO_ANSWER)),
    };
    answer.emit(out, cx.form());
    Ok(())
}

/// Number of a mode in `MCUboot`'s `boot_status.h`, `enum mcuboot_mode`, as far as the server's
/// source has a case for it; else -1.
const fn number(mode: BootMode, knows_swap_offset: bool) -> i32 {
    match mode {
        BootMode::SingleSlot => 0,
        BootMode::SwapScratch => 1,
        BootMode::OverwriteOnly { .. } => 2,
        BootMode::SwapMove => 3,
        BootMode::DirectXip { revert: false } => 4,
        BootMode::DirectXip { revert: true } => 5,
        BootMode::FirmwareLoader => 7,
        BootMode::SwapOffset if knows_swap_offset => 9,
        BootMode::SwapOffset | BootMode::RamLoad => -1,
    }
}
