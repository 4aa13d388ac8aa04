//! Findings in plain sentences.

use flash_model::SwapType;
use sim::flash_dump::{
    Advice, Decision, Ending, NextBoot, Phase, PhaseKind, Progress, TrailerReport,
};

/// What a trailer field says.
pub(super) fn field(trailer: &TrailerReport, name: &str) -> String {
    let unset = || "unset".to_owned();
    match name {
        "magic" => trailer.magic.to_owned(),
        "image_ok" => trailer.image_ok.to_owned(),
        "copy_done" => trailer.copy_done.to_owned(),
        "swap_info" => trailer.swap_type.map_or_else(unset, |swap| {
            let image = trailer.image_number.unwrap_or(0);
            format!("swap type {}, image {image}", swap.name())
        }),
        "tlv_sizes" => trailer.tlv_sizes.map_or_else(unset, |[primary, secondary]| {
            format!("primary {primary}, secondary {secondary} octets")
        }),
        _ => trailer.swap_size.map_or_else(unset, |size| format!("{size} octets")),
    }
}

/// Which trailer tells of a swap in progress.
pub(super) fn source(decision: &Decision) -> String {
    match (decision.status_source, decision.status_swap) {
        (None, _) => "none: no swap is in progress".to_owned(),
        (Some(source), Some(swap)) if decision.in_progress() => {
            format!("the trailer of the {source}, swap type {}", swap.name())
        }
        (Some(source), _) => format!("the trailer of the {source}, which tells of no swap"),
    }
}

/// How far a swap had come.
pub(super) fn progress(decision: &Decision) -> String {
    let of = |of: Option<u32>| of.map_or_else(String::new, |of| format!(" of {of}"));
    match decision.progress {
        None => "none".to_owned(),
        Some(_) if !decision.in_progress() => "none".to_owned(),
        Some(Progress::NotBegun) => "set up, no page has moved".to_owned(),
        Some(Progress::Moving { done, of: pages }) => {
            format!("interrupted: page {done}{} moved up", of(pages))
        }
        Some(Progress::Swapping { done, parts, of: Some(pages) }) => {
            let next = match parts {
                0 => String::new(),
                _ => ", the next one half".to_owned(),
            };
            format!("interrupted: page {done} of {pages} swapped{next}")
        }
        Some(Progress::Swapping { done, parts, of: None }) => {
            format!("interrupted: {done} steps through, and {parts} of 3 parts of the next one")
        }
    }
}

/// A slot by its number.
fn slot(number: u8) -> &'static str {
    if number == 0 { "primary" } else { "secondary" }
}

/// What a stretch of a boot does, and its cost.
pub(super) fn phase(phase: &Phase) -> String {
    let what = match phase.kind {
        PhaseKind::Decide { swap: SwapType::None, .. } => "the trailers ask for nothing".to_owned(),
        PhaseKind::Decide { swap, resumed: true } => {
            format!("takes up the interrupted swap, type {}", swap.name())
        }
        PhaseKind::Decide { swap, resumed: false } => {
            format!("the trailers ask for a swap, type {}", swap.name())
        }
        PhaseKind::Hash { slot: number, len } => {
            format!("hashes the image in the {} slot, {len} octets", slot(number))
        }
        PhaseKind::Refuse { slot: number } if phase.erases > 0 => {
            format!("refuses the image in the {} slot and erases the slot", slot(number))
        }
        PhaseKind::Refuse { slot: number } => {
            format!("refuses the image in the {} slot", slot(number))
        }
        PhaseKind::Trailers => "writes or clears trailers".to_owned(),
        PhaseKind::Move { from, to, of } => {
            format!("moves pages {from} to {to} of {of} up by one, from the last down")
        }
        PhaseKind::Swap { from, to, of } => format!("swaps pages {from} to {to} of {of}"),
        PhaseKind::Copy { from, to, of } => {
            format!("erases the primary slot and copies pages {from} to {to} of {of} there")
        }
    };
    let erases = match phase.erases {
        0 => String::new(),
        1 => "1 erase, ".to_owned(),
        n => format!("{n} erases, "),
    };
    let octets = match phase.octets {
        0 => String::new(),
        octets => format!("{octets} octets written, "),
    };
    if phase.time.is_zero() {
        return what;
    }
    let time = match phase.time.as_us() {
        us if us < 1_000_000 => format!("{:.1} ms", phase.time.as_secs_f64() * 1000.0),
        _ => format!("{:.1} s", phase.time.as_secs_f64()),
    };
    format!("{what}: {erases}{octets}{time}")
}

