//! Servers with several images, with direct upload, and with boot loaders that run images in place.

mod support;

use flash_model::{Area, BootMode, Flag, ImageInfo, Layout, Trailer as SlotTrailer};
use server_model::{ConfigError, Profile, ServerConfig};
use smp_wire::cbor::MapForm;
use smp_wire::errors::{ErrorBody, find_error};
use smp_wire::header::{Header, OP_READ, OP_WRITE, put_len};
use smp_wire::image::{
    EraseRequest, ImageSlots, SlotInfo, SlotState, StateRequest, UploadKey, UploadRequest,
    UploadResponse, decode_slot_info, decode_state,
};
use support::{ON_TRIAL, TEST_PENDING, World, image};

const SLOT: u32 = 0x3b000;
const AREAS: [Area; 4] = [
    Area::new(0xc000, SLOT),
    Area::new(0x47000, SLOT),
    Area::new(0x82000, SLOT),
    Area::new(0xbd000, SLOT),
];

/// Two images, each with a body of its own length in slots 0 to 3.
fn two_images(profile: Profile) -> World {
    two_images_with(ServerConfig { profile, ..ServerConfig::default() })
}

fn two_images_with(config: ServerConfig) -> World {
    let [a, b, c, d] = AREAS;
    let layout = Layout { slots: [a, b], ..Layout::nrf52840dk() };
    let more_images = vec![[c, d]];
    let mut world = World::new(ServerConfig { layout, more_images, buf_size: 1024, ..config });
    for (slot, area) in AREAS.into_iter().enumerate() {
        world.flash.load(area.start, &numbered(slot));
    }
    world
}

/// The image in a slot.
fn numbered(slot: usize) -> Vec<u8> {
    image(1000 + slot as u32, slot as u32)
}

fn hash(slot: usize) -> [u8; 32] {
    let info = ImageInfo::parse(&numbered(slot)).ok();
    info.and_then(|info| info.sha256_tlv).expect("it has a hash")
}

fn frame(op: u8, id: u8, emit: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let mut frame = Vec::new();
    smp_wire::begin(&mut frame, Header { version: 1, ..Header::request(op, 1, id, 0) });
    emit(&mut frame);
    put_len(&mut frame);
    frame
}

/// The code of an error, whichever its form; `None` for success.
fn error(body: &[u8]) -> Option<i32> {
    find_error(body).map(|error| match error {
        ErrorBody::Rc(rc) => rc,
        ErrorBody::Group { group: 1, rc } => rc.into(),
        ErrorBody::Group { .. } => panic!("an error of the image group"),
    })
}

fn set_state(world: &mut World, slot: usize, confirm: bool) -> Option<i32> {
    let hash = hash(slot);
    let request = StateRequest { hash: Some(&hash), confirm: Some(confirm) };
    let frame = frame(OP_WRITE, 0, |out| request.emit(out, MapForm::Definite, false));
    error(&world.body(&frame))
}

fn erase(world: &mut World, slot: Option<u32>) -> Option<i32> {
    let frame = frame(OP_WRITE, 5, |out| EraseRequest { slot }.emit(out, MapForm::Definite));
    error(&world.body(&frame))
}

/// Starts the upload of an image; the first address that was written to, or the error.
fn upload(world: &mut World, image: Option<u32>) -> Result<u32, i32> {
    const KEYS: [UploadKey; 4] =
        [UploadKey::Off, UploadKey::Data, UploadKey::Len, UploadKey::Image];
    let data = support::image(4000, 9);
    let data = &data[..600];
    let request = UploadRequest {
        off: Some(0),
        len: Some(4000),
        data: Some(data),
        image,
        ..UploadRequest::default()
    };
    world.ops.clear();
    let body = world.body(&frame(OP_WRITE, 1, |out| request.emit(out, MapForm::Definite, &KEYS)));
    if let Some(code) = error(&body) {
        return Err(code);
    }
    let response = UploadResponse::decode(&body).expect("a response");
    assert_eq!(response.off, Some(600));
    Ok(world.ops.last().expect("a full block is written").at())
}

fn list(world: &mut World) -> Vec<SlotState> {
    decode_state(&world.body(&frame(OP_READ, 0, |_| ()))).expect("a list")
}

