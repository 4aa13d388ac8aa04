//! Image state: the request that tests or confirms an image.

use super::errors::{Fault, HASH_NOT_FOUND, INVALID_HASH};
use super::list::list;
use super::next_boot::{image_of, layout_of};
use super::slots::{PAIR, active_slot, image_in, slot_count};
use super::{state_early, state_later};
use crate::groups::erase_run::Run;
use crate::groups::{Answer, Context, Outcome, Plan, Refusal, Step};
use flash_model::{FlashOp, Layout};
use smp_wire::errors::Rc;
use smp_wire::image::StateRequest;

/// Octets of a SHA-256.
const HASH_LEN: usize = 32;

/// What a request to test or confirm does to flash before it is answered.
#[derive(Clone, Debug)]
pub(crate) struct SetNext {
    writes: std::vec::IntoIter<FlashOp>,
    /// The slot goes, because its trailer is damaged.
    erase: Run,
    /// The list, or this.
    refusal: Option<Rc>,
    /// The list, even if flash cannot be written.
    hides_failure: bool,
}

/// Tests or confirms an image, then answers with the list (Zephyr `img_mgmt_state.c`,
/// `img_mgmt_state_write`).
#[inline(never)]
pub(crate) fn write_state(body: &[u8], cx: &Context<'_>) -> Answer {
    match decide(body, cx) {
        Ok(work) => Answer::Planned(Box::new(Plan::SetNext(work))),
        Err(refusal) => Answer::Now(Err(refusal)),
    }
}

fn decide(body: &[u8], cx: &Context<'_>) -> Result<SetNext, Refusal> {
    let request = StateRequest::decode(body, cx.dialect()).map_err(|_| Rc::Invalid)?;
    let slot = target(&request, cx)?;
    let confirm = request.confirm.unwrap_or(false);
    if cx.quirks.only_slot_0_runs {
        Ok(state_early::decide(slot, confirm, cx)?)
    } else {
        let writes = state_later::decide(slot, confirm, cx)?;
        Ok(SetNext::writing(writes))
    }
}

/// The slot that a request means. With the same image in several, a hash means the first.
fn target(request: &StateRequest<'_>, cx: &Context<'_>) -> Result<usize, Refusal> {
    let invalid = |error| Refusal::by_era(cx.quirks, Rc::Invalid, error);
    match request.hash.unwrap_or_default() {
        [] if request.confirm == Some(true) => Ok(active_slot(cx, 0)),
        hash if hash.len() == HASH_LEN => (0..slot_count(cx.config))
            .find(|&slot| image_in(cx, slot).is_some_and(|image| image.sha256 == hash))
            .ok_or(invalid(HASH_NOT_FOUND)),
        _ => Err(invalid(INVALID_HASH)),
    }
}

/// The partitions for MCUboot's calls on a slot, which stands for both slots of its image there.
pub(super) fn layout_for(cx: &Context<'_>, slot: usize) -> Layout {
    let layout = layout_of(cx, image_of(slot));
    let area = layout.slots[slot % PAIR];
    Layout { slots: [area, area], ..layout }
}

impl SetNext {
    pub(super) fn writing(writes: Vec<FlashOp>) -> Self {
        Self { writes: writes.into_iter(), erase: Run::NONE, refusal: None, hides_failure: false }
    }

    /// Goes on to the list, even if flash cannot be written.
    pub(super) fn hiding_failure(self) -> Self {
        Self { hides_failure: true, ..self }
    }

    /// An error, after an erase.
    pub(super) fn erasing(erase: Run, rc: Rc) -> Self {
        Self { erase, refusal: Some(rc), ..Self::writing(Vec::new()) }
    }

    /// The answer when flash cannot be written (Zephyr `zephyr_img_mgmt.c`, `img_mgmt_write_pending`
    /// and `img_mgmt_write_confirmed`).
    #[cold]
    pub(crate) fn failed(&self, cx: &Context<'_>, out: &mut Vec<u8>) -> Outcome {
        if self.hides_failure {
            list(cx, out);
            return Ok(());
        }
        Err(self.refusal.map_or_else(|| Fault::WriteFailed.refusal(cx.quirks), Refusal::from))
    }

    #[inline(never)]
    pub(crate) fn step(&mut self, cx: &mut Context<'_>, out: &mut Vec<u8>) -> Step {
        if let Some(op) = self.writes.next().or_else(|| self.erase.next_page(cx)) {
            return Step::Flash(op);
        }
        if let Some(rc) = self.refusal {
            return Step::Done(Err(rc.into()));
        }
        list(cx, out);
        Step::Done(Ok(()))
    }
}
