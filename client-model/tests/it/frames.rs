//! Clients that make their own frames, and the driver around them.

use crate::server::Reaction;
use crate::world::{World, config, image};
use client_model::frames::{
    FrameAction, FrameClient, FrameEvent, OTHER_PROTOCOL, Outgoing, Protocol,
};
use client_model::{
    Client, ClientConfig, ClientError, ClientEvent, ClientOut, Finish, Outcome, Phase,
    StrategyKind, Transport, UplinkConfig,
};
use sim_core::{Span, Time};
use smp_wire::cbor::MapForm;
use smp_wire::group;
use smp_wire::header::{HEADER_LEN, Header, OP_WRITE, put_len};
use smp_wire::image::{UploadKey, UploadRequest, UploadResponse};

/// Octets of the image.
const LEN: usize = 5_000;

/// Uploads one chunk after the other and ends; sends a chunk again after a second, and comes back
/// after a lost link.
#[derive(Clone, Debug)]
struct Uploader {
    chunk: u32,
    off: u32,
    seq: u8,
}

impl Uploader {
    fn send(&mut self, now: Time, actions: &mut Vec<FrameAction>) {
        let image = image(LEN);
        let mut frame = Vec::new();
        let header = Header::request(OP_WRITE, group::IMAGE, group::image::UPLOAD, self.seq);
        smp_wire::begin(&mut frame, header);
        self.seq = self.seq.wrapping_add(1);
        UploadRequest {
            len: (self.off == 0).then_some(LEN as u32),
            off: Some(self.off),
            data: Some(image.chunk(self.off, self.chunk)),
            ..Default::default()
        }
        .emit(
            &mut frame,
            MapForm::Definite,
            &[UploadKey::Len, UploadKey::Off, UploadKey::Data],
        );
        put_len(&mut frame);
        actions.push(FrameAction::Send(Outgoing::new(frame)));
        actions.push(FrameAction::SetTimer(Some(now + Span::from_s(1))));
    }
}

impl FrameClient for Uploader {
    fn protocol(&self) -> Protocol {
        Protocol::Smp
    }

    fn handle(&mut self, now: Time, event: FrameEvent<'_>, actions: &mut Vec<FrameAction>) {
        match event {
            FrameEvent::Start | FrameEvent::Lost { .. } => actions.push(FrameAction::Connect),
            FrameEvent::Ready { .. } | FrameEvent::Timer => self.send(now, actions),
            FrameEvent::Received(frame) => {
                let answer = UploadResponse::decode(&frame[HEADER_LEN..]).expect("an answer");
                self.off = answer.off.expect("an offset");
                if self.off < LEN as u32 {
                    self.send(now, actions);
                } else {
                    let (outcome, error) = (Outcome::Uploaded, None);
                    actions.push(FrameAction::Finish(Finish { outcome, error }));
                }
            }
            FrameEvent::ConnectFailed { attempts } => {
                let error = ClientError::External { code: attempts.into() };
                let outcome = Outcome::Failed;
                actions.push(FrameAction::Finish(Finish { outcome, error: Some(error) }));
            }
        }
    }
}

fn world_of(client: impl FrameClient + 'static, config: ClientConfig) -> World {
    let hash = config.image.tlv_sha256;
    World::with_client(Client::with_frames(config, Box::new(client)), hash)
}

fn uploader(chunk: u32) -> World {
    world_of(Uploader { chunk, off: 0, seq: 0 }, config(StrategyKind::Android, LEN))
}

#[test]
fn chunks_phases_and_answers_are_found_in_the_frames() {
    let mut world = uploader(200);
    world.ends(Outcome::Uploaded);
    assert_eq!(world.server.stored, image(LEN).bytes[..]);
    let phases = [Phase::Connect, Phase::Discover, Phase::Upload, Phase::Done];
    assert_eq!(world.phases(), phases);
    let offsets: Vec<u32> = world
        .log
        .iter()
        .filter_map(|(_, event)| match event {
            ClientEvent::UploadChunk { off, len: 200, .. } => Some(*off),
            _ => None,
        })
        .collect();
    assert_eq!(offsets, (0..25).map(|n| n * 200).collect::<Vec<_>>());
    assert_eq!(world.events(|event| matches!(event, ClientEvent::Answer { rc: 0, .. })), 25);
    assert_eq!(world.events(|event| matches!(event, ClientEvent::Stale { .. })), 0);
}

