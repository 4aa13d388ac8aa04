//! The device that an emulator puts behind a socket: what it is built with, and what its flash holds
//! when its supply comes on.

use crate::image_file::ImageFile;
use crate::scenario::Scenario;
use crate::world::{PrepareError, Prepared};
use flash_model::{Area, Device, EXTERNAL_BASE, FlashView as _};

/// The preset of the device that is emulated when nothing else is asked for.
pub const DEFAULT: &str = "emulator";

/// What replaces the scenario's contents of flash.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// The whole array, then that of an external part, as an earlier emulation left it.
    pub flash: Option<Vec<u8>>,
    /// Images for the primary and the secondary slot. The slot is erased before, its trailer too.
    pub slots: [Option<ImageFile>; 2],
}

/// Why a device cannot be set up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContentsError {
    /// What the scenario says does not fit together.
    #[error(transparent)]
    Scenario(#[from] PrepareError),
    /// Not the whole array of the part.
    #[error("{len} octets; the whole flash of this device is {size} octets")]
    FlashSize {
        /// Octets given.
        len: usize,
        /// Octets of the part.
        size: u32,
    },
    /// An image is larger than its slot.
    #[error("{size} octets do not fit slot {slot}, which takes {room}")]
    TooLarge {
        /// The slot, 0 or 1.
        slot: usize,
        /// Octets of the image.
        size: u32,
        /// Octets that the slot takes.
        room: u32,
    },
}

/// The device of a scenario with these contents.
///
/// # Errors
/// When contents and partitions do not fit together.
pub fn prepare(scenario: Scenario, contents: &Contents) -> Result<Prepared, ContentsError> {
    let (layout, external) = (scenario.server.layout, scenario.external);
    let chip = scenario.part.geometry.size;
    let size = chip + external.map_or(0, |external| external.geometry.size);
    let offset = scenario.boot.upload_offset(&scenario.part.geometry);
    // Nobody installs the scenario's new image here, so it need not fit.
    let mut prepared = Prepared::new(scenario, None, true)?;
    if let Some(flash) = &contents.flash {
        if flash.len() != size as usize {
            return Err(ContentsError::FlashSize { len: flash.len(), size });
        }
        let (inner, outer) = flash.split_at(chip as usize);
        prepared.edit_flash(|device| {
            for (start, octets) in [(0, inner), (EXTERNAL_BASE, outer)] {
                if !octets.is_empty() {
                    device.clear(Area::new(start, octets.len() as u32));
                    device.load(start, octets);
                }
            }
        });
    }
    let starts = [0, offset];
    for (slot, image) in contents.slots.iter().enumerate() {
        let Some(image) = image else { continue };
        let area = layout.slots[slot];
        let room = area.len - starts[slot];
        if image.len() > room {
            return Err(ContentsError::TooLarge { slot, size: image.len(), room });
        }
        prepared.edit_flash(|device| {
            device.clear(area);
            device.load(area.start + starts[slot], image.bytes());
            device.know(image.known());
        });
    }
    Ok(prepared)
}

/// The octets of the whole part, then those of an external part, as [`Contents::flash`] takes them.
pub fn octets(flash: &Device) -> Vec<u8> {
    let mut octets = flash.bytes(0, flash.part().geometry.size).to_vec();
    if let Some(external) = flash.external() {
        octets.extend_from_slice(flash.bytes(EXTERNAL_BASE, external.geometry.size));
    }
    octets
}

#[cfg(test)]
mod tests {
    use super::{Contents, ContentsError, DEFAULT, octets, prepare};
    use crate::image_file::ImageFile;
    use crate::scenario::{Scenario, Settings};
    use crate::trace::Null;
    use crate::world::{DeviceState, World};
    use flash_model::ImageSpec;
    use sim_core::{Seed, Span, Time};

    const ECHO: &[u8] = b"\x0a\0\0\x06\0\0\x77\0\xa1\x61d\x62hi";

    fn scenario() -> Scenario {
        let settings = Settings::preset(DEFAULT).expect("there is one");
        Scenario::resolve(&settings).expect("it resolves")
    }

    fn powered(contents: &Contents) -> World<Null> {
        let prepared = prepare(scenario(), contents).expect("it fits");
        World::powered_on(&prepared, Seed(1), Null)
    }

    fn after(world: &mut World<Null>, span: Span) {
        world.advance_to(world.now() + span);
    }

