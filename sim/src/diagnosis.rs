//! Which known failure a run looks like: error and figures, held against the presets of the gallery.
//!
//! What is named is a likeness, judged from the report alone; the preset tells what to look at.

use crate::report::Report;
use crate::scenario::value::Value;
use crate::world::Prepared;
use client_model::{ClientError, Phase, StrategyKind};
use flash_model::SwapType;
use smp_wire::errors::Rc;

/// Octets of an image's header, which the server wants in the first chunk (`img_mgmt`).
const IMAGE_HEADER: u32 = 32;

/// Octets of a write's header (Core Specification Vol 3 Part F 3.4.5.3).
const ATT_HEADER: u32 = 3;

/// Requests sent again that no healthy upload comes to without an octet taken (model choice).
const MANY: u32 = 100;

/// The preset of the gallery that a run looks like.
pub fn resembles(prepared: &Prepared, report: &Report) -> Option<&'static str> {
    match report.counts.error {
        Some(error) => failed(prepared, report, error),
        None if report.document.outcome == "failed" => never_ended(prepared, report),
        None => succeeded(prepared, report),
    }
}

/// The limit of the run came first.
fn never_ended(prepared: &Prepared, report: &Report) -> Option<&'static str> {
    let smp = &report.document.smp;
    if report.counts.upload_off == 0 && smp.retries > MANY {
        return Some("stuck-rc-ignored");
    }
    let strategy = prepared.scenario().settings.get("client.strategy");
    let waits_for_ever = *strategy == Value::Choice(StrategyKind::NcsCentralSample.name());
    (waits_for_ever && smp.dropped > 0).then_some("ebusy")
}

fn failed(prepared: &Prepared, report: &Report, error: ClientError) -> Option<&'static str> {
    let counts = &report.counts;
    Some(match error {
        ClientError::Emsgsize { .. } => "emsgsize",
        ClientError::Enomem { .. } => "enomem",
        ClientError::Ebusy { .. } => "ebusy",
        ClientError::ParserNeedsRc => "stuck-parser",
        ClientError::ClientCrashed { .. } => "key-overflow",
        ClientError::InsufficientAuthentication { .. } => "not-paired",
        ClientError::ConfirmNoEffect => "seed-android",
        ClientError::Reverted => "unconfirmed",
        ClientError::ImageNotActive { listed: false }
            if counts.boots.iter().any(|boot| boot.refused && boot.swap == SwapType::None)
                && is_too_large(prepared) =>
        {
            "image-too-large"
        }
        ClientError::Rc { rc, group: None, .. }
        | ClientError::UploadRejected { rc, group: None }
            if rc == Rc::NoMemory.code() =>
        {
            "no-memory"
        }
        ClientError::UploadRejected { rc, group: None }
            if rc == Rc::Invalid.code() && counts.upload_end < IMAGE_HEADER =>
        {
            "stuck-small-mtu"
        }
        ClientError::UploadRejected { rc, group: None }
            if rc == Rc::Corrupt.code() && is_cut(prepared, report) =>
        {
            "no-reassembly"
        }
        ClientError::LinkLost { phase: Phase::Upload, reason: link_model::reason::TIMEOUT }
            if counts.upload_off == 0 && report.document.flash.erases > 0 =>
        {
            "erase-link-loss"
        }
        ClientError::Timeout { phase: Phase::Upload }
            if counts.upload_off == 0 && report.document.flash.erases > 1 =>
        {
            "erase-timeout"
        }
        ClientError::Timeout { phase: Phase::Upload } | ClientError::NotAcknowledged { .. } => {
            return lossy(prepared, report);
        }
        _ => return None,
    })
}

fn succeeded(prepared: &Prepared, report: &Report) -> Option<&'static str> {
    let smp = &report.document.smp;
    let image = u64::from(prepared.image().len());
    if smp.timeouts > 0 && smp.wasted_octets * 2 > image && report.counts.upload_again {
        return Some("lost-last-answer");
    }
    lossy(prepared, report)
}

/// Requests that the server dropped.
fn lossy(prepared: &Prepared, report: &Report) -> Option<&'static str> {
    let counts = &report.counts;
    if counts.misread > 0 && prepared.scenario().server.reassembly {
        return Some("lost-fragment");
    }
    let full = report.document.smp.window_max >= prepared.scenario().server.buf_count;
    (counts.no_buffer > 0 && full).then_some("window-too-large")
}

/// The server's buffers are longer than a write, and it puts no writes together.
fn is_cut(prepared: &Prepared, report: &Report) -> bool {
    let server = &prepared.scenario().server;
    !server.reassembly && server.buf_size + ATT_HEADER > report.document.link.mtu.into()
}

/// Larger than the boot loader's mode takes of the slot.
fn is_too_large(prepared: &Prepared) -> bool {
    let scenario = prepared.scenario();
    let most = scenario.boot.max_image_len(&scenario.server.layout, &scenario.part.geometry);
    prepared.image().image_len() > most
}