/// Slot number and flags of each entry: active, confirmed, pending, Permanent.
fn flags(world: &mut World) -> Vec<String> {
    let letters = |s: SlotState| {
        let flags = [(s.active, 'a'), (s.confirmed, 'c'), (s.pending, 'p'), (s.permanent, 'P')];
        let image = s.image.map_or(String::new(), |image| format!("{image}/"));
        let letters: String = flags.iter().filter_map(|&(set, l)| set.then_some(l)).collect();
        format!("{image}{} {letters}", s.slot)
    };
    list(world).into_iter().map(letters).collect()
}

#[test]
fn early_servers_take_slot_0_alone_for_running() {
    let mut world = two_images(Profile::Z32);
    assert_eq!(flags(&mut world), ["0/0 ac", "0/1 ", "1/0 ", "1/1 "]);
    assert_eq!(set_state(&mut world, 3, false), None);
    assert_eq!(flags(&mut world), ["0/0 ac", "0/1 ", "1/0 p", "1/1 p"]);
    for confirm in [false, true] {
        assert_eq!(set_state(&mut world, 2, confirm), Some(1));
    }
    // The second image takes an upload although it is pending.
    assert_eq!(upload(&mut world, Some(1)), Ok(AREAS[3].start));
}

#[test]
fn later_servers_know_a_running_slot_of_each_image() {
    let mut world = two_images(Profile::Z37);
    assert_eq!(flags(&mut world), ["0/0 ac", "0/1 ", "1/0 ac", "1/1 "]);
    assert_eq!(set_state(&mut world, 3, true), None);
    assert_eq!(flags(&mut world), ["0/0 ac", "0/1 ", "1/0 ac", "1/1 pP"]);
    assert_eq!(set_state(&mut world, 1, false), None);
    assert_eq!(flags(&mut world), ["0/0 ac", "0/1 p", "1/0 ac", "1/1 pP"]);
}

#[test]
fn an_upload_goes_to_the_slot_of_its_image_that_does_not_run() {
    let [_, second, _, fourth] = AREAS.map(|area| area.start);
    for (profile, image, goes) in [
        (Profile::Z32, None, Ok(second)),
        (Profile::Z32, Some(0), Ok(second)),
        (Profile::Z32, Some(1), Ok(fourth)),
        (Profile::Z32, Some(2), Err(5)),
        (Profile::Z32, Some(u32::MAX), Ok(second)),
        (Profile::Z37, None, Ok(second)),
        (Profile::Z37, Some(1), Ok(fourth)),
        (Profile::Z37, Some(2), Err(10)),
        (Profile::Z37, Some(u32::MAX), Err(10)),
        (Profile::Z37, Some(0x8000_0001), Ok(fourth)),
    ] {
        assert_eq!(upload(&mut two_images(profile), image), goes, "{profile:?} {image:?}");
    }
}

#[test]
fn a_pending_image_is_overwritten_only_where_that_is_allowed() {
    for (allow_erase_pending, goes) in [(true, Ok(AREAS[3].start)), (false, Err(9))] {
        let config =
            ServerConfig { profile: Profile::Z37, allow_erase_pending, ..ServerConfig::default() };
        let mut world = two_images_with(config);
        assert_eq!(set_state(&mut world, 3, false), None);
        assert_eq!(upload(&mut world, Some(1)), goes);
        assert_eq!(erase(&mut world, Some(3)), goes.err());
    }
}

#[test]
fn erase_takes_the_number_of_any_slot() {
    for (profile, answers) in [
        (Profile::Z30, [Some(6), None, None, None, Some(1)]),
        (Profile::Z37, [Some(9), None, Some(9), None, Some(10)]),
    ] {
        for (slot, answer) in answers.into_iter().enumerate() {
            let mut world = two_images(profile);
            assert_eq!(erase(&mut world, Some(slot as u32)), answer, "{profile:?} slot {slot}");
            let left = if answer.is_some() { 4 } else { 3 };
            assert_eq!(list(&mut world).len(), left, "{profile:?} slot {slot}");
        }
    }
}

