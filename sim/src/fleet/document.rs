//! What the JSON document of a run says of a fleet.

use super::Member;
use crate::report::{RunDoc, seconds};
use crate::world::Prepared;
use serde::Serialize;
use sim_core::Span;

/// The section `fleet` of `smpsim.run/1`.
#[derive(Clone, Debug, Serialize)]
pub struct FleetDoc {
    /// `one-by-one` or `at-once`.
    pub order: &'static str,
    /// Seed of the fleet.
    pub seed: u64,
    /// Devices that ended as the scenario expects.
    pub as_expected: u32,
    /// Virtual time from the start to the end of the last update.
    #[serde(serialize_with = "seconds")]
    pub duration_s: Span,
    /// Octets of all completed uploads over `duration_s`, rounded down.
    #[serde(rename = "throughput_Bps")]
    pub throughput_bps: u64,
    /// The digests of all devices, combined in their order; 16 hex digits.
    pub trace_digest: String,
    /// The devices in their order.
    pub devices: Vec<MemberDoc>,
}

/// One device.
#[derive(Clone, Debug, Serialize)]
pub struct MemberDoc {
    /// Its number, from 1.
    pub device: u8,
    /// From the start of the fleet to that of its update.
    #[serde(serialize_with = "seconds")]
    pub start_s: Span,
    /// Its document; times count from its own start.
    pub run: RunDoc,
}

pub(super) fn build(prepared: &Prepared, seed: u64, members: &[Member]) -> FleetDoc {
    let scenario = prepared.scenario();
    let runs = || members.iter().map(|member| &member.report.document);
    let duration_s = members.iter().map(Member::end).max().unwrap_or_default();
    let octets: u128 =
        runs().filter(|run| run.goodput_bps > 0).map(|run| u128::from(run.image.size)).sum();
    let expected = |run: &&RunDoc| scenario.expects(run.outcome, run.error.as_deref());
    FleetDoc {
        order: scenario.fleet.order.name(),
        seed,
        as_expected: runs().filter(expected).count() as u32,
        duration_s,
        throughput_bps: (octets * 1_000_000_000)
            .checked_div(u128::from(duration_s.as_ns()))
            .unwrap_or_default() as u64,
        trace_digest: format!("{:016x}", combined(members.iter().map(|m| m.report.digest))),
        devices: members
            .iter()
            .zip(1..)
            .map(|(member, device)| MemberDoc {
                device,
                start_s: member.start,
                run: member.report.document.clone(),
            })
            .collect(),
    }
}

/// One digest of several; their order matters.
fn combined(digests: impl Iterator<Item = u64>) -> u64 {
    digests.fold(0, |state: u64, digest| {
        (state.rotate_left(23) ^ digest).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    })
}

#[cfg(test)]
mod tests {
    use super::combined;

    #[test]
    fn the_combined_digest_sees_each_digest_and_their_order() {
        let of = |digests: &[u64]| combined(digests.iter().copied());
        assert_ne!(of(&[1, 2]), of(&[2, 1]));
        assert_ne!(of(&[1, 2]), of(&[1, 3]));
        assert_ne!(of(&[1, 2]), of(&[2, 2]));
        assert_eq!(of(&[1, 2]), of(&[1, 2]));
    }
}
