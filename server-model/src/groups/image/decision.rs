//! What becomes of a chunk before anything is done about it.

use super::slots::{ACTIVE, image_in, in_use, upload_area};
use super::upload::Progress;
use crate::EraseMode;
use crate::groups::{Context, Refusal};
use flash_model::{Area, ImageHeader, ImageVersion};
use smp_wire::errors::Rc;
use smp_wire::image::UploadRequest;

/// Octets of a SHA-256; a client may send fewer to name its upload.
pub(super) const SHA_MAX: usize = 32;
/// `off` and `len` of this value read as missing: the server presets its fields with it.
const MISSING: u32 = u32::MAX;
/// Reasons of verbose servers (Zephyr `img_mgmt_impl.h`, `img_mgmt_err_str_*`).
const HEADER_MALFORMED: &str = "header malformed";
const MAGIC_MISMATCH: &str = "magic mismatch";
const NO_SLOT: &str = "no slot";
const DOWNGRADE: &str = "downgrade";

/// What to do about a chunk that is not refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Answer the offset at which the upload stands; the data are of no use.
    Tell,
    /// A new upload begins with this chunk.
    Begin {
        /// The slot it goes to.
        slot: Area,
        /// Octets of the whole image, as the client states.
        size: u32,
        /// The slot must be erased first.
        erase: bool,
    },
    /// The upload goes on.
    Continue,
}

/// Decides about a chunk. The order of the checks is what a client observes (Zephyr 3.2
/// `zephyr_img_mgmt.c`, `img_mgmt_upload_inspect`).
pub(super) fn decide(
    request: &UploadRequest<'_>,
    upload: &Progress,
    cx: &Context<'_>,
) -> Result<Decision, Refusal> {
    match request.off {
        None | Some(MISSING) => Err(Refusal::because(Rc::Invalid, HEADER_MALFORMED)),
        Some(0) => decide_first(request, upload, cx),
        Some(off) if off == upload.off() => Ok(Decision::Continue),
        Some(_) => Ok(Decision::Tell),
    }
}

fn decide_first(
    request: &UploadRequest<'_>,
    upload: &Progress,
    cx: &Context<'_>,
) -> Result<Decision, Refusal> {
    let malformed = Refusal::because(Rc::Invalid, HEADER_MALFORMED);
    let data = request.data.unwrap_or_default();
    if data.len() < ImageHeader::LEN as usize {
        return Err(malformed);
    }
    let size = request.len.filter(|&len| len != MISSING).ok_or(malformed)?;
    // All that `parse` can find wrong in 32 octets is the magic.
    let header =
        ImageHeader::parse(data).map_err(|_| Refusal::because(Rc::Invalid, MAGIC_MISMATCH))?;
    let sha = request.sha.unwrap_or_default();
    if sha.len() > SHA_MAX {
        return Err(Rc::Invalid.into());
    }
    if upload.is_named(sha) {
        return Ok(Decision::Tell);
    }
    let free = (0..cx.config.layout.slots.len()).find(|&slot| !in_use(cx, slot));
    let slot = upload_area(cx, free.ok_or(Refusal::because(Rc::NoEntry, NO_SLOT))?);
    if request.upgrade == Some(true) {
        check_upgrade(header.version, cx)?;
    }
    let erase = cx.config.erase == EraseMode::UpFront && !cx.flash.is_blank(slot);
    Ok(Decision::Begin { slot, size, erase })
}

/// The new image must be newer than the running one; build numbers do not count (Zephyr
/// `img_mgmt.c`, `img_mgmt_vercmp`).
fn check_upgrade(new: ImageVersion, cx: &Context<'_>) -> Result<(), Refusal> {
    let running = image_in(cx, ACTIVE).ok_or(Rc::Unknown)?;
    let without_build = |version| ImageVersion { build: 0, ..version };
    if without_build(running.version) >= without_build(new) {
        return Err(Refusal::because(Rc::BadState, DOWNGRADE));
    }
    Ok(())
}
