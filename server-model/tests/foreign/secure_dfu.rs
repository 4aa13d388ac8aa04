//! Nordic's Secure DFU: objects, receipts, CRCs, and what the boot loader then finds.

use crate::{World, image};
use flash_model::{FlashView, SwapType};
use server_model::DropReason;
use server_model::foreign::ForeignProtocol;
use sha2::{Digest, Sha256};
use sim_core::Span;

/// Octets of a packet.
const PACKET: usize = 244;

/// A device that has become its boot loader.
fn world() -> World {
    let mut world = World::new(ForeignProtocol::SecureDfu);
    assert_eq!(world.ask(&[0x01]), [[0x20, 0x01, 0x01]]);
    assert_eq!(world.resets.len(), 1);
    world.start(247);
    world
}

fn create(kind: u8, size: u32) -> Vec<u8> {
    [&[0x01, kind][..], &size.to_le_bytes()].concat()
}

/// The answer to a request for the CRC of these octets.
fn checked(octets: &[u8]) -> Vec<u8> {
    let (off, crc) = (octets.len() as u32, crc32fast::hash(octets));
    [&[0x60, 0x03, 0x01][..], &off.to_le_bytes(), &crc.to_le_bytes()].concat()
}

/// Sends and executes an init packet for these octets.
fn init(world: &mut World, len: u32, sha256: &[u8]) {
    let mut packet = [&len.to_le_bytes()[..], sha256].concat();
    packet.resize(141, 0);
    let selected = [&[0x60, 0x06, 0x01][..], &512u32.to_le_bytes(), &[0; 8]].concat();
    assert_eq!(world.ask(&[0x06, 0x01]), [selected]);
    assert_eq!(world.ask(&create(1, 141)), [[0x60, 0x01, 0x01]]);
    assert!(world.ask(&packet).is_empty());
    assert_eq!(world.ask(&[0x03]), [checked(&packet)]);
    assert_eq!(world.ask(&[0x04]), [[0x60, 0x04, 0x01]]);
}

fn prepared(firmware: &[u8]) -> World {
    let mut world = world();
    init(&mut world, firmware.len() as u32, &Sha256::digest(firmware));
    world
}

/// Sends one object without looking at receipts.
fn object(world: &mut World, octets: &[u8]) {
    assert_eq!(world.ask(&create(2, octets.len() as u32)), [[0x60, 0x01, 0x01]]);
    for packet in octets.chunks(PACKET) {
        world.ask(packet);
    }
}

#[test]
fn objects_are_erased_written_checked_and_executed_and_the_image_is_marked_for_good() {
    let firmware = image(10_001);
    let mut world = prepared(&firmware);
    for (n, octets) in firmware.chunks(4096).enumerate() {
        object(&mut world, octets);
        let end = firmware.len().min((n + 1) * 4096);
        assert_eq!(world.ask(&[0x03]), [checked(&firmware[..end])]);
        assert_eq!(world.ask(&[0x04]), [[0x60, 0x04, 0x01]]);
    }
    world.advance(Span::from_s(1));
    assert_eq!(world.slot1(10_001), firmware);
    assert_eq!(world.swap(), SwapType::Perm);
    assert_eq!(world.resets.len(), 2);
    assert_eq!(world.erases(), 4, "three objects and the page of the mark");
    assert!(world.drops().is_empty());
}

#[test]
fn a_receipt_comes_after_every_so_many_packets_of_an_object() {
    let firmware = image(4096);
    let mut world = prepared(&firmware);
    assert_eq!(world.ask(&[0x02, 3, 0]), [[0x60, 0x02, 0x01]]);
    assert_eq!(world.ask(&create(2, 4096)), [[0x60, 0x01, 0x01]]);
    for (n, packet) in firmware.chunks(PACKET).enumerate() {
        let answers = world.ask(packet);
        let end = firmware.len().min((n + 1) * PACKET);
        if (n + 1) % 3 == 0 {
            assert_eq!(answers, [checked(&firmware[..end])]);
        } else {
            assert!(answers.is_empty(), "packet {n}");
        }
    }
}

#[test]
fn an_object_that_is_made_anew_begins_again_where_it_began() {
    let firmware = image(8192);
    let mut world = prepared(&firmware);
    object(&mut world, &firmware[..4096]);
    world.ask(&[0x04]);
    object(&mut world, &[0x77; 4096]);
    assert_ne!(world.ask(&[0x03]), [checked(&firmware)]);
    object(&mut world, &firmware[4096..]);
    assert_eq!(world.ask(&[0x03]), [checked(&firmware)]);
    world.ask(&[0x04]);
    assert_eq!(world.slot1(8192), firmware);
}

