//! TI's over-the-air download: the target asks for blocks, and for nothing else.

use crate::{World, image};
use flash_model::SwapType;
use server_model::ServerIn;
use server_model::foreign::ForeignProtocol;
use sim_core::Span;

/// Octets of the image in a block at ATT MTU 247.
const BLOCK: usize = 240;

fn identification(firmware: &[u8]) -> Vec<u8> {
    let mut value = vec![0; 22];
    value[..4].copy_from_slice(&crc32fast::hash(firmware).to_le_bytes());
    value[14..18].copy_from_slice(&(firmware.len() as u32).to_le_bytes());
    value
}

/// What the target says when it wants this block.
fn wants(status: u8, block: u32) -> Vec<u8> {
    [&[0x12, status][..], &block.to_le_bytes()].concat()
}

fn block(firmware: &[u8], number: usize) -> Vec<u8> {
    let data = firmware.chunks(BLOCK).nth(number).expect("there is one");
    [&(number as u32).to_le_bytes()[..], data].concat()
}

/// A target that has identified the image and wants block 0.
fn started(firmware: &[u8]) -> World {
    let mut world = World::new(ForeignProtocol::Oad);
    assert_eq!(world.ask(&[0x01]), [[0x01, 244, 0]]);
    assert_eq!(world.ask(&identification(firmware)), [[0]]);
    assert_eq!(world.ask(&[0x03]), [wants(0, 0)]);
    world
}

#[test]
fn block_after_block_is_asked_for_and_the_enabled_image_is_marked_for_good() {
    let firmware = image(10_001);
    let mut world = started(&firmware);
    let blocks = firmware.len().div_ceil(BLOCK);
    for number in 0..blocks {
        let answers = world.ask(&block(&firmware, number));
        let status = if number + 1 == blocks { 14 } else { 0 };
        assert_eq!(answers, [wants(status, number as u32 + 1)]);
    }
    assert_eq!(world.slot1(10_001), firmware);
    assert_eq!(world.swap(), SwapType::None);
    assert_eq!(world.ask(&[0x04]), [[0x04, 0]]);
    assert_eq!((world.swap(), world.resets.len()), (SwapType::Perm, 1));
}

#[test]
fn the_pages_of_the_image_are_erased_before_the_second_block_is_asked_for() {
    let firmware = image(10_001);
    let mut world = started(&firmware);
    assert!(world.ask_for(&block(&firmware, 0), Span::from_ms(4 * 105 - 10)).is_empty());
    world.advance(Span::from_ms(50));
    assert_eq!(world.answers, [wants(0, 1)]);
    assert_eq!(world.erases(), 4, "three pages and that of the mark");
}

#[test]
fn at_the_smallest_mtu_the_header_takes_five_blocks() {
    let firmware = image(1000);
    let mut world = World::new(ForeignProtocol::Oad);
    world.input(ServerIn::Subscribed { att_mtu: 23 });
    assert_eq!(world.ask(&[0x01]), [[0x01, 20, 0]]);
    world.ask(&identification(&firmware));
    world.ask(&[0x03]);
    for (number, data) in firmware.chunks(16).take(6).enumerate() {
        let erases = world.erases();
        world.ask(&[&(number as u32).to_le_bytes()[..], data].concat());
        assert_eq!(world.erases() > erases, number == 4, "block {number}");
    }
    assert_eq!(world.slot1(96), &firmware[..96]);
}

#[test]
fn another_block_or_another_length_ends_the_download() {
    let firmware = image(2000);
    for wrong in [block(&firmware, 1), block(&firmware, 0)[..100].to_vec()] {
        let mut world = started(&firmware);
        assert_eq!(world.ask(&wrong), [wants(3, 0)]);
        assert_eq!(world.ask(&block(&firmware, 0)), [wants(5, 0)], "it is not started");
        assert_eq!(world.ask(&[0x04]), [[0x04, 6]]);
    }
}

#[test]
fn a_wrong_crc_is_told_with_the_last_block() {
    let firmware = image(500);
    let mut world = started(&firmware);
    world.ask(&block(&firmware, 0));
    world.ask(&block(&firmware, 1));
    let mut last = block(&firmware, 2);
    last[10] ^= 1;
    assert_eq!(world.ask(&last), [wants(1, 3)]);
    assert_eq!(world.ask(&[0x04]), [[0x04, 6]]);
    assert_eq!(world.swap(), SwapType::None);
}

#[test]
fn a_download_ends_with_ten_idle_seconds_and_with_its_connection() {
    let firmware = image(2000);
    let mut idle = started(&firmware);
    idle.advance(Span::from_s(11));
    assert_eq!(idle.ask(&block(&firmware, 0)), [wants(5, 0)]);

    let mut lost = started(&firmware);
    lost.input(ServerIn::Unsubscribed);
    lost.input(ServerIn::Subscribed { att_mtu: 247 });
    assert_eq!(lost.ask(&block(&firmware, 0)), [wants(5, 0)]);
}

#[test]
fn what_is_too_large_or_out_of_place_is_refused() {
    let mut world = World::new(ForeignProtocol::Oad);
    assert_eq!(world.ask(&[0x03]), [[0x03, 5]]);
    assert_eq!(world.ask(&[0x77]), [[0xff]]);
    let mut value = identification(&[]);
    for len in [0, world.config.layout.secondary().len, u32::MAX] {
        value[14..18].copy_from_slice(&len.to_le_bytes());
        assert_eq!(world.ask(&value), [[8]], "{len}");
    }
}
