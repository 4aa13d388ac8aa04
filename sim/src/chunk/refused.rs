//! Which real clients cannot begin an upload at an ATT MTU, asked of their strategies.

use super::{Carrier, FIRST_MIN, LONG};
use client_model::fit::ATT_HEADER;
use client_model::{
    ClientConfig, ClientError, Image, Limits, Next, Origin, Oversize, StrategyKind, Transport, View,
};
use serde::Serialize;
use sim_core::Time;

/// A client whose first chunk no server takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RefusedClient {
    /// Name of the strategy.
    pub strategy: &'static str,
    /// Requests outstanding, which decides how the client for Android computes.
    pub window: u8,
    /// What happens.
    pub reason: String,
}

/// The real clients over Bluetooth that get no first chunk through: their writes have no room for it,
/// or for so little that the server refuses it. Each has its own settings and an image of `len`
/// octets, 65,536 when that is not known. Empty for other carriers and with reassembly.
pub fn refused_clients(carrier: Carrier, len: Option<u32>) -> Vec<RefusedClient> {
    let Carrier::Ble { mtu, reassembly: false, .. } = carrier else { return Vec::new() };
    let len = len.unwrap_or(LONG).min(LONG);
    let mut refused = Vec::new();
    for &kind in StrategyKind::ALL {
        if kind.origin() != Origin::Real || !kind.transports().contains(&Transport::Ble) {
            continue;
        }
        for &window in if kind == StrategyKind::Android { &[1, 3][..] } else { &[1] } {
            if let Some(reason) = reason(kind, window, mtu, len) {
                refused.push(RefusedClient { strategy: kind.name(), window, reason });
            }
        }
    }
    refused
}

/// Why the first chunk of this client comes to nothing.
fn reason(kind: StrategyKind, window: u8, mtu: u16, len: u32) -> Option<String> {
    let image = Image::new(vec![0; len as usize].into(), [0; 32], [0; 32]);
    let config = ClientConfig { window, ..ClientConfig::new(kind, image) };
    let mut strategy = config.build_strategy();
    let oversize = strategy.habits_over(Transport::Ble).oversize;
    let max_packet = mtu.saturating_sub(ATT_HEADER);
    let limits = Limits { transport: Transport::Ble, att_mtu: mtu, max_packet, buf_count: None };
    let view = View { now: Time::ZERO, image: &config.image, limits, outstanding: 0 };
    let mut frame = vec![0; smp_wire::header::HEADER_LEN];
    let next = strategy.begin(&view).and_then(|()| strategy.next(&view, &mut frame));
    let octets = frame.len() as u32;
    match next {
        Err(error) => Some(error.to_string()),
        Ok(Next::Send(_)) if octets > max_packet.into() => Some(too_long(oversize, octets, mtu)),
        Ok(Next::Send(request)) if request.len < FIRST_MIN.min(len) => {
            Some(format!("its first chunk has {} octets: rc 3 (EINVAL)", request.len))
        }
        Ok(_) => None,
    }
}

fn too_long(oversize: Oversize, frame: u32, att_mtu: u16) -> String {
    match oversize {
        Oversize::Refuse if frame > att_mtu.into() => {
            ClientError::Emsgsize { frame, att_mtu }.to_string()
        }
        Oversize::Refuse => ClientError::Enomem { frame, att_mtu }.to_string(),
        _ => format!("its first frame has {frame} octets, more than one write"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Carrier, refused_clients};

    fn refused_at(mtu: u16) -> Vec<(&'static str, u8)> {
        let carrier = Carrier::Ble { mtu, buf_size: None, reassembly: false };
        let refused = refused_clients(carrier, None);
        refused.into_iter().map(|client| (client.strategy, client.window)).collect()
    }

    #[test]
    fn each_client_has_its_own_smallest_mtu() {
        for (client, smallest) in [
            (("go-mcumgr", 1), 73),
            (("android", 3), 103),
            (("android", 1), 106),
            (("ios", 1), 108),
            (("smpclient", 1), 119),
            (("ncs-central-sample", 1), 210),
        ] {
            assert!(!refused_at(smallest).contains(&client), "{client:?} at {smallest}");
            assert!(refused_at(smallest - 1).contains(&client), "{client:?} below {smallest}");
        }
    }

    #[test]
    fn with_reassembly_nobody_is_refused_for_the_mtu() {
        let carrier = Carrier::Ble { mtu: 23, buf_size: Some(384), reassembly: true };
        assert!(refused_clients(carrier, None).is_empty());
    }
}
