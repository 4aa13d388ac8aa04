//! The user's own protocol: each of its faults alone, and without them an update that works.

use crate::{World, image};
use flash_model::{FlashView, SwapType};
use server_model::ServerEvent;
use server_model::foreign::{ForeignProtocol, OwnArea, OwnErase, OwnProtocolConfig};
use sim_core::{Ppm, Span};

/// Data octets of a packet.
const DATA: usize = 236;

fn world(config: OwnProtocolConfig) -> World {
    World::new(ForeignProtocol::OwnProtocol(config))
}

/// The packets of a file.
fn packets(file: &[u8]) -> Vec<Vec<u8>> {
    let mut off = 0;
    file.chunks(DATA)
        .map(|data| {
            let mut packet = (off as u32).to_le_bytes().to_vec();
            if off == 0 {
                packet.extend_from_slice(&(file.len() as u32).to_le_bytes());
            }
            packet.extend_from_slice(data);
            off += data.len();
            packet
        })
        .collect()
}

/// Sends the packets one by one; the numbers that come back.
fn send(world: &mut World, packets: &[Vec<u8>]) -> Vec<u32> {
    let mut numbers = Vec::new();
    for packet in packets {
        for answer in world.ask_for(packet, Span::from_s(15)) {
            numbers.push(u32::from_le_bytes(answer.try_into().expect("four octets")));
        }
    }
    numbers
}

fn offsets(file: &[u8]) -> Vec<u32> {
    (0..file.len()).step_by(DATA).map(|off| off as u32).collect()
}

fn crashed(world: &World) -> bool {
    world.events.iter().any(|(_, event)| *event == ServerEvent::Crash)
}

#[test]
fn every_packet_is_echoed_the_file_is_written_marked_for_a_trial_and_the_device_resets() {
    let (mut world, file) = (world(OwnProtocolConfig::default()), image(10_001));
    assert_eq!(send(&mut world, &packets(&file)), offsets(&file));
    assert_eq!(world.slot1(10_001), file);
    assert_eq!(world.swap(), SwapType::Test);
    assert_eq!(world.resets.len(), 1);
    assert!(!crashed(&world));
}

#[test]
fn the_whole_slot_is_erased_before_the_first_packet_is_answered() {
    let (mut world, file) = (world(OwnProtocolConfig::default()), image(10_000));
    let packets = packets(&file);
    assert!(world.ask_for(&packets[0], Span::from_ms(10_000)).is_empty());
    assert_eq!(world.ask_for(&[], Span::from_ms(100)).len(), 1, "118 pages at 85 ms");
    assert_eq!(world.erases(), 118);
}

#[test]
fn after_a_lost_packet_all_are_repetitions_the_echo_moves_on_and_the_file_never_ends() {
    let config = OwnProtocolConfig { lost_packet: 3, ..OwnProtocolConfig::default() };
    let (mut world, file) = (world(config), image(10_000));
    let mut expected = offsets(&file);
    expected.remove(2);
    assert_eq!(send(&mut world, &packets(&file)), expected);
    world.advance(Span::from_s(60));
    assert!(world.resets.is_empty());
    assert_eq!(world.swap(), SwapType::None);
    let taken: u32 = world
        .events
        .iter()
        .map(|(_, event)| match event {
            ServerEvent::Upload { len_accepted, .. } => u32::from(*len_accepted),
            _ => 0,
        })
        .sum();
    assert_eq!(taken, 2 * DATA as u32);
}

#[test]
fn a_packet_that_is_sent_again_is_taken_once() {
    let (mut world, file) = (world(OwnProtocolConfig::default()), image(1000));
    let packets = packets(&file);
    let twice: Vec<_> =
        packets.iter().flat_map(|packet| [packet.clone(), packet.clone()]).collect();
    send(&mut world, &twice);
    assert_eq!(world.slot1(1000), file);
    assert_eq!(world.resets.len(), 1);
}

