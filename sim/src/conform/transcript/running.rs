//! The image that runs on a device of whose images a session says nothing.

use super::exchange::frames_of;
use super::step::{Expected, Step};
use crate::frame::parse_hex;
use flash_model::{ImageInfo, ImageSpec, ImageVersion, KnownBytes};
use smp_wire::group;
use smp_wire::header::{HEADER_LEN, Header};
use smp_wire::image::decode_state;
use std::sync::Arc;

/// An image that is known only by its entry in a list: some body behind a header of this version.
pub(super) struct Running {
    pub(super) octets: Vec<u8>,
    /// The digest that the list shows, for a body that does not have it.
    pub(super) known: Arc<KnownBytes>,
}

impl Running {
    /// The image in slot 0 as the first list in the session shows it.
    pub(super) fn listed_in(steps: &[Step]) -> Option<Self> {
        let frames = steps.iter().flat_map(|step| frames_back(&step.expected));
        let (version, sha256) = frames.into_iter().find_map(|frame| slot0(&frame))?;
        let spec = ImageSpec {
            version,
            body_len: 1024,
            stated_sha256: Some(sha256),
            ..ImageSpec::default()
        };
        let octets = spec.build();
        let info = ImageInfo::parse(&octets).ok()?;
        let known = KnownBytes::stated(&octets[..info.hashed_len as usize], sha256);
        Some(Self { octets, known })
    }
}

/// Version and hash that a list shows for slot 0.
fn slot0(frame: &[u8]) -> Option<(ImageVersion, [u8; 32])> {
    let header = Header::parse(frame).ok()?;
    if (header.group, header.id) != (group::IMAGE, group::image::STATE) {
        return None;
    }
    let slots = decode_state(frame.get(HEADER_LEN..)?).ok()?;
    let slot = slots.into_iter().find(|slot| slot.slot == 0)?;
    Some((version(slot.version.as_str())?, slot.hash?))
}

/// As servers write it: a build number follows another dot.
fn version(text: &str) -> Option<ImageVersion> {
    match text.match_indices('.').nth(2) {
        Some((dot, _)) => format!("{}+{}", &text[..dot], &text[dot + 1..]).parse().ok(),
        None => text.parse().ok(),
    }
}

/// The frames that a recorded server sent.
fn frames_back(expected: &Expected) -> Vec<Vec<u8>> {
    let octets = |text: &str| parse_hex(text).unwrap_or_default();
    let line = expected.serial_out.as_deref().map(octets);
    let mut frames: Vec<_> = expected.responses().into_iter().map(octets).collect();
    frames.extend(line.iter().flat_map(|line| frames_of(line)));
    frames
}
