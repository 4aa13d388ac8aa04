//! A service that demands more security than the link has.

use crate::hosts::Hosts;
use link_model::{LinkConfig, LinkEvent, LinkIn, LinkOut, Role, ServiceSecurity};
use sim_core::{Sdu, Span};

const CODE: u8 = 0x05;

fn with(service_security: ServiceSecurity, encrypted: bool, authenticated: bool) -> LinkConfig {
    LinkConfig { service_security, encrypted, authenticated, ..LinkConfig::default() }
}

/// Connects and discovers, and tells how the central's host learnt of the end.
fn discovered(config: LinkConfig) -> (Hosts, LinkOut) {
    let mut hosts = Hosts::new(config, 1);
    hosts.tell(LinkIn::Advertise);
    hosts.tell(LinkIn::Connect { timeout: Span::from_s(30) });
    hosts.run_until(|out| *out == LinkOut::Connected);
    hosts.tell(LinkIn::Discover);
    let ends = |out: &LinkOut| matches!(out, LinkOut::Ready { .. } | LinkOut::Refused { .. });
    hosts.run_until(ends);
    let end = hosts.messages().into_iter().find(|out| ends(out)).expect("it came").clone();
    (hosts, end)
}

#[test]
fn each_demand_is_met_by_links_that_are_secure_enough_and_by_no_other() {
    use ServiceSecurity::{Authenticated, Encrypted, None};
    for (service, encrypted, authenticated, refused) in [
        (None, false, false, false),
        (Encrypted, false, false, true),
        (Encrypted, true, false, false),
        (Authenticated, false, false, true),
        (Authenticated, true, false, true),
        (Authenticated, true, true, false),
        // A key that is not used is worth nothing.
        (Authenticated, false, true, true),
    ] {
        let (hosts, end) = discovered(with(service, encrypted, authenticated));
        let expected =
            if refused { LinkOut::Refused { code: CODE } } else { LinkOut::Ready { att_mtu: 498 } };
        assert_eq!(end, expected, "{service:?} {encrypted} {authenticated}");
        let subscribed = hosts.events().any(|(_, event)| event == LinkEvent::Subscribed);
        assert_eq!(subscribed, !refused);
        let told = hosts.messages().contains(&&LinkOut::Subscribed { att_mtu: 498 });
        assert_eq!(told, !refused, "the server hears of a listener only when there is one");
    }
}

#[test]
fn encryption_that_starts_by_its_procedure_comes_in_time() {
    let config = with(ServiceSecurity::Authenticated, true, true);
    let (_, end) = discovered(LinkConfig { encryption_procedure: true, ..config });
    assert_eq!(end, LinkOut::Ready { att_mtu: 498 });
}

#[test]
fn the_refusal_is_an_error_response_of_five_octets() {
    let (hosts, _) = discovered(with(ServiceSecurity::Encrypted, false, false));
    let last = hosts.events().filter_map(|(_, event)| match event {
        LinkEvent::Packet { from: Role::Peripheral, octets, .. } if octets > 0 => Some(octets),
        _ => None,
    });
    assert_eq!(last.last(), Some(4 + 5));
    let refusal = LinkEvent::Refused { tag: 0, code: CODE };
    assert_eq!(hosts.events().filter(|(_, event)| *event == refusal).count(), 1);
}

#[test]
fn a_write_command_without_permission_vanishes_and_the_link_lives_on() {
    let (mut hosts, _) = discovered(with(ServiceSecurity::Authenticated, true, false));
    hosts.tell(LinkIn::Write(Sdu { tag: 7, bytes: vec![1; 20] }));
    hosts.run_until(|out| *out == LinkOut::Written { tag: 7 });
    hosts.advance(Span::from_s(10));
    let said = hosts.messages();
    assert!(!said.iter().any(|out| matches!(out, LinkOut::Wrote(_) | LinkOut::Lost { .. })));
    let refusal = LinkEvent::Refused { tag: 7, code: CODE };
    assert!(hosts.events().any(|(_, event)| event == refusal));
}