#[test]
fn other_images_are_confirmed_as_the_build_allows() {
    for (secondary, any, answers) in [
        (true, false, [Some(32), None]),
        (false, false, [Some(32), Some(32)]),
        (false, true, [None, None]),
    ] {
        let config = ServerConfig {
            profile: Profile::Z37,
            confirm_other_secondary: secondary,
            confirm_other_images: any,
            ..ServerConfig::default()
        };
        for (slot, answer) in [2, 3].into_iter().zip(answers) {
            let mut world = two_images_with(config.clone());
            assert_eq!(set_state(&mut world, slot, true), answer, "slot {slot}");
        }
        let mut world = two_images_with(config);
        assert_eq!(set_state(&mut world, 3, false), None, "a test is always allowed");
        assert_eq!(set_state(&mut world, 2, false), Some(33));
    }
}

#[test]
fn slot_info_tells_sizes_and_upload_numbers() {
    let config = ServerConfig { profile: Profile::Z4x, slot_info: true, ..Default::default() };
    let ask = frame(OP_READ, 6, |_| ());
    let mut plain = two_images_with(config.clone());
    let slot = |slot, upload_image_id| SlotInfo { slot, size: Some(SLOT.into()), upload_image_id };
    let pair = |image| ImageSlots {
        image,
        slots: vec![slot(0, None), slot(1, Some(image))],
        max_image_size: None,
    };
    assert_eq!(decode_slot_info(&plain.body(&ask)), Ok(vec![pair(0), pair(1)]));
    assert_eq!(error(&plain.body(&frame(OP_WRITE, 6, |_| ()))), Some(8));

    let direct = ServerConfig { direct_upload: true, update_footer: Some(0x1000), ..config };
    let images = decode_slot_info(&two_images_with(direct).body(&ask)).expect("slot info");
    let ids: Vec<_> =
        images.iter().flat_map(|image| &image.slots).map(|slot| slot.upload_image_id).collect();
    assert_eq!(ids, [1, 2, 3, 4].map(Some));
    assert_eq!(images[0].max_image_size, Some(SLOT - 0x1000));

    assert_eq!(error(&two_images(Profile::Z4x).body(&ask)), Some(8), "not built in");
    let early = ServerConfig { slot_info: true, ..ServerConfig::default() };
    assert_eq!(error(&two_images_with(early).body(&ask)), Some(8), "not known in 2022");
}

fn one_image(config: ServerConfig) -> World {
    let mut world = World::new(ServerConfig { buf_size: 1024, ..config });
    world.load(0, &numbered(0));
    world.load(1, &numbered(1));
    world
}

#[test]
fn with_one_image_its_number_says_nothing_unless_uploads_are_direct() {
    let other = ServerConfig::default().layout.slots[1].start;
    for profile in [Profile::Z32, Profile::Z37] {
        let mut world = one_image(ServerConfig { profile, ..ServerConfig::default() });
        for image in [0, 1, 2, 255, u32::MAX] {
            assert_eq!(upload(&mut world, Some(image)), Ok(other), "{image}");
        }
    }
    for (profile, in_use, no_area) in [(Profile::Z32, 5, 1), (Profile::Z37, 9, 10)] {
        let config = ServerConfig { profile, direct_upload: true, ..ServerConfig::default() };
        for (image, goes) in [
            (0, Ok(other)),
            (1, Err(in_use)),
            (2, Ok(other)),
            (3, Err(no_area)),
            (0x8000_0000, Err(no_area)),
            (0x8000_0001, Err(in_use)),
            (u32::MAX, Err(in_use)),
        ] {
            let mut world = one_image(config.clone());
            assert_eq!(upload(&mut world, Some(image)), goes, "{profile:?} {image:#x}");
        }
    }
}

fn in_place(boot_mode: BootMode, active_slot: u8) -> World {
    let profile = Profile::Z4x;
    one_image(ServerConfig { profile, boot_mode, active_slot, ..ServerConfig::default() })
}

