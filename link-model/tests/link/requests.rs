//! Write requests and indications: one outstanding at a time, one in two events.

use crate::hosts::Hosts;
use link_model::{LinkConfig, LinkEvent, LinkIn, LinkOut, reason};
use sim_core::{Sdu, Span};

fn request(hosts: &mut Hosts, tag: u32, octets: usize) {
    hosts.tell(LinkIn::WriteRequest(Sdu { tag, bytes: vec![tag as u8; octets] }));
}

/// "One per two intervals": the response goes out at the anchor after the request
/// (`SoftDevice` specification, "Bluetooth Low Energy data throughput").
#[test]
fn a_request_is_answered_at_the_next_anchor_and_the_next_one_goes_at_the_one_after() {
    let mut hosts = Hosts::connected(LinkConfig::default(), 1);
    let interval = LinkConfig::default().params.interval;
    for tag in 1..=10 {
        request(&mut hosts, tag, 20);
    }
    hosts.run_until(|out| *out == LinkOut::WriteAnswered { tag: 10 });
    let answered: Vec<_> = hosts
        .said
        .iter()
        .filter_map(|(at, out)| match out {
            LinkOut::WriteAnswered { tag } => Some((*at, *tag)),
            _ => None,
        })
        .collect();
    assert_eq!(
        answered.iter().map(|(_, tag)| *tag).collect::<Vec<_>>(),
        (1..=10).collect::<Vec<_>>()
    );
    assert!(answered.windows(2).all(|pair| pair[1].0.since(pair[0].0) == interval * 2));
    assert!(!hosts.messages().iter().any(|o| matches!(o, LinkOut::Written { .. })));
}

#[test]
fn each_request_reaches_the_peripheral_whole_and_once_before_it_is_answered() {
    let mut hosts = Hosts::connected(LinkConfig::default(), 1);
    for tag in 1..=5 {
        request(&mut hosts, tag, 495);
    }
    hosts.advance(Span::from_s(1));
    let mut wrote = Vec::new();
    let mut answered = Vec::new();
    for out in hosts.messages() {
        match out {
            LinkOut::Wrote(sdu) => {
                assert_eq!(sdu.bytes, vec![sdu.tag as u8; 495]);
                assert_eq!(wrote.len(), answered.len(), "two requests outstanding");
                wrote.push(sdu.tag);
            }
            LinkOut::WriteAnswered { tag } => answered.push(*tag),
            _ => {}
        }
    }
    assert_eq!((wrote, answered), ((1..=5).collect(), (1..=5).collect()));
}

#[test]
fn commands_go_on_while_a_request_waits_for_its_answer() {
    let mut hosts = Hosts::connected(LinkConfig::default(), 1);
    request(&mut hosts, 1, 20);
    hosts.write(2, 20);
    hosts.run_until(|out| *out == LinkOut::WriteAnswered { tag: 1 });
    let wrote: Vec<u32> = hosts
        .messages()
        .iter()
        .filter_map(|out| match out {
            LinkOut::Wrote(sdu) => Some(sdu.tag),
            _ => None,
        })
        .collect();
    assert_eq!(wrote, [1, 2]);
}

#[test]
fn a_request_that_comes_up_during_the_set_up_waits_for_its_end() {
    let mut hosts = Hosts::new(LinkConfig::default(), 1);
    hosts.tell(LinkIn::Advertise);
    hosts.tell(LinkIn::Connect { timeout: Span::from_s(30) });
    hosts.run_until(|out| *out == LinkOut::Connected);
    hosts.tell(LinkIn::Discover);
    request(&mut hosts, 1, 20);
    hosts.run_until(|out| *out == LinkOut::WriteAnswered { tag: 1 });
    let place = |wanted: fn(&LinkOut) -> bool| {
        hosts.messages().into_iter().position(wanted).expect("was said")
    };
    assert!(
        place(|o| matches!(o, LinkOut::Ready { .. })) < place(|o| matches!(o, LinkOut::Wrote(_)))
    );
}

#[test]
fn a_request_that_is_too_long_is_dropped_and_does_not_hold_up_the_next() {
    let mut hosts = Hosts::connected(LinkConfig::default(), 1);
    request(&mut hosts, 1, 496);
    request(&mut hosts, 2, 10);
    hosts.run_until(|out| matches!(out, LinkOut::WriteAnswered { tag: 2 }));
    assert!(hosts.events().any(|(_, e)| e == LinkEvent::TooLong { tag: 1, octets: 496 }));
    assert!(!hosts.messages().contains(&&LinkOut::WriteAnswered { tag: 1 }));
}

#[test]
fn after_a_loss_no_answer_comes_and_the_next_connection_starts_afresh() {
    let mut hosts = Hosts::connected(LinkConfig::default(), 1);
    request(&mut hosts, 1, 20);
    request(&mut hosts, 2, 20);
    hosts.tell(LinkIn::PowerOff);
    hosts.run_until(|out| *out == LinkOut::Lost { reason: reason::TIMEOUT });
    hosts.tell(LinkIn::Advertise);
    hosts.tell(LinkIn::Connect { timeout: Span::from_s(30) });
    hosts.run_until(|out| *out == LinkOut::Connected);
    hosts.tell(LinkIn::Discover);
    hosts.run_until(|out| matches!(out, LinkOut::Ready { .. }));
    request(&mut hosts, 3, 20);
    hosts.run_until(|out| *out == LinkOut::WriteAnswered { tag: 3 });
    assert!(!hosts.messages().iter().any(|o| matches!(o, LinkOut::WriteAnswered { tag: 1 | 2 })));
}

/// The confirmation goes out at the anchor after the indication.
#[test]
fn an_indication_is_confirmed_at_the_next_anchor_and_the_next_one_goes_with_the_one_after() {
    let mut hosts = Hosts::connected(LinkConfig::default(), 1);
    let interval = LinkConfig::default().params.interval;
    for tag in 1..=10 {
        hosts.tell(LinkIn::Indicate(Sdu { tag, bytes: vec![tag as u8; 20] }));
    }
    hosts.run_until(|out| *out == LinkOut::Confirmed { tag: 10 });
    let received: Vec<(_, u32)> = hosts
        .said
        .iter()
        .filter_map(|(at, out)| match out {
            LinkOut::Received(sdu) => {
                assert_eq!(sdu.bytes, vec![sdu.tag as u8; 20]);
                Some((*at, sdu.tag))
            }
            _ => None,
        })
        .collect();
    assert!(received.iter().map(|(_, tag)| *tag).eq(1..=10));
    // The first one is heard before the central's clock of requests has settled.
    let steady = &received[1..];
    assert!(steady.windows(2).all(|pair| pair[1].0.since(pair[0].0) == interval * 2), "{steady:?}");
    assert!(!hosts.messages().iter().any(|o| matches!(o, LinkOut::Notified { .. })));
}