#[test]
fn long_frames_go_in_as_many_writes_as_they_need() {
    let mut world = uploader(1000);
    world.server.params = Some((2048, 4));
    world.att_mtu = 103;
    world.ends(Outcome::Uploaded);
    assert!(world.writes.len() > 50 && world.writes.iter().all(|write| write.bytes.len() <= 100));
    assert_eq!(world.events(|event| matches!(event, ClientEvent::Send { .. })), 5);
}

#[test]
fn over_a_console_frames_go_as_lines() {
    let mut world = uploader(300);
    world.transport = Transport::Serial;
    world.att_mtu = u16::MAX;
    world.ends(Outcome::Uploaded);
    assert_eq!(world.server.stored, image(LEN).bytes[..]);
}

#[test]
fn a_datagram_is_not_cut() {
    let mut world = uploader(300);
    world.transport = Transport::Udp;
    world.fails_with(ClientError::InsufficientMtu { frame: 329, max_packet: 244 });
    assert!(world.writes.is_empty());
}

#[test]
fn a_chunk_that_is_sent_again_ends_the_wait_for_the_first() {
    let mut world = uploader(200);
    let mut count = 0;
    world.server.script = Box::new(move |_, _| {
        count += 1;
        if count == 3 { Reaction::LoseRequest } else { Reaction::Normal }
    });
    world.ends(Outcome::Uploaded);
    assert_eq!(world.server.stored, image(LEN).bytes[..]);
    assert_eq!(world.events(|event| matches!(event, ClientEvent::Timeout { tag: 3 })), 1);
    assert_eq!(world.events(|event| matches!(event, ClientEvent::Answer { .. })), 25);
}

#[test]
fn after_a_lost_link_the_client_connects_again_and_what_was_sent_is_given_up() {
    let mut world = uploader(200);
    world.cut_at_write = Some(4);
    world.ends(Outcome::Uploaded);
    assert_eq!(world.events(|event| matches!(event, ClientEvent::GiveUp { tag: 4 })), 1);
    let phases = [
        Phase::Connect,
        Phase::Discover,
        Phase::Upload,
        Phase::Reconnect,
        Phase::Discover,
        Phase::Upload,
        Phase::Done,
    ];
    assert_eq!(world.phases(), phases);
}

#[test]
fn attempts_to_connect_are_repeated_as_the_settings_say() {
    let mut twice = uploader(200);
    twice.deaf_attempts = 2;
    twice.ends(Outcome::Uploaded);
    let mut never = uploader(200);
    never.deaf_attempts = 10;
    never.fails_with(ClientError::External { code: 4 });
    let connects = never.outs.iter().filter(|out| matches!(out, ClientOut::Connect { .. }));
    assert_eq!(connects.count(), 4);
}

#[test]
fn a_service_that_refuses_ends_the_update() {
    let mut world = uploader(200);
    world.refusal = Some(5);
    world.fails_with(ClientError::InsufficientAuthentication { code: 5 });
}

/// Does what its script says, one row of actions an event.
#[derive(Clone, Debug)]
struct Scripted {
    protocol: Protocol,
    script: Vec<Vec<FrameAction>>,
}

impl FrameClient for Scripted {
    fn protocol(&self) -> Protocol {
        self.protocol
    }

