//! What becomes of a chunk before anything is done about it.

use super::errors::Fault;
use super::slot_choice::upload_slot;
use super::slots::{active_slot, area, image_in, slot_count};
use super::upload::Progress;
use super::version::is_older;
use crate::EraseMode;
use crate::groups::Context;
use flash_model::{Area, ImageHeader, flags};
use smp_wire::image::UploadRequest;

/// Octets of a SHA-256; a client may send fewer to name its upload.
pub(super) const SHA_MAX: usize = 32;
/// `off` and `len` of this value read as missing: the server presets its fields with it.
const MISSING: u32 = u32::MAX;

/// What to do about a chunk that is not refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Answer the offset at which the upload stands; the data are of no use.
    Tell,
    /// A new upload begins with this chunk.
    Begin {
        /// Number of the slot it goes to.
        slot: usize,
        /// Octets of the whole image, as the client states.
        size: u32,
        /// The slot must be erased first.
        erase: bool,
    },
    /// The upload goes on.
    Continue,
}

/// Decides about a chunk. The order of the checks is what a client observes (Zephyr
/// `zephyr_img_mgmt.c`, `img_mgmt_upload_inspect`).
pub(super) fn decide(
    request: &UploadRequest<'_>,
    upload: &Progress,
    cx: &Context<'_>,
) -> Result<Decision, Fault> {
    match request.off {
        None | Some(MISSING) => Err(Fault::OffMissing),
        Some(0) => decide_first(request, upload, cx),
        Some(off) if off != upload.off() => Ok(Decision::Tell),
        Some(_) if cx.quirks.upload_size_checked && upload.overruns(data(request).len()) => {
            Err(Fault::Overrun)
        }
        Some(_) => Ok(Decision::Continue),
    }
}

fn data<'a>(request: &UploadRequest<'a>) -> &'a [u8] {
    request.data.unwrap_or_default()
}

/// The checks of a first chunk, one a row.
#[inline(never)]
fn decide_first(
    request: &UploadRequest<'_>,
    upload: &Progress,
    cx: &Context<'_>,
) -> Result<Decision, Fault> {
    let data = data(request);
    let sha = request.sha.unwrap_or_default();

    check(data.len() >= ImageHeader::LEN as usize, Fault::DataTooShort)?;
    let size = request.len.filter(|&len| len != MISSING).ok_or(Fault::LenMissing)?;
    // All that `parse` can find wrong in 32 octets is the magic.
    let header = ImageHeader::parse(data).map_err(|_| Fault::WrongMagic)?;
    check(sha.len() <= SHA_MAX, Fault::ShaTooLong)?;
    if upload.is_named(sha) {
        return Ok(Decision::Tell);
    }
    let image = request.image.unwrap_or(0);
    let slot = upload_slot(cx, image)?;
    if cx.quirks.upload_size_checked {
        let area = area(cx.config, slot.ok_or(Fault::SlotNotOpened)?);
        check(size <= area.len, Fault::TooLarge)?;
        check_footer(size, area, image, cx)?;
    }
    check(is_built_for(&header, slot, cx), Fault::WrongAddress)?;
    check(request.upgrade != Some(true) || is_upgrade(&header, cx)?, Fault::NotNewer)?;
    // Early servers open the slot only now, to see whether it is blank.
    let slot = slot.ok_or(Fault::NoSuchSlot)?;
    let up_front = cx.config.erase == EraseMode::UpFront;
    let erase = up_front && !cx.flash.is_blank(area(cx.config, slot));
    Ok(Decision::Begin { slot, size, erase })
}

const fn check(holds: bool, fault: Fault) -> Result<(), Fault> {
    if holds { Ok(()) } else { Err(fault) }
}

/// The size that the boot loader can install (`CONFIG_MCUMGR_GRP_IMG_TOO_LARGE_SYSBUILD`). Zephyr
/// takes the image's number for the number of its running slot.
fn check_footer(size: u32, slot: Area, image: u32, cx: &Context<'_>) -> Result<(), Fault> {
    let Some(footer) = cx.config.update_footer else { return Ok(()) };
    let image = image as usize;
    check(image < slot_count(cx.config), Fault::SlotNotOpened)?;
    let running = area(cx.config, image);
    let roomy = running.len >= slot.len.saturating_add(footer);
    check(roomy || size <= slot.len.saturating_sub(footer), Fault::TooLarge)
}

/// An image with a fixed address must be built for its slot
/// (`CONFIG_MCUMGR_GRP_IMG_REJECT_DIRECT_XIP_MISMATCHED_SLOT`).
fn is_built_for(header: &ImageHeader, slot: Option<usize>, cx: &Context<'_>) -> bool {
    !cx.config.reject_mismatched_slot
        || header.flags & flags::ROM_FIXED == 0
        || slot.is_none_or(|slot| area(cx.config, slot).start == header.load_addr)
}

/// Whether the image is newer than the running one.
fn is_upgrade(header: &ImageHeader, cx: &Context<'_>) -> Result<bool, Fault> {
    let running = image_in(cx, active_slot(cx, 0)).ok_or(Fault::VersionUnknown)?;
    Ok(is_older(running.version, header.version, cx.config))
}
