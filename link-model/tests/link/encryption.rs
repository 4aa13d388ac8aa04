//! The encryption start procedure, from outside the machine.

use crate::hosts::Hosts;
use link_model::{ChannelConfig, LinkConfig, LinkEvent, LinkIn, LinkOut, Phy, Role};
use sim_core::{Ppm, Span};

fn bonded() -> LinkConfig {
    LinkConfig { encrypted: true, encryption_procedure: true, ..LinkConfig::default() }
}

/// Packets that are not empty: who sent them, octets, and whether they carried a MIC.
fn sent(hosts: &Hosts) -> Vec<(Role, u8, bool)> {
    let packet = |(_, event)| match event {
        LinkEvent::Packet { from, octets, air_us, .. } if octets > 0 => {
            let mic = Phy::OneM.air_time(octets, true).as_us() == u64::from(air_us);
            assert!(mic || Phy::OneM.air_time(octets, false).as_us() == u64::from(air_us));
            Some((from, octets, mic))
        }
        _ => None,
    };
    hosts.events().filter_map(packet).collect()
}

#[test]
fn encryption_starts_before_all_else_and_its_last_two_packets_carry_a_mic() {
    let hosts = Hosts::connected(bonded(), 1);
    let (central, peripheral) = (Role::Central, Role::Peripheral);
    let sent = sent(&hosts);
    assert_eq!(
        sent[..6],
        [
            (central, 23, false),
            (peripheral, 13, false),
            (peripheral, 1, false),
            (central, 1, true),
            (peripheral, 1, true),
            (central, 9, true),
        ]
    );
    assert!(sent[3..].iter().all(|(.., mic)| *mic));
    assert_eq!(hosts.events().filter(|(_, e)| *e == LinkEvent::Encrypted).count(), 1);
}

/// The client asks for the MTU (7 octets) while encryption starts, at each loss.
#[test]
fn no_data_are_sent_while_encryption_starts_and_none_are_forgotten() {
    for seed in 0..40 {
        let loss = Ppm::new((seed % 4 * 100_000) as u32);
        let channel = ChannelConfig { loss, ..ChannelConfig::default() };
        let hosts = Hosts::connected(LinkConfig { channel, ..bonded() }, seed);
        let sent = sent(&hosts);
        let encrypted = sent.iter().position(|(_, octets, _)| *octets == 9 || *octets == 7);
        let before = &sent[..encrypted.expect("data follow")];
        assert!(before.iter().all(|(_, octets, _)| [23, 13, 1].contains(octets)), "{sent:?}");
        assert!(sent[before.len()..].iter().all(|(.., mic)| *mic), "{sent:?}");
        assert!(hosts.messages().contains(&&LinkOut::Ready { att_mtu: 498 }));
    }
}

#[test]
fn an_encrypted_link_without_the_procedure_is_so_from_the_first_packet() {
    let hosts = Hosts::connected(LinkConfig { encryption_procedure: false, ..bonded() }, 1);
    assert!(sent(&hosts).iter().all(|(.., mic)| *mic));
    assert_eq!(sent(&hosts)[0], (Role::Central, 9, true));
    assert!(!hosts.events().any(|(_, e)| e == LinkEvent::Encrypted));
}

#[test]
fn a_plain_link_runs_no_encryption() {
    let config = LinkConfig { encrypted: false, ..bonded() };
    assert!(sent(&Hosts::connected(config, 1)).iter().all(|(.., mic)| !mic));
}

#[test]
fn a_connection_can_end_while_encryption_starts() {
    let mut hosts = Hosts::new(bonded(), 1);
    hosts.tell(LinkIn::Advertise);
    hosts.tell(LinkIn::Connect { timeout: Span::from_s(30) });
    hosts.run_until(|out| *out == LinkOut::Connected);
    hosts.tell(LinkIn::Discover);
    hosts.tell(LinkIn::Disconnect);
    hosts.run_until(|out| matches!(out, LinkOut::Lost { .. }));
    hosts.advance(Span::from_s(1));
    assert!(!hosts.events().any(|(_, e)| matches!(e, LinkEvent::Mtu { .. })));
}