#[test]
fn a_ring_that_is_full_while_the_writer_erases_ends_the_update_for_good() {
    let config = OwnProtocolConfig {
        ring: 1024,
        erase: OwnErase::InWriter,
        error_first: 7,
        ..OwnProtocolConfig::default()
    };
    let (mut world, file) = (world(config), image(10_000));
    for packet in &packets(&file)[..8] {
        world.write(packet);
        world.advance(Span::from_ms(50));
    }
    let numbers: Vec<u32> = std::mem::take(&mut world.answers)
        .into_iter()
        .map(|answer| u32::from_le_bytes(answer.try_into().expect("four octets")))
        .collect();
    assert_eq!(numbers, [0, 236, 472, 708, 7, 7, 7, 7]);
    world.advance(Span::from_s(60));
    assert!(world.resets.is_empty());
}

#[test]
fn a_ring_as_large_as_what_comes_during_the_erase_carries_the_update_through() {
    let config = OwnProtocolConfig {
        ring: 10_000,
        erase: OwnErase::InWriter,
        ..OwnProtocolConfig::default()
    };
    let (mut world, file) = (world(config), image(10_000));
    for packet in packets(&file) {
        world.write(&packet);
        world.advance(Span::from_ms(1));
    }
    world.advance(Span::from_s(60));
    assert_eq!(world.slot1(10_000), file);
    assert_eq!(world.swap(), SwapType::Test);
}

#[test]
fn the_overwritten_stack_ends_the_update_just_before_the_mark() {
    let config = OwnProtocolConfig {
        overwrite: Ppm::new(1_000_000),
        draw: 1,
        ..OwnProtocolConfig::default()
    };
    let (mut world, file) = (world(config), image(1000));
    assert_eq!(send(&mut world, &packets(&file)), offsets(&file));
    assert!(crashed(&world));
    assert_eq!(world.resets.len(), 1);
    assert_eq!(world.slot1(1000), file, "all of it is there");
    assert_eq!(world.swap(), SwapType::None, "and not marked");
}

#[test]
fn the_wrong_area_is_the_end_of_the_application_or_of_its_settings() {
    let config = OwnProtocolConfig { area: OwnArea::Slot0, ..OwnProtocolConfig::default() };
    let (mut in_slot0, file) = (world(config.clone()), image(1000));
    let slot0 = in_slot0.config.layout.primary();
    in_slot0.flash.load(slot0.start, &[0x11; 8192]);
    send(&mut in_slot0, &packets(&file)[..1]);
    assert!(crashed(&in_slot0));
    assert_eq!(in_slot0.flash.bytes(slot0.start, 1), [0xff], "the first page is gone");
    assert_eq!(in_slot0.flash.bytes(slot0.start + 4096, 1), [0x11], "and the rest is not");

    let config = OwnProtocolConfig { area: OwnArea::Storage, error_first: 100, ..config };
    let (mut in_storage, file) = (world(config), image(40_000));
    let numbers = send(&mut in_storage, &packets(&file));
    assert_eq!(numbers.last(), Some(&101), "the storage partition ends before the file does");
    assert_eq!(in_storage.slot1(4), [0x5a; 4]);
    assert!(in_storage.resets.is_empty());
}

#[test]
fn nothing_tells_a_spoilt_octet() {
    let (mut world, file) = (world(OwnProtocolConfig::default()), image(1000));
    let mut packets = packets(&file);
    packets[2][50] ^= 0xff;
    assert_eq!(send(&mut world, &packets), offsets(&file));
    assert_eq!((world.swap(), world.resets.len()), (SwapType::Test, 1));
    assert_ne!(world.slot1(1000), file);
}

#[test]
fn what_is_sent_after_a_gap_goes_on_where_the_first_file_stood_whatever_it_is() {
    let config = OwnProtocolConfig { lost_packet: 3, ..OwnProtocolConfig::default() };
    let (mut world, file) = (world(config), image(1000));
    send(&mut world, &packets(&file));
    assert!(world.resets.is_empty());
    let other = vec![0x77; 1000];
    assert_eq!(send(&mut world, &packets(&other)), offsets(&file));
    assert_eq!((world.swap(), world.resets.len()), (SwapType::Test, 1));
    assert_eq!(world.slot1(1000), [&file[..2 * DATA], &other[2 * DATA..]].concat());
}
