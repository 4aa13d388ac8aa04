//! Updates of several images in one go: an application and the firmware of another core.
//!
//! The images are uploaded one after the other, then all are marked, one reset follows, and after
//! it each is looked at and confirmed, in the order of the Android library's queue
//! (`FirmwareUpgradeManager`: uploads before erasing the settings before marks before the reset).
//! Each flow plans for one image; its plan is taken apart at the first mark and at the reset.

use super::Session;
use super::plan::{Purpose, Step};
use crate::config::Image;
use crate::error::{ClientError, Finish, Outcome};
use crate::event::ClientEvent;
use sim_core::Time;
use std::collections::VecDeque;

/// The images of an update with more than one.
#[derive(Clone, Debug)]
pub(super) struct Images {
    waiting: VecDeque<Image>,
    parked: Vec<Parked>,
    stage: Stage,
    /// The least that an image has reached so far.
    reached: Outcome,
}

/// An image that was uploaded, and what is left to do for it.
#[derive(Clone, Debug)]
struct Parked {
    image: Image,
    marks: Vec<Step>,
    resets: bool,
    after: Vec<Step>,
    reached: Outcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Uploading,
    /// The marks of the images before this one are made.
    Marking(usize),
    Resetting,
    /// The images before this one have been looked at after the reset.
    After(usize),
}

impl Images {
    /// `None` for one image alone.
    pub(super) fn new(more: &[Image]) -> Option<Box<Self>> {
        (!more.is_empty()).then(|| {
            Box::new(Self {
                waiting: more.iter().cloned().collect(),
                parked: Vec::new(),
                stage: Stage::Uploading,
                reached: Outcome::Confirmed,
            })
        })
    }

    /// Whether a plan stops here because all images have to be uploaded first.
    fn stops_at(&self, step: Step, rest: &VecDeque<Step>) -> bool {
        let looks_again = rest.contains(&Step::List(Purpose::Validate));
        self.stage == Stage::Uploading
            && match step {
                Step::EraseSettings | Step::Test | Step::Confirm => true,
                // One that frees the slot comes before the upload.
                Step::Reset => !looks_again,
                _ => false,
            }
    }
}

/// How far an outcome is.
const fn rank(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Confirmed => 2,
        Outcome::Tested => 1,
        _ => 0,
    }
}

impl Session {
    /// The plan of one of several images stops before this step: the next image's turn.
    pub(super) fn parks_before(&mut self, step: Step) -> bool {
        let stops = self.images.as_ref().is_some_and(|images| images.stops_at(step, &self.plan));
        if stops {
            self.plan.push_front(step);
        }
        stops
    }

    /// The current image's plan is at its end, or stops: what comes next.
    #[cold]
    pub(super) fn turn_to_next_image(&mut self, now: Time) -> Result<(), ClientError> {
        let Some(mut images) = self.images.take() else {
            self.finish(Finish { outcome: self.reached, error: None });
            return Ok(());
        };
        match images.stage {
            Stage::Uploading => {
                self.park(&mut images);
                match images.waiting.pop_front() {
                    Some(image) => {
                        self.take_up(image);
                        self.slot_freed = 0;
                        self.plan = self.rules.opening(&self.task).into();
                    }
                    None => images.stage = Stage::Marking(0),
                }
            }
            Stage::Marking(n) => {
                if let Some(parked) = images.parked.get_mut(n) {
                    self.plan = std::mem::take(&mut parked.marks).into();
                    let image = parked.image.clone();
                    self.take_up(image);
                    images.stage = Stage::Marking(n + 1);
                } else {
                    self.plan.extend(images.parked.iter().any(|p| p.resets).then_some(Step::Reset));
                    images.stage = Stage::Resetting;
                }
            }
            Stage::Resetting => images.stage = Stage::After(0),
            Stage::After(n) => {
                if n > 0 && rank(self.reached) < rank(images.reached) {
                    images.reached = self.reached;
                }
                let Some(parked) = images.parked.get_mut(n) else {
                    self.finish(Finish { outcome: images.reached, error: None });
                    return Ok(());
                };
                self.plan = std::mem::take(&mut parked.after).into();
                self.reached = parked.reached;
                let image = parked.image.clone();
                self.take_up(image);
                images.stage = Stage::After(n + 1);
            }
        }
        self.images = Some(images);
        self.next_step(now)
    }

    /// Whether nothing is left to do, for no image.
    pub(super) fn all_is_done(&self) -> bool {
        self.plan.is_empty() && self.images.is_none()
    }

    /// Puts the current image by, with the rest of its plan.
    fn park(&mut self, images: &mut Images) {
        let mut rest: Vec<Step> = self.plan.drain(..).collect();
        let reset_at = rest.iter().position(|step| *step == Step::Reset);
        let after = reset_at.map_or_else(Vec::new, |at| rest.split_off(at + 1));
        rest.retain(|step| match step {
            Step::Reset => false,
            // The settings are erased once.
            Step::EraseSettings => images.parked.iter().all(|parked| !parked.marks.contains(step)),
            _ => true,
        });
        images.parked.push(Parked {
            image: self.config.image.clone(),
            marks: rest,
            resets: reset_at.is_some(),
            after,
            reached: self.reached,
        });
    }

    fn take_up(&mut self, image: Image) {
        self.task.image = image.number;
        self.task.hash = image.tlv_sha256;
        self.trace(ClientEvent::Image { number: image.number, len: image.len() });
        self.config.image = image;
    }
}