#[test]
fn packets_beyond_the_buffers_are_dropped_while_the_page_is_erased() {
    let firmware = image(4096);
    let mut world = prepared(&firmware);
    world.write(&create(2, 4096));
    world.advance(Span::from_ms(40));
    for packet in firmware.chunks(200) {
        world.write(packet);
        world.advance(Span::from_ms(1));
    }
    let dropped = world.drops();
    assert_eq!(dropped.len(), 21 - 17, "{dropped:?}");
    assert!(dropped.iter().all(|&(_, reason)| reason == DropReason::NoBuffer));
    world.advance(Span::from_s(1));
    world.answers.clear();
    assert_eq!(world.ask(&[0x03]), [checked(&firmware[..17 * 200])]);
    assert_eq!(world.ask(&[0x04]), [[0x60, 0x04, 0x08]], "the object is not whole");
}

#[test]
fn another_image_than_the_init_packet_announced_is_not_accepted() {
    let firmware = image(4096);
    let mut world = world();
    init(&mut world, 4096, &[0; 32]);
    object(&mut world, &firmware);
    assert_eq!(world.ask_for(&[0x04], Span::from_s(5)), [[0x60, 0x04, 0x05]]);
    assert_eq!((world.swap(), world.resets.len()), (SwapType::None, 1));
}

#[test]
fn requests_out_of_place_are_refused() {
    let mut world = world();
    assert_eq!(world.ask(&create(2, 4096)), [[0x60, 0x01, 0x08]], "no init packet yet");
    assert_eq!(world.ask(&create(1, 513)), [[0x60, 0x01, 0x04]]);
    assert_eq!(world.ask(&[0x01, 0x02]), [[0x60, 0x01, 0x03]]);
    assert_eq!(world.ask(&[0x0c]), [[0x60, 0x0c, 0x02]]);
    init(&mut world, 5000, &[0; 32]);
    for (size, result) in [(0, 3), (4097, 4), (u32::MAX, 4), (100, 3), (4096, 1)] {
        assert_eq!(world.ask(&create(2, size)), [[0x60, 0x01, result]], "{size}");
    }
    let too_large = world.config.layout.secondary().len;
    assert_eq!(world.ask(&create(1, 36)), [[0x60, 0x01, 0x01]]);
    world.ask(&[&too_large.to_le_bytes()[..], &[0; 32]].concat());
    assert_eq!(world.ask(&[0x04]), [[0x60, 0x04, 0x04]]);
}

#[test]
fn the_restart_waits_for_the_link_to_end_but_not_long() {
    let mut world = World::new(ForeignProtocol::SecureDfu);
    world.ask_for(&[0x01], Span::from_ms(50));
    assert!(world.resets.is_empty());
    world.input(server_model::ServerIn::Unsubscribed);
    world.advance(Span::from_ms(1));
    assert_eq!(world.resets.len(), 1);

    let mut world = World::new(ForeignProtocol::SecureDfu);
    world.ask_for(&[0x01], Span::from_ms(110));
    assert_eq!(world.resets.len(), 1);
}

#[test]
fn the_application_knows_one_request_and_a_boot_loader_left_alone_goes_back_to_it() {
    let mut idle = World::new(ForeignProtocol::SecureDfu);
    assert_eq!(idle.ask(&[0x06, 0x01]), [[0x20, 0x06, 0x02]]);
    assert!(idle.resets.is_empty());

    let mut left_alone = world();
    left_alone.advance(Span::from_s(119));
    assert_eq!(left_alone.resets.len(), 1);
    left_alone.advance(Span::from_s(2));
    assert_eq!(left_alone.resets.len(), 2);
    left_alone.start(247);
    assert_eq!(left_alone.ask(&[0x06, 0x01]), [[0x20, 0x06, 0x02]], "it is the application");
}

#[test]
fn an_object_goes_on_after_its_connection_was_lost() {
    let firmware = image(4096);
    let mut world = prepared(&firmware);
    world.ask(&create(2, 4096));
    world.ask(&firmware[..PACKET]);
    world.input(server_model::ServerIn::Unsubscribed);
    world.input(server_model::ServerIn::Subscribed { att_mtu: 247 });
    let progress = checked(&firmware[..PACKET]);
    let selected = [&[0x60, 0x06, 0x01][..], &4096u32.to_le_bytes(), &progress[3..]].concat();
    assert_eq!(world.ask(&[0x06, 0x02]), [selected]);
    assert_eq!(world.flash.bytes(world.config.layout.secondary().start, 4), &firmware[..4]);
}
