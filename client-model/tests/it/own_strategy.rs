//! A strategy of one's own: two chunks outstanding, goes back to the server's offset at once, and
//! survives a lost link.

use crate::server::Reaction;
use crate::world::{World, config, image};
use client_model::{
    AfterReset, Answer, Client, ClientError, Failure, Finish, Habits, Limits, Next, Outcome, Phase,
    Request, Sent, Strategy, StrategyKind, View, fit,
};
use sim_core::Span;
use smp_wire::cbor::MapForm;
use smp_wire::image::{UploadKey, UploadRequest};

#[derive(Clone, Debug, Default)]
struct GoBack {
    next: u32,
    acknowledged: u32,
    /// Answers to requests before this one are void.
    valid_from: u32,
    sent: u32,
}

impl Strategy for GoBack {
    fn begin(&mut self, _: &View<'_>) -> Result<(), ClientError> {
        *self = Self::default();
        Ok(())
    }

    fn next(&mut self, view: &View<'_>, body: &mut Vec<u8>) -> Result<Next, ClientError> {
        let (image, off) = (view.image, self.next);
        if self.acknowledged == image.len() {
            return Ok(Next::Done);
        }
        let window = if self.acknowledged == 0 { 1 } else { 2 };
        if view.outstanding >= window || off == image.len() {
            return Ok(Next::Wait);
        }
        let len = (off == 0).then(|| image.len());
        let sha = (off == 0).then_some(&image.sha256[..]);
        let extra =
            fit::ExtraKeys { len, sha: sha.map(|sha| sha.len() as u32), ..Default::default() };
        let Limits { max_packet: limit, .. } = view.limits;
        let fits = fit::largest_data(limit.into(), MapForm::Definite, off, &extra)
            .ok_or(ClientError::ChunkDoesNotFit { limit, off })?;
        let data = image.chunk(off, fits);
        UploadRequest { len, off: Some(off), sha, data: Some(data), ..Default::default() }.emit(
            body,
            MapForm::Definite,
            &[UploadKey::Off, UploadKey::Len, UploadKey::Sha, UploadKey::Data],
        );
        self.next = off + data.len() as u32;
        self.sent += 1;
        Ok(Next::Send(Request {
            off,
            len: data.len() as u32,
            timeout: Some(Span::from_s(1)),
            seq: None,
        }))
    }

    fn answer(
        &mut self,
        _: &View<'_>,
        sent: &Sent,
        answer: &Answer<'_>,
    ) -> Result<(), ClientError> {
        let off = answer.upload()?.off.unwrap_or(0);
        if sent.number >= self.valid_from {
            self.acknowledged = off;
            if off != sent.request.off + sent.request.len {
                (self.next, self.valid_from) = (off, self.sent);
            }
        }
        Ok(())
    }

    fn failed(&mut self, _: &View<'_>, sent: &Sent, _: Failure) -> Result<(), ClientError> {
        if sent.number >= self.valid_from {
            (self.next, self.valid_from) = (self.acknowledged, self.sent);
        }
        Ok(())
    }

    fn survives_link_loss(&mut self, _: &View<'_>) -> bool {
        (self.next, self.valid_from) = (0, self.sent);
        self.acknowledged = 0;
        true
    }
}

fn world(strategy: impl Strategy + 'static) -> World {
    let config = config(StrategyKind::Android, 11_000);
    let hash = config.image.tlv_sha256;
    World::with_client(Client::with_strategy(config, Box::new(strategy)), hash)
}

#[test]
fn it_updates() {
    let mut world = world(GoBack::default());
    world.ends(Outcome::Confirmed);
    assert_eq!(world.server.stored, image(11_000).bytes[..]);
    assert!(!world.phases().contains(&Phase::Params), "it does not ask for parameters");
}

#[test]
fn it_goes_back_to_what_was_lost() {
    for (nth, reaction) in [(7, Reaction::LoseRequest), (7, Reaction::LoseAnswer)] {
        let mut world = world(GoBack::default());
        let mut count = 0;
        world.server.script = Box::new(move |seen, _| {
            count += usize::from(seen.chunk().is_some());
            let hit = seen.chunk().is_some() && count == nth;
            if hit { reaction.clone() } else { Reaction::Normal }
        });
        world.ends(Outcome::Confirmed);
        assert_eq!(world.server.stored, image(11_000).bytes[..]);
    }
}

#[test]
fn it_goes_on_after_a_lost_link() {
    let mut world = world(GoBack::default());
    world.cut_at_write = Some(20);
    world.ends(Outcome::Confirmed);
    assert_eq!(world.server.stored, image(11_000).bytes[..]);
    let uploads = world.phases().iter().filter(|&&phase| phase == Phase::Upload).count();
    assert_eq!(uploads, 2);
    let again = world.chunks().count();
    assert!((50..56).contains(&again), "one chunk tells where to go on: {again}");
}

/// A strategy with one habit of its own that never has anything to send.
#[derive(Clone, Debug)]
struct Silent(Habits);

impl Strategy for Silent {
    fn habits(&self) -> Habits {
        self.0
    }

    fn begin(&mut self, _: &View<'_>) -> Result<(), ClientError> {
        Ok(())
    }

    fn next(&mut self, _: &View<'_>, _: &mut Vec<u8>) -> Result<Next, ClientError> {
        Ok(Next::Wait)
    }

    fn answer(&mut self, _: &View<'_>, _: &Sent, _: &Answer<'_>) -> Result<(), ClientError> {
        Ok(())
    }
}

#[test]
fn a_strategy_that_waits_for_nothing_is_named() {
    let mut world = world(Silent(Habits::default()));
    world.fails_with(ClientError::StrategyStalled);
}

#[test]
fn a_client_may_disconnect_at_the_reset_and_may_mind_its_answer() {
    let habits = Habits { after_reset: AfterReset::Disconnect, ..Habits::default() };
    let present = |habits| {
        let mut world = world(Silent(habits));
        world.server.slots.push(crate::server::slot(1, [0xbb; 32], ""));
        world.link_dies_after = None;
        world
    };
    let mut polite = present(habits);
    polite.ends(Outcome::Confirmed);
    let reset = polite.phase_at(Phase::Wait, 0).since(polite.phase_at(Phase::Reset, 0));
    assert_eq!(reset, polite.latency + Span::from_ms(1));

    let mut refused = present(habits);
    refused.server.script = Box::new(|seen, _| {
        let busy = smp_wire::errors::ErrorBody::Rc(10);
        if seen.is(0, 5) { Reaction::Refuse(busy) } else { Reaction::Normal }
    });
    let error = ClientError::Rc { phase: Phase::Reset, rc: 10, group: None };
    let failed = Finish { outcome: Outcome::Failed, error: Some(error) };
    assert_eq!(refused.run(), Some(failed));
}