    fn handle(&mut self, now: Time, _: FrameEvent<'_>, actions: &mut Vec<FrameAction>) {
        if !self.script.is_empty() {
            actions.extend(self.script.remove(0).into_iter().map(|action| match action {
                // Times in scripts count from the event.
                FrameAction::SetTimer(Some(due)) => {
                    FrameAction::SetTimer(Some(now + due.since(Time::ZERO)))
                }
                action => action,
            }));
        }
    }
}

fn scripted(protocol: Protocol, script: Vec<Vec<FrameAction>>) -> World {
    world_of(Scripted { protocol, script }, config(StrategyKind::Android, LEN))
}

fn finish() -> FrameAction {
    FrameAction::Finish(Finish { outcome: Outcome::Uploaded, error: None })
}

fn in_s(s: u64) -> FrameAction {
    FrameAction::SetTimer(Some(Time::ZERO + Span::from_s(s)))
}

#[test]
fn a_client_that_wants_nothing_is_told_that_it_stalls() {
    scripted(Protocol::Smp, vec![]).fails_with(ClientError::StrategyStalled);
}

#[test]
fn a_timer_rings_once_when_it_was_set_for() {
    let mut world =
        scripted(Protocol::Other, vec![vec![in_s(5)], vec![in_s(3), in_s(7)], vec![finish()]]);
    world.ends(Outcome::Uploaded);
    assert_eq!(world.finished.map(|(at, _)| at), Some(Time::ZERO + Span::from_s(12)));
}

#[test]
fn nothing_is_done_after_the_end_and_nothing_sent_without_a_link() {
    let send = || FrameAction::Send(Outgoing::new(vec![9; 20]));
    let mut world = scripted(
        Protocol::Other,
        vec![
            vec![send(), FrameAction::Connect],
            vec![send(), finish(), send(), FrameAction::Connect],
        ],
    );
    world.ends(Outcome::Uploaded);
    assert_eq!(world.writes.len(), 1);
    assert_eq!(world.events(|event| matches!(event, ClientEvent::GiveUp { tag: 1 })), 1);
}

#[test]
fn of_another_protocol_the_client_says_what_is_sent_and_what_it_answers() {
    let bytes = vec![9; 500];
    let outgoing = Outgoing { bytes, write_max: 100, id: 8, chunk: Some((40, 500)) };
    let answered = FrameAction::Answered { count: 2, code: -3, off: Some(540) };
    let mut world = scripted(
        Protocol::Other,
        vec![
            vec![FrameAction::Connect],
            vec![FrameAction::Send(outgoing.clone()), FrameAction::Send(outgoing), in_s(1)],
            vec![answered, finish()],
        ],
    );
    world.ends(Outcome::Uploaded);
    assert_eq!(world.writes.len(), 10);
    let sends = world.events(|event| {
        matches!(event, ClientEvent::Send { group: OTHER_PROTOCOL, id: 8, len: 500, .. })
    });
    assert_eq!(sends, 2);
    assert_eq!(world.events(|event| matches!(event, ClientEvent::Answer { rc: -3, .. })), 2);
    assert!(world.phases().contains(&Phase::Upload));
}

#[test]
fn a_gateway_sends_what_its_host_has_brought_and_its_timer_stands_still_meanwhile() {
    let uplink = UplinkConfig {
        rate: 100,
        latency: Span::from_ms(100),
        outages: None,
        block: 100,
        ring: 2000,
        start: 0,
        flow_control: true,
    };
    let config = ClientConfig { uplink: Some(uplink), ..config(StrategyKind::Android, LEN) };
    let mut world = world_of(Uploader { chunk: 200, off: 0, seq: 0 }, config);
    world.ends(Outcome::Uploaded);
    assert_eq!(world.server.stored, image(LEN).bytes[..]);
    assert!(world.events(|event| matches!(event, ClientEvent::Starved { .. })) > 3);
    assert_eq!(
        world.events(|event| matches!(event, ClientEvent::Starved { .. })),
        world.events(|event| matches!(event, ClientEvent::Fed { .. }))
    );
    assert_eq!(world.events(|event| matches!(event, ClientEvent::Timeout { .. })), 0);
}
