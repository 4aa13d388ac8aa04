//! Testing and confirming images: every state of the trailers, every kind of request, every era.

mod support;

use flash_model::{BootMode, ImageInfo, SwapType, swap_type};
use server_model::{Profile, ServerConfig};
use smp_wire::cbor::MapForm;
use smp_wire::errors::{ErrorBody, find_error};
use smp_wire::header::{Header, OP_READ, OP_WRITE, put_len};
use smp_wire::image::{SlotState, StateRequest, decode_state};
use support::{ON_TRIAL, PERM_PENDING, TEST_PENDING, Trailer, UNSET, World, image};

/// A state of the trailers that the test starts from.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Start {
    None,
    Test,
    Perm,
    Revert,
}

/// A request, by what it asks.
#[derive(Clone, Copy, Debug)]
enum Ask {
    TestSlot1,
    ConfirmSlot1,
    Confirm,
    ConfirmSlot0,
    TestSlot0,
}

/// What comes of it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Becomes {
    /// The list, and no flash operation.
    Same,
    /// The list after so many writes, the trailers asking for this.
    Now(SwapType, usize),
    /// A code in SMP version 1, and no flash operation.
    Rc(i32),
    /// An error of the group, its code in version 1, and no flash operation.
    Refused(u16, i32),
}

use Ask::{Confirm, ConfirmSlot0, ConfirmSlot1, TestSlot0, TestSlot1};
use Becomes::{Now, Rc, Refused, Same};

const STARTS: [Start; 4] = [Start::None, Start::Test, Start::Perm, Start::Revert];

type Table = [(Ask, [Becomes; 4]); 5];

/// Zephyr 3.2 `img_mgmt_state.c`; columns as [`STARTS`].
const EARLY: Table = [
    (TestSlot1, [Now(SwapType::Test, 2), Same, Same, Rc(6)]),
    (ConfirmSlot1, [Now(SwapType::Perm, 3), Same, Same, Rc(6)]),
    (Confirm, [Same, Same, Same, Now(SwapType::None, 1)]),
    (ConfirmSlot0, [Same, Same, Same, Now(SwapType::None, 1)]),
    (TestSlot0, [Rc(1), Rc(1), Rc(1), Rc(1)]),
];

/// `IMG_MGMT_ERR_IMAGE_ALREADY_PENDING`.
const PENDING: Becomes = Refused(28, 6);
/// `IMG_MGMT_ERR_IMAGE_SETTING_TEST_TO_ACTIVE_DENIED`.
const ACTIVE: Becomes = Refused(33, 1);

/// Zephyr 3.7 `img_mgmt_state.c`; columns as [`STARTS`].
const LATER: Table = [
    (TestSlot1, [Now(SwapType::Test, 2), Same, PENDING, PENDING]),
    (ConfirmSlot1, [Now(SwapType::Perm, 3), PENDING, Same, Same]),
    (Confirm, [Same, PENDING, PENDING, Now(SwapType::None, 1)]),
    (ConfirmSlot0, [Same, PENDING, PENDING, Now(SwapType::None, 1)]),
    (TestSlot0, [ACTIVE, ACTIVE, ACTIVE, ACTIVE]),
];

const TABLES: [(Profile, &Table); 4] = [
    (Profile::Z30, &EARLY),
    (Profile::Z32, &EARLY),
    (Profile::Z37, &LATER),
    (Profile::Z4x, &LATER),
];

/// What the modes with trailers of their own in both slots have in common.
const MODES: [BootMode; 4] = [
    BootMode::SwapMove,
    BootMode::SwapScratch,
    BootMode::SwapOffset,
    BootMode::OverwriteOnly { fast: true },
];

fn config(profile: Profile, boot_mode: BootMode) -> ServerConfig {
    ServerConfig { profile, boot_mode, ..ServerConfig::default() }
}

/// Image 1 in slot 0, image 2 in slot 1, where the boot loader expects it.
fn world(config: ServerConfig, start: Start) -> World {
    let mut world = World::new(config);
    let config = world.server.config();
    let behind = config.boot_mode == BootMode::SwapOffset && start != Start::Revert;
    let at = config.layout.slots[1].start + if behind { 4096 } else { 0 };
    world.load(0, &image(1000, 1));
    world.flash.load(at, &image(1200, 2));
    match start {
        Start::None => {}
        Start::Test => world.load_trailer(1, TEST_PENDING),
        Start::Perm => world.load_trailer(1, PERM_PENDING),
        Start::Revert => world.load_trailer(0, ON_TRIAL),
    }
    world
}

fn early(start: Start) -> World {
    world(config(Profile::Z32, BootMode::SwapMove), start)
}

fn later(start: Start) -> World {
    world(config(Profile::Z37, BootMode::SwapMove), start)
}

