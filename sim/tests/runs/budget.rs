//! The time budget on hand-written records: one exchange, and what each stretch of it belongs to.

use client_model::ClientEvent;
use flash_model::{BootEvent, FlashEvent, OpKind};
use link_model::{CloseCause, LinkEvent, Phy, Reception, Role};
use server_model::ServerEvent;
use sim::report::budget::{Budget, BudgetFold, Cause};
use sim::trace::{Event, Record, Sink};
use sim_core::{Span, Time};

/// Octets of 8 us, as on LE 1M, unless the story says otherwise.
struct Story {
    fold: BudgetFold,
}

impl Story {
    /// A subscribed client at 1 ms.
    fn subscribed() -> Self {
        let mut story = Self { fold: BudgetFold::new() };
        story.tell(1_000, Event::Link(LinkEvent::Subscribed));
        story
    }

    fn tell(&mut self, at_us: u64, event: Event) {
        self.fold.record(&Record { at: Time::ZERO + Span::from_us(at_us), event });
    }

    fn send(&mut self, at_us: u64, tag: u32, len: u16) {
        let event = ClientEvent::Send { tag, group: 1, id: 1, op: 2, seq: 0, len, crc32: 0 };
        self.tell(at_us, Event::Client(event));
    }

    fn answer(&mut self, at_us: u64, tag: u32) {
        self.tell(at_us, Event::Client(ClientEvent::Answer { tag, rc: 0, group: None, len: 20 }));
    }

    /// A packet with `value` octets of a frame that ends at `at_us` after `air` us.
    fn packet(&mut self, at_us: u64, from: Role, tag: u32, air_us: u16, value: u8) -> Packet<'_> {
        Packet {
            story: self,
            at_us,
            event: LinkEvent::Packet {
                tag,
                counter: 0,
                air_us,
                octets: value + 7,
                value_octets: value,
                from,
                reception: Reception::Valid,
                retransmission: false,
                md: false,
                taken: true,
                closes: None,
            },
        }
    }

    fn until(&self, at_us: u64) -> Budget {
        self.fold.until(Time::ZERO + Span::from_us(at_us))
    }
}

struct Packet<'s> {
    story: &'s mut Story,
    at_us: u64,
    event: LinkEvent,
}

impl Packet<'_> {
    fn closing(mut self) -> Self {
        if let LinkEvent::Packet { closes, .. } = &mut self.event {
            *closes = Some(CloseCause::NoMoreData);
        }
        self
    }

    fn lost(mut self) -> Self {
        if let LinkEvent::Packet { reception, taken, .. } = &mut self.event {
            (*reception, *taken) = (Reception::CrcError, false);
        }
        self
    }

    /// Sent again although it had arrived.
    fn in_vain(self) -> Self {
        let mut again = self.again();
        if let LinkEvent::Packet { taken, .. } = &mut again.event {
            *taken = false;
        }
        again
    }

    fn again(mut self) -> Self {
        if let LinkEvent::Packet { retransmission, .. } = &mut self.event {
            *retransmission = true;
        }
        self
    }

    fn ends(self) {
        self.story.tell(self.at_us, Event::Link(self.event));
    }
}

fn us(budget: &Budget, cause: Cause) -> u64 {
    budget.of(cause).as_us()
}

#[test]
fn each_stretch_of_one_exchange_has_its_cause() {
    let mut story = Story::subscribed();
    story.send(3_000, 1, 20); // 2 ms client before it
    story.packet(5_000, Role::Central, 1, 300, 20).closing().ends(); // waits 1.7 ms
    let start = FlashEvent::Start { kind: OpKind::Erase, at: 0, len: 4096, crc: 0 };
    story.tell(6_000, Event::Flash(start)); // 1 ms server before it
    story.tell(91_000, Event::Flash(FlashEvent::End { kind: OpKind::Erase, at: 0 }));
    story.tell(92_000, Event::Server(ServerEvent::Reply { tag: 1, rc: 0, len: 20, crc32: 0 }));
    story.packet(95_000, Role::Peripheral, 1, 300, 20).closing().ends(); // waits 2.7 ms
    story.answer(95_000, 1);
    let budget = story.until(100_000);
    assert_eq!(us(&budget, Cause::Reconnect), 1_000);
    assert_eq!(us(&budget, Cause::Client), 2_000 + 5_000);
    assert_eq!(us(&budget, Cause::LinkWait), 1_700 + 2_700);
    assert_eq!(us(&budget, Cause::LinkPayload), 2 * 160);
    assert_eq!(us(&budget, Cause::LinkOverhead), 2 * 140);
    assert_eq!(us(&budget, Cause::FlashErase), 85_000);
    assert_eq!(us(&budget, Cause::Server), 2_000);
    assert_eq!(budget.total(), Span::from_us(100_000));
}

#[test]
fn a_packet_sent_again_counts_as_retransmission_and_what_lies_between_as_overhead() {
    let mut story = Story::subscribed();
    story.send(1_000, 1, 20);
    story.packet(1_300, Role::Central, 1, 300, 20).lost().ends();
    story.packet(2_000, Role::Central, 1, 300, 20).again().closing().ends();
    let budget = story.until(2_000);
    assert_eq!(us(&budget, Cause::LinkRetransmit), 300);
    assert_eq!(us(&budget, Cause::LinkOverhead), 140 + 400);
    assert_eq!(us(&budget, Cause::LinkPayload), 160);
}