    #[test]
    fn the_device_is_silent_until_it_has_booted_and_answers_the_peer_that_asked() {
        let mut world = powered(&Contents::default());
        assert_eq!(world.device().state(), DeviceState::Booting);
        world.inject_datagram(1, 7, ECHO);
        after(&mut world, Span::from_s(3));
        assert_eq!(world.poll_datagram(), None);
        assert_eq!(world.device().state(), DeviceState::Running);
        world.inject_datagram(2, 9, ECHO);
        after(&mut world, Span::from_ms(1));
        let (peer, answer) = world.poll_datagram().expect("an echo");
        assert_eq!(
            (peer, answer.as_slice()),
            (9, &b"\x0b\0\0\x07\0\0\x77\0\xbf\x61r\x62hi\xff"[..])
        );
        assert_eq!(world.poll_datagram(), None);
    }

    #[test]
    fn a_reset_silences_the_device_after_its_answer_and_it_comes_back() {
        let mut world = powered(&Contents::default());
        after(&mut world, Span::from_s(3));
        world.inject_datagram(1, 7, b"\x0a\0\0\0\0\0\x01\x05");
        after(&mut world, Span::from_ms(249));
        assert!(world.poll_datagram().is_some(), "the reset is answered before it happens");
        assert_eq!(world.device().state(), DeviceState::Running);
        after(&mut world, Span::from_ms(2));
        assert_eq!(world.device().state(), DeviceState::Booting);
        world.inject_datagram(2, 7, ECHO);
        after(&mut world, Span::from_s(3));
        assert_eq!(world.poll_datagram(), None, "nobody listens during a boot");
        assert_eq!(world.device().state(), DeviceState::Running);
    }

    #[test]
    fn a_world_bound_to_a_clock_has_no_end_and_nothing_to_do_when_idle() {
        let mut world = powered(&Contents::default());
        after(&mut world, Span::from_s(3_000_000));
        assert_eq!(world.ended(), None);
        assert_eq!(world.deadline(), Some(Time::MAX));
    }

    #[test]
    fn the_flash_of_an_earlier_emulation_is_taken_as_it_is() {
        let spec = ImageSpec { body_len: 5_000, ..scenario().slot0 };
        let image = ImageFile::generated(&spec);
        let contents = Contents { slots: [None, Some(image.clone())], ..Contents::default() };
        let first = powered(&contents);
        let size = scenario().part.geometry.size;
        let flash = first.device().flash_view().bytes(0, size).to_vec();
        let slot = scenario().server.layout.secondary();
        assert_eq!(&flash[slot.start as usize..][..image.bytes().len()], image.bytes());
        let again = powered(&Contents { flash: Some(flash.clone()), ..Contents::default() });
        assert_eq!(again.device().flash_view().bytes(0, size), flash);
    }

    #[test]
    fn an_external_part_is_kept_behind_the_one_on_the_chip() {
        let external = || {
            let mut settings = Settings::preset(DEFAULT).expect("there is one");
            settings.set("flash.secondary=mx25r64").expect("lawful");
            Scenario::resolve(&settings).expect("it resolves")
        };
        let image = ImageFile::generated(&ImageSpec { body_len: 5_000, ..external().slot0 });
        let contents = Contents { slots: [None, Some(image.clone())], ..Contents::default() };
        let first = prepare(external(), &contents).expect("it fits").flash();
        let kept = octets(&first);
        assert_eq!(kept.len(), 0x90_0000);
        assert_eq!(&kept[0x10_0000..][..image.bytes().len()], image.bytes());
        let contents = Contents { flash: Some(kept.clone()), ..Contents::default() };
        let again = prepare(external(), &contents).expect("it fits").flash();
        assert_eq!(octets(&again), kept);
        let chip_alone = Contents { flash: Some(vec![0xff; 0x10_0000]), ..Contents::default() };
        let error = prepare(external(), &chip_alone).expect_err("too short");
        assert!(matches!(error, ContentsError::FlashSize { size: 0x90_0000, .. }), "{error}");
    }

    #[test]
    fn contents_that_do_not_fit_are_refused() {
        let short = Contents { flash: Some(vec![0xff; 100]), ..Contents::default() };
        let error = prepare(scenario(), &short).expect_err("too short");
        assert!(matches!(error, ContentsError::FlashSize { len: 100, .. }), "{error}");
        let large = ImageFile::any(vec![0; 0x7_6001]);
        let large = Contents { slots: [Some(large), None], ..Contents::default() };
        let error = prepare(scenario(), &large).expect_err("too large");
        assert!(matches!(error, ContentsError::TooLarge { slot: 0, .. }), "{error}");
    }
}
