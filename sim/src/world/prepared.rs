//! What is the same for every run of a scenario: images, their digests, and the flash at the start.

use crate::image_file::ImageFile;
use crate::scenario::{Scenario, SlotSpec};
use client_model::{ClientConfig, Image};
use flash_model::{
    Area, BootMode, Device, FlashOp, FlashView as _, ImageSpec, Layout, set_next, set_pending,
};
use sim_core::{Seed, Span};
use std::sync::Arc;

/// A scenario with its images built and hashed; worlds are made from it by copying.
#[derive(Clone, Debug)]
pub struct Prepared {
    scenario: Arc<Scenario>,
    image: Arc<ImageFile>,
    /// Further images by number.
    more: Arc<[(u32, ImageFile)]>,
    flash: Arc<Device>,
}

/// Why images and slots do not fit together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PrepareError {
    /// An image is larger than its slot.
    #[error("{what}: {size} octets do not fit the slot of {slot} octets; make {key} smaller")]
    LargerThanSlot {
        /// Which image.
        what: &'static str,
        /// Its size.
        size: u32,
        /// The slot's size.
        slot: u32,
        /// The key to change.
        key: &'static str,
    },
    /// An image has a number that no slots stand for.
    #[error(
        "image {number}: the device has no slots for it; set server.images and the places of its slots \
         in [layout]"
    )]
    NoSlots {
        /// Its number.
        number: u32,
    },
    /// The upgrade request cannot be written.
    #[error(
        "slot1.mark: the image in slot 1 reaches into the trailer, where something else than a \
         request stands; take slot1.mark = \"none\" or a smaller image"
    )]
    MarkOverContents,
    /// An image fits the slot but the boot loader would not swap it.
    #[error(
        "{what}: {size} octets are more than the {max} that the boot loader can swap in this slot; \
         it would erase the image at boot"
    )]
    LargerThanSwap {
        /// Which image.
        what: &'static str,
        /// Its size.
        size: u32,
        /// The largest that can be swapped.
        max: u32,
    },
}

impl Prepared {
    /// Builds and hashes the images. `given` replaces the generated new image. With `force` an
    /// image that the boot loader would refuse is let through, to see what the device does.
    ///
    /// # Errors
    /// When an image does not fit.
    pub fn new(
        scenario: Scenario,
        given: Option<ImageFile>,
        force: bool,
    ) -> Result<Self, PrepareError> {
        let force = force || scenario.image_force;
        let image = given.unwrap_or_else(|| ImageFile::generated(&scenario.image));
        let mut builder = Builder::new(&scenario);
        builder.check("new image", image.len(), image.image_len(), "image.size", force)?;
        builder.put(
            scenario.server.layout.primary(),
            "running image",
            "slot0.size",
            &scenario.slot0,
        )?;
        if scenario.boot.mode == (BootMode::DirectXip { revert: true }) {
            builder.keep_running_image();
        }
        let slot = scenario.server.layout.secondary();
        let offset = scenario.boot.upload_offset(&scenario.part.geometry);
        let secondary = Area::new(slot.start + offset, slot.len - offset);
        match &scenario.slot1 {
            SlotSpec::Erased => {}
            SlotSpec::Old(spec) => builder.put(secondary, "old image", "slot1.size", spec)?,
            SlotSpec::New => builder.load(secondary, &image),
        }
        builder.know(&image);
        if let Some(permanent) = scenario.slot1_mark {
            builder.mark(permanent)?;
        }
        let more = scenario.image1.iter().map(|spec| (1, ImageFile::generated(spec))).collect();
        let flash = Arc::new(builder.flash);
        let (scenario, image) = (Arc::new(scenario), Arc::new(image));
        Self { scenario, image, more: Arc::new([]), flash }.with_more(more)
    }

    /// The same with these images to install besides, by number. The primary slot of each holds a
    /// generated image of the same size.
    ///
    /// # Errors
    /// When the device has no slots for one, or it does not fit them.
    pub fn with_more(mut self, more: Vec<(u32, ImageFile)>) -> Result<Self, PrepareError> {
        let scenario = Arc::clone(&self.scenario);
        for (number, image) in &more {
            let slots = (*number as usize)
                .checked_sub(1)
                .and_then(|further| scenario.server.more_images.get(further))
                .ok_or(PrepareError::NoSlots { number: *number })?;
            let (size, slot) = (image.len(), slots[0].len.min(slots[1].len));
            if size > slot {
                let (what, key) = ("further image", "image1.size");
                return Err(PrepareError::LargerThanSlot { what, size, slot, key });
            }
            let flash = Arc::make_mut(&mut self.flash);
            flash.know(image.known());
            let empty = flash.is_blank(slots[0]);
            if let Some(running) = scenario.running_beside(size).filter(|_| empty) {
                let running = ImageFile::generated(&running);
                flash.load(slots[0].start, running.bytes());
                flash.know(running.known());
            }
        }
        self.more = more.into();
        Ok(self)
    }

