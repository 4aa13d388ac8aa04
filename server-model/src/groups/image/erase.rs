//! Image erase.

use super::slots::{image_in, in_use};
use super::upload::Image;
use crate::groups::erase_run::Run;
use crate::groups::{Answer, Context, Outcome, Step, Work};
use smp_wire::cbor::Writer;
use smp_wire::errors::Rc;
use smp_wire::image::EraseRequest;

/// The slot that is erased when the request names none.
const DEFAULT_SLOT: u32 = 1;

/// An image erase under way.
#[derive(Clone, Debug)]
pub(crate) struct Erase(Run);

/// Erases a slot unless its image is in use; a slot without a readable image never is (Zephyr 3.2
/// `img_mgmt.c`, `img_mgmt_erase`). A blank slot costs nothing but the look at it.
pub(crate) fn erase(body: &[u8], cx: &Context<'_>) -> Answer {
    match slot_to_erase(body, cx) {
        Ok(run) => Answer::Later(Work::Erase(Erase(run))),
        Err(rc) => Answer::Now(Err(rc.into())),
    }
}

/// What to erase: the slot, or nothing when it is blank.
fn slot_to_erase(body: &[u8], cx: &Context<'_>) -> Result<Run, Rc> {
    let request = EraseRequest::decode(body).map_err(|_| Rc::Invalid)?;
    let layout = &cx.config.layout;
    let slot = request.slot.unwrap_or(DEFAULT_SLOT) as usize;
    // A number without a slot maps to a flash area that does not exist, which is found out when it
    // is opened (Zephyr `zephyr_img_mgmt.c`, `img_mgmt_flash_area_id`).
    let area = *layout.slots.get(slot).ok_or(Rc::Unknown)?;
    if image_in(cx, slot).is_some() && in_use(cx, slot) {
        return Err(Rc::BadState);
    }
    Ok(if cx.flash.is_blank(area) { Run::NONE } else { Run::new(area) })
}

impl Image {
    pub(crate) fn step_erase(
        &mut self,
        erase: &mut Erase,
        cx: &mut Context<'_>,
        out: &mut Vec<u8>,
    ) -> Step {
        if let Some(op) = erase.0.next_page(cx) {
            return Step::Flash(op);
        }
        self.forget_upload();
        Step::Done(erased(cx, out))
    }
}

/// The reply of an erase that was carried out.
fn erased(cx: &Context<'_>, out: &mut Vec<u8>) -> Outcome {
    let rc = cx.config.success_carries_rc();
    if !rc && cx.quirks.bare_erase_reply_fails {
        return Err(Rc::MessageTooLarge.into());
    }
    let mut writer = Writer::new(out, cx.form());
    writer.map(usize::from(rc));
    if rc {
        writer.text("rc");
        writer.int(0);
    }
    writer.end_map();
    Ok(())
}