/// How a boot ends.
pub(super) fn ending(ending: &Ending) -> String {
    let (Some(number), Some(version)) = (ending.slot, &ending.version) else {
        return match ending.assertion {
            Some(condition) => format!("nothing boots, MCUboot stops at the assertion {condition}"),
            None => "nothing boots, the device stays in the boot loader".to_owned(),
        };
    };
    let how = match (ending.swap, ending.resumed) {
        (SwapType::None, _) => String::new(),
        (SwapType::Revert, false) => ", after the revert".to_owned(),
        (swap, false) => format!(", after the {} swap", swap.name()),
        (swap, true) => format!(", after the interrupted {} swap is completed", swap.name()),
    };
    format!("version {version} runs from the {} slot{how}", slot(number))
}

/// What the boots after the next do.
pub(super) fn afterwards(next: &NextBoot) -> Vec<String> {
    let Some(then) = &next.then else { return Vec::new() };
    let now = &next.run.ending;
    let stays = |then: &Ending| {
        then.swap == SwapType::None && (then.slot, &then.version) == (now.slot, &now.version)
    };
    let confirmed = next.then_if_confirmed.as_ref();
    match confirmed {
        _ if stays(then) => vec!["the boot after that: the same image runs again".to_owned()],
        Some(confirmed) if stays(confirmed) => {
            let what = match then.swap {
                SwapType::Revert => "then reverts unless confirmed",
                _ => "then the image is dropped unless confirmed",
            };
            vec![format!("the boot after that: {what}, and {}", ending(then))]
        }
        _ => vec![format!("the boot after that: {}", ending(then))],
    }
}

/// One thing to know or to do.
pub(super) fn advice(advice: &Advice, mode: &str) -> String {
    match advice {
        Advice::TooLarge { slot: number, len, limit } => format!(
            "the image in the {} slot is too large and will be erased at boot: {len} octets, at \
             most {limit} in mode {mode}; make it smaller, or the slots larger",
            slot(*number)
        ),
        Advice::NotAccepted { slot: number, reason, erased: true } => format!(
            "the image in the {} slot will be erased at boot: {reason}; upload a good one again",
            slot(*number)
        ),
        Advice::NotAccepted { slot: number, reason, erased: false } => {
            format!("the image in the {} slot cannot be booted: {reason}", slot(*number))
        }
        Advice::NothingToInstall => "a swap is asked for, but the secondary slot holds no image \
             where the boot loader looks: nothing will be installed; upload it first"
            .to_owned(),
        Advice::WrongUploadAddress { expected } => format!(
            "the secondary slot begins with an image and will be erased at boot: in mode {mode} an \
             upload begins one page later, at {expected:#x}; the server must be built for this mode"
        ),
        Advice::SlotsIncompatible { pages: [primary, secondary], max_sectors } => format!(
            "slots not compatible: {primary} and {secondary} pages, at most {max_sectors} sectors, \
             in mode {mode}: the pending image stays there and is never installed; change \
             the layout or CONFIG_BOOT_MAX_IMG_SECTORS"
        ),
        Advice::NotPending => "the secondary slot holds a good image, and nothing asks for it: \
             mark it for test or confirm it (image state write)"
            .to_owned(),
        Advice::ConfirmMissing => "confirm missing: the image that runs was on trial and nobody \
             confirmed it, so the next boot reverts; to keep it, the application must call \
             boot_write_img_confirmed or the client must confirm it before the reset"
            .to_owned(),
        Advice::OnTrial => "the new image will be on trial: confirm it before the reset after \
             that, or it is reverted"
            .to_owned(),
        Advice::InterruptedSwap => "a swap was interrupted: let the boot loader complete it; \
             erasing or uploading now would destroy an image"
            .to_owned(),
        Advice::BadTrailer { slot: 0 } => "the trailer of the primary slot is neither valid nor \
             erased: confirming will fail (BOOT_EBADVECT)"
            .to_owned(),
        Advice::BadTrailer { .. } => "the trailer of the secondary slot is neither valid nor \
             erased: marking an image fails (BOOT_EBADIMAGE); erase the slot first"
            .to_owned(),
        Advice::NoRevert => {
            format!("mode {mode} knows no trial: the new image stays, there is no way back")
        }
        Advice::NothingBootable => "nothing can be booted: flash a signed image into the primary \
             slot with a debugger"
            .to_owned(),
    }
}