#[test]
fn payload_takes_the_time_that_it_needs_on_the_phy_in_force() {
    let mut story = Story::subscribed();
    let payload = |story: &mut Story, at_us, tag| {
        let before = us(&story.until(at_us), Cause::LinkPayload);
        story.send(at_us, tag, 20);
        story.packet(at_us + 2_000, Role::Central, tag, 2_000, 20).ends();
        story.answer(at_us + 2_000, tag);
        us(&story.until(at_us + 2_000), Cause::LinkPayload) - before
    };
    assert_eq!(payload(&mut story, 2_000, 1), 20 * 8);
    story.tell(5_000, Event::Link(LinkEvent::Phy { phy: Phy::TwoM }));
    assert_eq!(payload(&mut story, 6_000, 2), 20 * 4);
    story.tell(9_000, Event::Link(LinkEvent::Phy { phy: Phy::CodedS8 }));
    assert_eq!(payload(&mut story, 10_000, 3), 20 * 64);
    // A new connection starts on 1M.
    let connect = LinkEvent::ConnectInd { interval_us: 11_250, timeout_ms: 4_000, heard: true };
    story.tell(15_000, Event::Link(connect));
    assert_eq!(payload(&mut story, 16_000, 4), 20 * 8);
}

#[test]
fn only_the_oldest_unanswered_request_is_followed() {
    let mut story = Story::subscribed();
    story.send(1_000, 1, 20);
    story.send(1_000, 2, 20);
    story.packet(1_300, Role::Central, 1, 300, 20).ends();
    // The second request travels while the server has the first.
    story.packet(2_000, Role::Central, 2, 300, 20).closing().ends();
    let budget = story.until(4_000);
    assert_eq!(us(&budget, Cause::LinkPayload), 160);
    assert_eq!(us(&budget, Cause::Server), 2_700);
    // When the first is answered, the second is in the server's hands already.
    story.answer(4_000, 1);
    assert_eq!(us(&story.until(5_000), Cause::Server), 3_700);
}

#[test]
fn a_request_of_several_writes_is_in_the_servers_hands_when_all_have_arrived() {
    let mut story = Story::subscribed();
    story.send(1_000, 1, 40);
    story.packet(1_300, Role::Central, 1, 300, 20).ends();
    assert_eq!(us(&story.until(1_500), Cause::Server), 0);
    story.packet(2_000, Role::Central, 1, 300, 20).closing().ends();
    assert_eq!(us(&story.until(2_500), Cause::Server), 500);
}

#[test]
fn a_lost_link_turns_what_is_in_flight_to_reconnect() {
    let mut story = Story::subscribed();
    story.send(1_000, 1, 20);
    story.tell(2_000, Event::Link(LinkEvent::Lost { role: Role::Central, reason: 8 }));
    let budget = story.until(9_000);
    assert_eq!(us(&budget, Cause::LinkWait), 1_000);
    assert_eq!(us(&budget, Cause::Reconnect), 1_000 + 7_000);
}

#[test]
fn the_boot_loader_counts_only_while_nothing_is_outstanding() {
    let mut story = Story::subscribed();
    story.send(1_000, 1, 20);
    story.tell(2_000, Event::Boot(BootEvent::Start));
    let start = FlashEvent::Start { kind: OpKind::Erase, at: 0, len: 4096, crc: 0 };
    story.tell(2_500, Event::Flash(start));
    story.tell(3_000, Event::Client(ClientEvent::GiveUp { tag: 1 }));
    story.tell(5_000, Event::Boot(BootEvent::Dead));
    let budget = story.until(6_000);
    assert_eq!(us(&budget, Cause::LinkWait), 2_000);
    assert_eq!(us(&budget, Cause::BootSwap), 2_000);
    assert_eq!(us(&budget, Cause::Client), 1_000);
}

#[test]
fn time_between_an_answer_and_the_next_request_is_the_clients() {
    let mut story = Story::subscribed();
    story.send(1_000, 1, 20);
    story.answer(2_000, 1);
    assert_eq!(us(&story.until(4_000), Cause::Client), 2_000);
}

#[test]
fn a_dropped_request_leaves_its_client_waiting() {
    let mut story = Story::subscribed();
    story.send(1_000, 1, 20);
    story.packet(1_300, Role::Central, 1, 300, 20).closing().ends();
    let reason = server_model::DropReason::NoBuffer;
    story.tell(1_300, Event::Server(ServerEvent::Drop { tag: 1, reason }));
    story.tell(9_300, Event::Client(ClientEvent::Timeout { tag: 1 }));
    let budget = story.until(9_300);
    assert_eq!(us(&budget, Cause::Server), 0);
    assert_eq!(us(&budget, Cause::Client), 8_000);
}

#[test]
fn a_request_repeated_because_its_acknowledgement_was_lost_counts_as_retransmission() {
    let mut story = Story::subscribed();
    story.send(1_000, 1, 20);
    story.packet(1_300, Role::Central, 1, 300, 20).closing().ends();
    story.tell(1_300, Event::Server(ServerEvent::Reply { tag: 1, rc: 0, len: 20, crc32: 0 }));
    story.packet(12_300, Role::Central, 1, 300, 20).in_vain().ends();
    story.packet(12_750, Role::Peripheral, 1, 300, 20).closing().ends();
    story.answer(12_750, 1);
    let budget = story.until(12_750);
    assert_eq!(us(&budget, Cause::LinkRetransmit), 300);
    assert_eq!(us(&budget, Cause::LinkWait), 10_700 + 150);
    assert_eq!(us(&budget, Cause::LinkPayload), 2 * 160);
}