#[test]
fn direct_xip_runs_the_newer_image_and_takes_no_state_write() {
    let mode = BootMode::DirectXip { revert: false };
    let mut world = in_place(mode, 0);
    assert_eq!(flags(&mut world), ["0 ac", "1 pP"]);
    assert_eq!(set_state(&mut world, 1, true), Some(8));
    assert_eq!(error(&world.body(&frame(OP_WRITE, 0, |_| ()))), Some(8));
    // What the boot loader starts next is that image.
    world.server.set_active_slot(1);
    world.start();
    assert_eq!(flags(&mut world), ["0 ", "1 ac"]);
    let slots = world.server.config().layout.slots;
    assert_eq!(upload(&mut world, None), Ok(slots[0].start));
    assert_eq!(erase(&mut world, None), None, "the slot that does not run");
    assert_eq!(erase(&mut world, Some(1)), Some(9));
}

#[test]
fn ram_load_lists_but_takes_no_state_write() {
    let mut world = in_place(BootMode::RamLoad, 0);
    assert_eq!(flags(&mut world), ["0 ac", "1 "]);
    for (slot, confirm) in [(0, true), (0, false), (1, true), (1, false)] {
        assert_eq!(set_state(&mut world, slot, confirm), Some(8));
    }
    let malformed = frame(OP_WRITE, 0, |out| out.push(0xff));
    assert_eq!(error(&world.body(&malformed)), Some(8));
    assert_eq!(erase(&mut world, None), None);
    assert_eq!(erase(&mut world, Some(0)), Some(9));
}

#[test]
fn direct_xip_with_revert_goes_by_the_mark_of_each_slot() {
    let mode = BootMode::DirectXip { revert: true };
    let mut world = in_place(mode, 0);
    assert_eq!(flags(&mut world), ["0 ac", "1 "], "newer, but not marked");
    assert_eq!(set_state(&mut world, 0, false), Some(33));
    assert_eq!(set_state(&mut world, 1, false), None);
    assert_eq!(flags(&mut world), ["0 ac", "1 p"]);
    assert_eq!(set_state(&mut world, 1, true), None);
    assert_eq!(flags(&mut world), ["0 ac", "1 pP"]);
    let slots = world.server.config().layout.slots;
    assert_eq!(SlotTrailer::read(&world.flash, slots[1]).image_ok, Flag::Set);

    // On trial in slot 1: the image in slot 0 will come back, so it must stay.
    let mut trial = in_place(mode, 1);
    trial.load_trailer(1, ON_TRIAL);
    assert_eq!(flags(&mut trial), ["0 c", "1 a"]);
    assert_eq!(upload(&mut trial, None), Err(9));
    assert_eq!(set_state(&mut trial, 1, true), None);
    assert_eq!(flags(&mut trial), ["0 ", "1 ac"]);
    assert_eq!(upload(&mut trial, None), Ok(slots[0].start));
}

#[test]
fn a_mark_on_an_older_image_does_not_boot_it() {
    let mut world = in_place(BootMode::DirectXip { revert: true }, 1);
    world.load_trailer(0, TEST_PENDING);
    assert_eq!(flags(&mut world), ["0 ", "1 ac"]);
}

#[test]
fn early_servers_do_not_know_the_mode_of_their_boot_loader() {
    for boot_mode in [BootMode::DirectXip { revert: false }, BootMode::RamLoad] {
        let mut world =
            one_image(ServerConfig { boot_mode, active_slot: 1, ..ServerConfig::default() });
        assert_eq!(flags(&mut world), ["0 ac", "1 "]);
        assert_eq!(set_state(&mut world, 1, false), None);
    }
}

#[test]
fn slots_that_cannot_be_are_refused() {
    let geometry = flash_model::Part::nrf52840().geometry;
    let check = |config: ServerConfig| config.check(&geometry);
    let active_slot = ServerConfig { active_slot: 2, ..ServerConfig::default() };
    assert_eq!(check(active_slot), Err(ConfigError::ActiveSlot(2)));
    let layout = Layout { slots: [AREAS[0], AREAS[1]], ..Layout::nrf52840dk() };
    let with = |more: [Area; 2]| {
        check(ServerConfig { layout, more_images: vec![more], ..ServerConfig::default() })
    };
    assert_eq!(with([AREAS[2], AREAS[3]]), Ok(()));
    for more in [[AREAS[1], AREAS[3]], [AREAS[2], AREAS[2]], [AREAS[2], Area::new(0xff000, SLOT)]] {
        assert!(matches!(with(more), Err(ConfigError::Layout(_))), "{more:?}");
    }
}
