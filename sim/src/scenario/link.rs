//! The link of a scenario, and what the Core Specification says of its parameters.

use super::ScenarioError;
use super::resolve::Resolver;
use link_model::{ChannelConfig, ConnParams, EventEnd, LinkConfig, Phy};
use sim_core::{Ppm, Span};

impl Resolver<'_> {
    /// The link.
    ///
    /// # Errors
    /// When the connection parameters do not fit together.
    pub(super) fn link(&self) -> Result<LinkConfig, ScenarioError> {
        let params = ConnParams {
            interval: Span::from_us(self.number("link.interval_us")),
            latency: self.number("link.latency") as u16,
            timeout: Span::from_ms(self.number("link.timeout_ms")),
        };
        check_params(&params)?;
        Ok(LinkConfig {
            params,
            phy: match self.word("link.phy") {
                "2M" => Phy::TwoM,
                "coded-s2" => Phy::CodedS2,
                "coded-s8" => Phy::CodedS8,
                _ => Phy::OneM,
            },
            encrypted: self.truth("link.encrypted"),
            data_length: self.number("link.data_length") as u8,
            central_mtu: self.number("link.mtu") as u16,
            peripheral_mtu: self.number("server.mtu") as u16,
            event_end: EventEnd::WorstPair {
                overhead: Span::from_us(self.number("link.event_overhead_us")),
            },
            max_pairs: self.number("central.max_pairs") as u8,
            central_host_latency: Span::from_us(self.number("central.host_latency_us")),
            adv_interval: Span::from_us(self.number("link.adv_interval_us")),
            param_update_delay: Span::from_ms(self.number("link.param_update_delay_ms")),
            channel: ChannelConfig {
                loss: Ppm::new(self.octets("link.loss_ppm")),
                miss: Ppm::new(self.octets("link.miss_ppm")),
            },
            phy_update: false,
            ..LinkConfig::default()
        })
    }
}

/// Core Specification Vol 6 Part B 4.5.1 and 4.5.2.
fn check_params(params: &ConnParams) -> Result<(), ScenarioError> {
    let interval = params.interval.as_us();
    let error = |key, problem| Err(ScenarioError::Together { key, problem });
    if !interval.is_multiple_of(1_250) {
        let near = interval / 1_250 * 1_250;
        return error(
            "link.interval_us",
            format!("{interval} is no multiple of 1250; take {near} or {}", near + 1_250),
        );
    }
    if !params.timeout.as_us().is_multiple_of(10_000) {
        return error("link.timeout_ms", "no multiple of 10".to_owned());
    }
    let least = params.interval * 2 * (u64::from(params.latency) + 1);
    if params.timeout <= least {
        return error(
            "link.timeout_ms",
            format!(
                "{} must be larger than (1 + latency) x interval x 2 = {} ms",
                params.timeout.as_us() / 1_000,
                least.as_us().div_ceil(1_000)
            ),
        );
    }
    Ok(())
}
