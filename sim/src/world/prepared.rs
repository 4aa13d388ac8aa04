//! What is the same for every run of a scenario: images, their digests, and the flash at the start.

use crate::image_file::ImageFile;
use crate::scenario::{Scenario, SlotSpec};
use client_model::ClientConfig;
use flash_model::{Area, Device, FlashOp, ImageSpec, Layout, set_pending};
use sim_core::{Seed, Span};
use std::sync::Arc;

/// A scenario with its images built and hashed; worlds are made from it by copying.
#[derive(Clone, Debug)]
pub struct Prepared {
    scenario: Arc<Scenario>,
    image: Arc<ImageFile>,
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
        let image = given.unwrap_or_else(|| ImageFile::generated(&scenario.image));
        let mut builder = Builder::new(&scenario);
        builder.check("new image", image.len(), image.image_len(), "image.size", force)?;
        builder.put(
            scenario.server.layout.primary(),
            "running image",
            "slot0.size",
            &scenario.slot0,
        )?;
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
        let flash = Arc::new(builder.flash);
        Ok(Self { scenario: Arc::new(scenario), image: Arc::new(image), flash })
    }

    /// The same images in a scenario with other settings for link, client and server; `None` when
    /// the images or the flash at the start would differ.
    pub fn with(&self, scenario: Scenario) -> Option<Self> {
        let old = &self.scenario;
        let same = scenario.image == old.image
            && scenario.slot0 == old.slot0
            && scenario.slot1 == old.slot1
            && scenario.slot1_mark == old.slot1_mark
            && scenario.part == old.part
            && scenario.external == old.external
            && scenario.boot.mode == old.boot.mode
            && scenario.server.layout == old.server.layout;
        if !same {
            return None;
        }
        let mut flash = (*self.flash).clone();
        flash.set_radio_sync(scenario.flash_sync);
        Some(Self {
            scenario: Arc::new(scenario),
            image: Arc::clone(&self.image),
            flash: Arc::new(flash),
        })
    }

    /// The scenario.
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// The image to install.
    pub fn image(&self) -> &ImageFile {
        &self.image
    }

    /// Lets somebody set up the flash at the start.
    pub(crate) fn edit_flash(&mut self, edit: impl FnOnce(&mut Device)) {
        edit(Arc::make_mut(&mut self.flash));
    }

    /// The client's settings, with what this seed draws for them.
    pub(crate) fn client_config(&self, seed: Seed) -> ClientConfig {
        let mut config = self.scenario.client_config(self.image.for_client());
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
        for op in ops {
            if let FlashOp::Write { at, data } = op {
                self.flash.overlay(at, &data);
            }
        }
        Ok(())
    }
}