fn hash(seed: u32) -> [u8; 32] {
    let bytes = if seed == 1 { image(1000, 1) } else { image(1200, 2) };
    ImageInfo::parse(&bytes).ok().and_then(|info| info.sha256_tlv).expect("it has a hash")
}

fn state_write(hash: Option<&[u8]>, confirm: Option<bool>) -> Vec<u8> {
    let mut frame = Vec::new();
    smp_wire::begin(&mut frame, Header::request(OP_WRITE, 1, 0, 7));
    StateRequest { hash, confirm }.emit(&mut frame, MapForm::Definite, false);
    put_len(&mut frame);
    frame
}

fn request(ask: Ask) -> Vec<u8> {
    match ask {
        TestSlot1 => state_write(Some(&hash(2)), Some(false)),
        ConfirmSlot1 => state_write(Some(&hash(2)), Some(true)),
        Confirm => state_write(None, Some(true)),
        ConfirmSlot0 => state_write(Some(&hash(1)), Some(true)),
        TestSlot0 => state_write(Some(&hash(1)), Some(false)),
    }
}

/// The same request in SMP version 2.
fn in_version_2(mut frame: Vec<u8>) -> Vec<u8> {
    frame[0] |= 0x08;
    frame
}

fn list(world: &mut World) -> Vec<SlotState> {
    let mut frame = Vec::new();
    smp_wire::begin(&mut frame, Header::request(OP_READ, 1, 0, 8));
    let body = world.body(&frame);
    decode_state(&body).expect("a list")
}

fn flags(world: &mut World) -> Vec<[bool; 4]> {
    let slots = list(world);
    slots.iter().map(|s| [s.active, s.confirmed, s.pending, s.permanent]).collect()
}

fn rc(body: &[u8]) -> Option<i32> {
    find_error(body).map(|error| match error {
        ErrorBody::Rc(rc) => rc,
        ErrorBody::Group { .. } => panic!("SMP version 1 knows no group errors"),
    })
}

/// Asks in version 1, and looks what came of it. The state must stay what it was unless it is
/// [`Now`], and the list must be the one after the change.
fn outcome(world: &mut World, ask: Ask) -> Becomes {
    let before = list(world);
    let body = world.body(&request(ask));
    let (erases, writes) = world.erases_and_writes();
    assert_eq!(erases, 0, "{ask:?}");
    let after = list(world);
    let config = world.server.config();
    let got = match rc(&body) {
        Some(rc) => Rc(rc),
        None if writes == 0 => Same,
        None => Now(swap_type(&world.flash, &config.layout, config.boot_mode), writes),
    };
    if let Same | Rc(_) = got {
        assert_eq!(after, before, "{ask:?}");
        assert_eq!(writes, 0, "{ask:?}");
    }
    if !matches!(got, Rc(_)) {
        assert_eq!(decode_state(&body), Ok(after), "the reply lists the state after it");
    }
    got
}

fn check(make: impl Fn() -> World, ask: Ask, becomes: Becomes, cell: &str) {
    let Refused(code, rc) = becomes else {
        return assert_eq!(outcome(&mut make(), ask), becomes, "{cell}");
    };
    assert_eq!(outcome(&mut make(), ask), Rc(rc), "{cell}");
    let mut world = make();
    let body = world.body(&in_version_2(request(ask)));
    let error = ErrorBody::Group { group: 1, rc: code };
    assert_eq!(find_error(&body), Some(error), "{cell}");
    assert_eq!(world.erases_and_writes(), (0, 0), "{cell}");
}

#[test]
fn every_cell_of_the_table_holds() {
    for (profile, table) in TABLES {
        for mode in MODES {
            for (ask, cells) in table {
                for (start, becomes) in STARTS.into_iter().zip(*cells) {
                    let cell = format!("{profile:?}, {mode:?}: {ask:?} in {start:?}");
                    check(|| world(config(profile, mode), start), *ask, becomes, &cell);
                }
            }
        }
    }
}

#[test]
fn a_confirmed_trailer_in_slot_0_counts_as_none() {
    let confirmed = Trailer { image_ok: 1, ..ON_TRIAL };
    for (profile, table) in TABLES {
        for (ask, cells) in table {
            let make = || {
                let mut world = world(config(profile, BootMode::SwapMove), Start::None);
                world.load_trailer(0, confirmed);
                world
            };
            check(make, *ask, cells[0], &format!("{profile:?}: {ask:?}"));
        }
    }
}

#[test]
fn a_test_that_is_pending_beats_a_revert_that_is_due() {
    for (profile, table) in TABLES {
        for (ask, cells) in table {
            let make = || {
                let mut world = world(config(profile, BootMode::SwapMove), Start::Test);
                world.load_trailer(0, ON_TRIAL);
                world
            };
            check(make, *ask, cells[1], &format!("{profile:?}: {ask:?}"));
        }
    }
}

