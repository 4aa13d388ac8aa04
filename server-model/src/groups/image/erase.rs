//! Image erase.

use super::errors::Fault;
use super::flags::in_use;
use super::slots::{active_slot, area, image_in, slot_count};
use super::upload::Image;
use crate::groups::erase_run::Run;
use crate::groups::{Answer, Context, Outcome, Refusal, Step, Work};
use smp_wire::cbor::Writer;
use smp_wire::errors::Rc;
use smp_wire::image::EraseRequest;

/// An image erase under way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Erase(Run);

impl Image {
    /// Erases a slot unless its image is in use; a slot without a readable image never is (Zephyr
    /// `img_mgmt.c`, `img_mgmt_erase`). A blank slot costs nothing but the look at it. Without a
    /// number it is the slot that does not run.
    #[inline(never)]
    pub(crate) fn erase(&mut self, body: &[u8], cx: &Context<'_>) -> Answer {
        let Ok(request) = EraseRequest::decode(body, cx.dialect()) else {
            return Answer::Now(Err(Rc::Invalid.into()));
        };
        let slot = request.slot.map_or(active_slot(cx, 0) ^ 1, |slot| slot as usize);
        if slot >= slot_count(cx.config) {
            // The number maps to a flash area that does not exist, which is found out when it is
            // opened to be erased; the upload is forgotten nevertheless.
            self.forget_upload();
            return Answer::Now(Err(Fault::NoSuchSlot.refusal(cx.quirks)));
        }
        if image_in(cx, slot).is_some() && in_use(cx, slot) {
            return Answer::Now(Err(Fault::SlotInUse.refusal(cx.quirks)));
        }
        let area = area(cx.config, slot);
        let run = if cx.flash.is_blank(area) { Run::NONE } else { Run::new(area) };
        Answer::Later(Work::Erase(Erase(run)))
    }

    #[inline(never)]
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

    /// The answer when the flash is not erased; the upload is forgotten nevertheless.
    #[cold]
    pub(crate) fn erase_failed(&mut self, cx: &Context<'_>) -> Refusal {
        self.forget_upload();
        Fault::EraseFailed.refusal(cx.quirks)
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