    /// The same images in a scenario with other settings for link, client and server; `None` when
    /// the images or the flash at the start would differ, or might no longer fit.
    pub fn with(&self, scenario: Scenario) -> Option<Self> {
        let old = &self.scenario;
        let same = scenario.image == old.image
            && scenario.slot0 == old.slot0
            && scenario.slot1 == old.slot1
            && scenario.slot1_mark == old.slot1_mark
            && scenario.part == old.part
            && scenario.external == old.external
            && scenario.boot.mode == old.boot.mode
            && scenario.boot.max_sectors == old.boot.max_sectors
            && scenario.image1 == old.image1
            && scenario.server.more_images == old.server.more_images
            && scenario.server.layout == old.server.layout;
        if !same {
            return None;
        }
        let mut flash = Arc::clone(&self.flash);
        if scenario.flash_sync != old.flash_sync {
            Arc::make_mut(&mut flash).set_radio_sync(scenario.flash_sync);
        }
        let (image, more) = (Arc::clone(&self.image), Arc::clone(&self.more));
        Some(Self { scenario: Arc::new(scenario), image, more, flash })
    }

    /// The scenario.
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// The image to install.
    pub fn image(&self) -> &ImageFile {
        &self.image
    }

    /// The images to install besides, with their numbers.
    pub fn more_images(&self) -> impl Iterator<Item = (u32, &ImageFile)> {
        self.more.iter().map(|(number, image)| (*number, image))
    }

    /// Octets of all images together.
    pub fn octets(&self) -> u32 {
        self.more.iter().map(|(_, image)| image.len()).fold(self.image.len(), u32::saturating_add)
    }

    /// Lets somebody set up the flash at the start.
    pub(crate) fn edit_flash(&mut self, edit: impl FnOnce(&mut Device)) {
        edit(Arc::make_mut(&mut self.flash));
    }

    /// The client's settings, with what this seed draws for them.
    pub fn client_config(&self, seed: Seed) -> ClientConfig {
        let mut config = self.scenario.client_config(self.image.for_client());
        let image = |(number, file): (u32, &ImageFile)| Image { number, ..file.for_client() };
        config.more_images = self.more_images().map(image).collect();
        config.draw = seed.stream("client").at(0, 0);
        if let Some(outages) = config.uplink.as_mut().and_then(|uplink| uplink.outages.as_mut()) {
            outages.first = Span::from_ns(seed.stream("host").below(outages.every.as_ns()));
        }
        config
    }

    pub(crate) fn flash(&self) -> Device {
        (*self.flash).clone()
    }
}

struct Builder {
    flash: Device,
    layout: Layout,
    /// Largest image that the boot loader swaps.
    max: u32,
}

impl Builder {
    fn new(scenario: &Scenario) -> Self {
        let layout = scenario.server.layout;
        let mut flash = Device::new(scenario.part, scenario.flash_sync);
        if let Some(external) = scenario.external {
            flash = flash.with_external(external);
        }
        Self { flash, layout, max: scenario.boot.max_image_len(&layout, &scenario.part.geometry) }
    }

    fn check(
        &self,
        what: &'static str,
        file: u32,
        image: u32,
        key: &'static str,
        force: bool,
    ) -> Result<(), PrepareError> {
        let slot = self.layout.secondary().len;
        if file > slot && !force {
            return Err(PrepareError::LargerThanSlot { what, size: file, slot, key });
        }
        if image > self.max && !force {
            return Err(PrepareError::LargerThanSwap { what, size: image, max: self.max });
        }
        Ok(())
    }

    fn put(
        &mut self,
        slot: Area,
        what: &'static str,
        key: &'static str,
        spec: &ImageSpec,
    ) -> Result<(), PrepareError> {
        let image = ImageFile::generated(spec);
        self.check(what, image.len(), image.image_len(), key, false)?;
        self.load(slot, &image);
        self.know(&image);
        Ok(())
    }

    fn load(&mut self, slot: Area, image: &ImageFile) {
        let len = image.bytes().len().min(slot.len as usize);
        self.flash.load(slot.start, &image.bytes()[..len]);
    }

    /// Lets the boot loader recognise the image without hashing it anew in every run.
    fn know(&mut self, image: &ImageFile) {
        self.flash.know(image.known());
    }

    fn mark(&mut self, permanent: bool) -> Result<(), PrepareError> {
        let ops = set_pending(&self.flash, &self.layout, permanent)
            .map_err(|_| PrepareError::MarkOverContents)?;
        self.overlay(ops);
        Ok(())
    }

    /// A boot loader of direct-xip with revert erases an image without a mark, or with that of a
    /// trial that was run, instead of booting it: one that runs for good was confirmed. The check
    /// of its size has kept it below the trailer.
    fn keep_running_image(&mut self) {
        if let Ok(ops) = set_next(&self.flash, self.layout.primary(), true, true) {
            self.overlay(ops);
        }
    }

    fn overlay(&mut self, ops: Vec<FlashOp>) {
        for op in ops {
            if let FlashOp::Write { at, data } = op {
                self.flash.overlay(at, &data);
            }
        }
    }
}