#[test]
fn the_flags_of_the_list_follow_the_trailers() {
    let running = [true, true, false, false];
    for (profile, _) in TABLES {
        let flags = |start| flags(&mut world(config(profile, BootMode::SwapMove), start));
        assert_eq!(flags(Start::None), [running, [false; 4]]);
        assert_eq!(flags(Start::Test), [running, [false, false, true, false]]);
        assert_eq!(flags(Start::Perm), [running, [false, false, true, true]]);
        assert_eq!(
            flags(Start::Revert),
            [[true, false, false, false], [false, true, false, false]]
        );
    }
}

#[test]
fn a_hash_that_names_no_image_is_refused() {
    let cases = [
        (Some(&[0; 32][..]), Some(true), 8),
        (Some(&[0; 31][..]), Some(true), 24),
        (Some(&[][..]), Some(false), 24),
        (None, None, 24),
    ];
    for (hash, confirm, code) in cases {
        let frame = state_write(hash, confirm);
        assert_eq!(rc(&early(Start::None).body(&frame)), Some(3));
        let mut later = later(Start::None);
        let in_version_1 = if code == 8 { 1 } else { 3 };
        assert_eq!(rc(&later.body(&frame)), Some(in_version_1));
        let error = Some(ErrorBody::Group { group: 1, rc: code });
        assert_eq!(find_error(&later.body(&in_version_2(frame))), error);
        assert_eq!(later.erases_and_writes(), (0, 0));
    }
}

#[test]
fn an_empty_hash_with_confirm_means_the_running_image() {
    for mut world in [early(Start::Revert), later(Start::Revert)] {
        assert_eq!(rc(&world.body(&state_write(Some(&[]), Some(true)))), None);
        assert_eq!(world.erases_and_writes(), (0, 1));
    }
}

#[test]
fn with_the_same_image_in_both_slots_a_hash_means_slot_0() {
    for profile in [Profile::Z32, Profile::Z37] {
        let mut world = World::new(config(profile, BootMode::SwapMove));
        world.load(0, &image(1000, 1));
        world.load(1, &image(1000, 1));
        assert_eq!(rc(&world.body(&state_write(Some(&hash(1)), Some(false)))), Some(1));
        assert_eq!(world.erases_and_writes(), (0, 0));
    }
}

#[test]
fn a_damaged_trailer_costs_the_other_slot_in_early_servers_but_not_the_running_one() {
    let damaged = Trailer { magic: [0; 16], ..UNSET };
    let mut other = early(Start::None);
    other.load_trailer(1, damaged);
    assert_eq!(rc(&other.body(&request(TestSlot1))), Some(1));
    assert_eq!(other.erases_and_writes(), (118, 0));
    assert_eq!(list(&mut other).len(), 1);

    for mut running in [early(Start::None), later(Start::None)] {
        running.load_trailer(0, damaged);
        assert_eq!(outcome(&mut running, Confirm), Same);
    }
}

#[test]
fn a_damaged_trailer_is_an_error_of_the_magic_in_later_servers() {
    for ask in [TestSlot1, ConfirmSlot1] {
        let make = || {
            let mut world = later(Start::None);
            world.load_trailer(1, Trailer { magic: [0; 16], ..UNSET });
            world
        };
        check(make, ask, Refused(23, 1), "damaged");
    }
}

#[test]
fn a_frugal_list_leaves_out_what_is_false() {
    let config = ServerConfig { frugal_list: true, ..ServerConfig::default() };
    let mut frugal = World::new(config);
    frugal.load(0, &image(1000, 1));
    let body = frugal.body(&[0, 0, 0, 0, 0, 1, 0, 0]);
    let text = String::from_utf8_lossy(&body);
    assert!(text.contains("confirmed") && text.contains("active"));
    assert!(!text.contains("pending") && !text.contains("splitStatus"));
}

#[test]
fn with_swap_offset_the_list_reads_at_the_second_page_unless_a_trial_goes_on() {
    for profile in [Profile::Z32, Profile::Z4x] {
        for (start, page, listed) in [
            (Start::None, 1, 2),
            (Start::None, 0, 1),
            (Start::Test, 0, 1),
            (Start::Revert, 0, 2),
            (Start::Revert, 1, 1),
        ] {
            let mut world = World::new(config(profile, BootMode::SwapOffset));
            world.load(0, &image(1000, 1));
            let slot = world.server.config().layout.slots[1];
            world.flash.load(slot.start + 4096 * page, &image(1200, 2));
            match start {
                Start::Test => world.load_trailer(1, TEST_PENDING),
                Start::Revert => world.load_trailer(0, ON_TRIAL),
                _ => {}
            }
            assert_eq!(list(&mut world).len(), listed, "{start:?}, page {page}");
        }
    }
}
