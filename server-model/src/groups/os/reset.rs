//! The reset command.

use super::Os;
use crate::HookRefusal;
use crate::groups::{Context, Outcome, Refusal};
use sim_core::Span;
use smp_wire::cbor::empty_map;
use smp_wire::errors::Rc;
use smp_wire::os::ResetRequest;

/// The largest boot mode: it is kept in one octet.
const BOOT_MODE_MAX: u32 = 0xff;

impl Os {
    /// Answers now and resets later: requests that arrive meanwhile are served (Zephyr `os_mgmt.c`,
    /// `os_mgmt_reset`). What becomes of the boot mode is the boot loader's affair.
    pub(super) fn reset(&mut self, body: &[u8], cx: &Context<'_>, out: &mut Vec<u8>) -> Outcome {
        if may_refuse(cx) {
            consent(body, cx)?;
        }
        let at = cx.now + Span::from_ms(cx.config.reset_ms.into());
        if cx.quirks.reset_restarts_delay || self.reset_at.is_none() {
            self.reset_at = Some(at);
        }
        empty_map(out, cx.form());
        Ok(())
    }
}

/// Whether anything of the payload matters.
fn may_refuse(cx: &Context<'_>) -> bool {
    cx.config.reset_boot_mode || cx.config.reset_hook.is_some()
}

/// Asks the application. Early servers do so without reading the payload (Zephyr 3.2 `os_mgmt.c`,
/// `os_mgmt_register_reset_evt_cb`).
#[cold]
#[inline(never)]
fn consent(body: &[u8], cx: &Context<'_>) -> Outcome {
    let mut request = ResetRequest::default();
    if cx.quirks.newer_commands {
        let boot_mode = cx.config.reset_boot_mode;
        request = ResetRequest::decode_until_fault(body, cx.dialect(), boot_mode);
    }
    if request.boot_mode.is_some_and(|mode| mode > BOOT_MODE_MAX) {
        return Err(Rc::Invalid.into());
    }
    let forced = request.force && cx.config.reset_hook_yields;
    match cx.config.reset_hook.filter(|_| !forced) {
        None => Ok(()),
        Some(HookRefusal::Rc(rc)) => Err(Refusal::from(rc)),
        Some(HookRefusal::Group(error)) => Err(Refusal::from(error)),
    }
}
