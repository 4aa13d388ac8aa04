//! Testing and confirming images: every state of the trailers, every kind of request.

mod support;

use flash_model::{ImageInfo, SwapType, swap_type};
use server_model::ServerConfig;
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
    /// An error code, and no flash operation.
    Rc(i32),
}

use Ask::{Confirm, ConfirmSlot0, ConfirmSlot1, TestSlot0, TestSlot1};
use Becomes::{Now, Rc, Same};

const STARTS: [Start; 4] = [Start::None, Start::Test, Start::Perm, Start::Revert];

/// Zephyr 3.2 `img_mgmt_state.c`; columns as [`STARTS`].
const TABLE: [(Ask, [Becomes; 4]); 5] = [
    (TestSlot1, [Now(SwapType::Test, 2), Same, Same, Rc(6)]),
    (ConfirmSlot1, [Now(SwapType::Perm, 3), Same, Same, Rc(6)]),
    (Confirm, [Same, Same, Same, Now(SwapType::None, 1)]),
    (ConfirmSlot0, [Same, Same, Same, Now(SwapType::None, 1)]),
    (TestSlot0, [Rc(1), Rc(1), Rc(1), Rc(1)]),
];

fn world(start: Start) -> World {
    let mut world = World::new(ServerConfig::default());
    world.load(0, &image(1000, 1));
    world.load(1, &image(1200, 2));
    match start {
        Start::None => {}
        Start::Test => world.load_trailer(1, TEST_PENDING),
        Start::Perm => world.load_trailer(1, PERM_PENDING),
        Start::Revert => world.load_trailer(0, ON_TRIAL),
    }
    world
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

fn list(world: &mut World) -> Vec<SlotState> {
    let mut frame = Vec::new();
    smp_wire::begin(&mut frame, Header::request(OP_READ, 1, 0, 8));
    let body = world.body(&frame);
    decode_state(&body).expect("a list")
}

fn rc(body: &[u8]) -> Option<i32> {
    find_error(body).map(|error| match error {
        ErrorBody::Rc(rc) => rc,
        ErrorBody::Group { .. } => panic!("SMP version 1 knows no group errors"),
    })
}

#[test]
fn every_cell_of_the_table_holds() {
    for (ask, cells) in TABLE {
        for (start, becomes) in STARTS.into_iter().zip(cells) {
            let mut world = world(start);
            let before = list(&mut world);
            let body = world.body(&request(ask));
            let (erases, writes) = world.erases_and_writes();
            assert_eq!(erases, 0, "{ask:?} in {start:?}");
            let after = list(&mut world);
            let layout = world.server.config().layout;
            let got = match rc(&body) {
                Some(rc) => Rc(rc),
                None if writes == 0 => Same,
                None => {
                    Now(swap_type(&world.flash, &layout, flash_model::BootMode::SwapMove), writes)
                }
            };
            assert_eq!(got, becomes, "{ask:?} in {start:?}");
            if let Same | Rc(_) = got {
                assert_eq!(after, before, "{ask:?} in {start:?}");
                assert_eq!(writes, 0, "{ask:?} in {start:?}");
            }
            if !matches!(got, Rc(_)) {
                assert_eq!(decode_state(&body), Ok(after), "the reply lists the state after it");
            }
        }
    }
}

#[test]
fn the_flags_of_the_list_follow_the_trailers() {
    let flags = |start| -> Vec<[bool; 4]> {
        let slots = list(&mut world(start));
        slots.iter().map(|s| [s.active, s.confirmed, s.pending, s.permanent]).collect()
    };
    let running = [true, true, false, false];
    assert_eq!(flags(Start::None), [running, [false; 4]]);
    assert_eq!(flags(Start::Test), [running, [false, false, true, false]]);
    assert_eq!(flags(Start::Perm), [running, [false, false, true, true]]);
    assert_eq!(flags(Start::Revert), [[true, false, false, false], [false, true, false, false]]);
}

#[test]
fn a_hash_that_names_no_image_is_invalid() {
    let mut world = world(Start::None);
    for frame in [
        state_write(Some(&[0; 32]), Some(true)),
        state_write(Some(&hash(2)[..31]), Some(true)),
        state_write(Some(&[]), Some(false)),
        state_write(None, None),
    ] {
        assert_eq!(rc(&world.body(&frame)), Some(3));
    }
    assert_eq!(world.erases_and_writes(), (0, 0));
}

#[test]
fn an_empty_hash_with_confirm_means_the_running_image() {
    let mut world = world(Start::Revert);
    assert_eq!(rc(&world.body(&state_write(Some(&[]), Some(true)))), None);
    assert_eq!(world.erases_and_writes(), (0, 1));
}

#[test]
fn with_the_same_image_in_both_slots_a_hash_means_slot_0() {
    let mut world = World::new(ServerConfig::default());
    world.load(0, &image(1000, 1));
    world.load(1, &image(1000, 1));
    assert_eq!(rc(&world.body(&state_write(Some(&hash(1)), Some(false)))), Some(1));
    assert_eq!(world.erases_and_writes(), (0, 0));
}

#[test]
fn a_damaged_trailer_costs_the_other_slot_but_not_the_running_one() {
    let damaged = Trailer { magic: [0; 16], ..UNSET };
    let mut other = world(Start::None);
    other.load_trailer(1, damaged);
    assert_eq!(rc(&other.body(&request(TestSlot1))), Some(1));
    assert_eq!(other.erases_and_writes(), (118, 0));
    assert_eq!(list(&mut other).len(), 1);

    let mut running = world(Start::None);
    running.load_trailer(0, damaged);
    assert_eq!(rc(&running.body(&request(Confirm))), None);
    assert_eq!(running.erases_and_writes(), (0, 0));
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
