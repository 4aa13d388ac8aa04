//! Image state: the list, and the request that tests or confirms an image.

use super::slots::{ACTIVE, Flags, flags_of, image_in};
use crate::groups::erase_run::Run;
use crate::groups::{Answer, Context, Step, Work};
use flash_model::{FlashOp, SetPendingError, flags, set_confirmed, set_pending};
use smp_wire::errors::Rc;
use smp_wire::image::{SlotState, StateRequest, VersionText, emit_state};

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
}

/// Answers with the list: each slot whose image can be read, in ascending order.
pub(crate) fn list(cx: &Context<'_>, out: &mut Vec<u8>) {
    let [first, second] = [0, 1].map(|slot| entry(cx, slot));
    let form = cx.form();
    let frugal = cx.config.frugal_list;
    match (first, second) {
        (Some(first), Some(second)) => emit_state(out, &[first, second], form, frugal),
        (Some(only), None) | (None, Some(only)) => emit_state(out, &[only], form, frugal),
        (None, None) => emit_state(out, &[], form, frugal),
    }
}

/// Tests or confirms an image, then answers with the list (Zephyr 3.2 `img_mgmt_state.c`,
/// `img_mgmt_state_write`).
pub(crate) fn write_state(body: &[u8], cx: &Context<'_>) -> Answer {
    let work = StateRequest::decode(body).map_err(|_| Rc::Invalid).and_then(|request| {
        let confirm = request.confirm.unwrap_or(false);
        let slot = target(&request, cx)?;
        if slot == ACTIVE && confirm { confirm_running(cx) } else { set_next(slot, confirm, cx) }
    });
    match work {
        Ok(work) => Answer::Later(Work::SetNext(work)),
        Err(rc) => Answer::Now(Err(rc.into())),
    }
}

impl SetNext {
    fn writing(writes: Vec<FlashOp>) -> Self {
        Self { writes: writes.into_iter(), erase: Run::NONE, refusal: None }
    }

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

fn entry(cx: &Context<'_>, slot: usize) -> Option<SlotState> {
    let image = image_in(cx, slot)?;
    let Flags { pending, confirmed, active, permanent } = flags_of(cx, slot);
    let version = image.version;
    Some(SlotState {
        image: None,
        slot: slot as u32,
        version: VersionText::from_parts(
            version.major,
            version.minor,
            version.revision,
            version.build,
        ),
        hash: Some(image.sha256),
        bootable: image.flags & flags::NON_BOOTABLE == 0,
        pending,
        confirmed,
        active,
        permanent,
    })
}

/// The slot that a request means. With the same image in both, a hash means the first.
fn target(request: &StateRequest<'_>, cx: &Context<'_>) -> Result<usize, Rc> {
    match request.hash.unwrap_or_default() {
        [] if request.confirm == Some(true) => Ok(ACTIVE),
        hash if hash.len() == HASH_LEN => (0..cx.config.layout.slots.len())
            .find(|&slot| image_in(cx, slot).is_some_and(|image| image.sha256 == hash))
            .ok_or(Rc::Invalid),
        _ => Err(Rc::Invalid),
    }
}

/// Confirms the running image: refused while a swap is pending (`img_mgmt_state_confirm`).
fn confirm_running(cx: &Context<'_>) -> Result<SetNext, Rc> {
    let pending = (0..cx.config.layout.slots.len()).any(|slot| flags_of(cx, slot).pending);
    let writes = if pending {
        Err(Rc::BadState)
    } else {
        set_confirmed(cx.flash, &cx.config.layout).map_err(|_| Rc::Unknown)
    };
    match writes {
        Err(rc) if !cx.quirks.confirm_hides_errors => Err(rc),
        writes => Ok(SetNext::writing(writes.unwrap_or_default())),
    }
}

/// Makes a slot the next to boot: refused for the image that will come back, impossible for the
/// one that runs (`img_mgmt_state_set_pending`).
fn set_next(slot: usize, permanent: bool, cx: &Context<'_>) -> Result<SetNext, Rc> {
    if slot == ACTIVE {
        return Err(Rc::Unknown);
    }
    if flags_of(cx, slot).confirmed {
        return Err(Rc::BadState);
    }
    match set_pending(cx.flash, &cx.config.layout, permanent) {
        Ok(writes) => Ok(SetNext::writing(writes)),
        Err(SetPendingError::BadMagic) => {
            let damaged = Run::new(cx.config.layout.slots[slot]);
            let erase = if cx.quirks.damaged_trailer_costs_slot { damaged } else { Run::NONE };
            Ok(SetNext { erase, refusal: Some(Rc::Unknown), ..SetNext::writing(Vec::new()) })
        }
    }
}
