//! What the application is.

use crate::groups::{Context, Outcome, Refusal};
use smp_wire::errors::{GroupError, Rc};
use smp_wire::group;
use smp_wire::os::{InfoRequest, InfoResponse};

/// `OS_MGMT_ERR_INVALID_FORMAT`.
const INVALID_FORMAT: GroupError = GroupError::new(group::OS, 2);

/// Kernel and operating system of every device here.
const ZEPHYR: &str = "Zephyr";

/// The letter of the facts all together.
const ALL: u8 = b'a';

/// Tells the facts that are asked for (Zephyr `os_mgmt.c`, `os_mgmt_info`).
pub(super) fn info(body: &[u8], cx: &Context<'_>, out: &mut Vec<u8>) -> Outcome {
    let request = InfoRequest::decode(body, cx.dialect()).map_err(|_| Rc::Invalid)?;
    let format = request.format.filter(|format| !format.is_empty()).unwrap_or(b"s");
    let facts = facts(cx);
    let known = |letter: &u8| *letter == ALL || facts.iter().any(|(known, _)| known == letter);
    if !format.iter().all(known) {
        return Err(Refusal::by_era(cx.quirks, Rc::Invalid, INVALID_FORMAT));
    }
    let asked = |letter: u8| format.contains(&letter) || format.contains(&ALL);
    let asked: Vec<_> =
        facts.iter().filter(|&&(letter, _)| asked(letter)).map(|&(_, fact)| fact).collect();
    let output = asked.join(" ");
    if output.len() >= cx.config.info_max as usize {
        return Err(Rc::MessageTooLarge.into());
    }
    InfoResponse { output: &output }.emit(out, cx.form());
    Ok(())
}

/// Letters and facts in the order in which they are told.
fn facts<'a>(cx: &Context<'a>) -> Vec<(u8, &'a str)> {
    let facts = &cx.config.facts;
    let build_date = facts.build_date.as_deref().map(|date| (b'b', date));
    [
        (b's', ZEPHYR),
        (b'n', &*facts.node_name),
        (b'r', &*facts.kernel_release),
        (b'v', &*facts.kernel_version),
    ]
    .into_iter()
    .chain(build_date)
    .chain([
        (b'm', &*facts.machine),
        (b'p', &*facts.processor),
        (b'i', &*facts.board),
        (b'o', ZEPHYR),
    ])
    .collect()
}
