//! The link of a scenario, and what the Core Specification says of its parameters.

use super::ScenarioError;
use super::resolve::Resolver;
use link_model::{
    ConnParams, Csa, EndConfig, EventEnd, LinkConfig, ParamsRefusal, ParamsRule, Phy,
    ServiceSecurity, core_check,
};
use sim_core::Span;

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
        if self.truth("link.encryption_procedure") && !self.truth("link.encrypted") {
            return Err(ScenarioError::Together {
                key: "link.encryption_procedure",
                problem: "nothing to start on a link without link.encrypted = true".to_owned(),
            });
        }
        Ok(LinkConfig {
            params,
            phy: match self.word("link.phy") {
                "2M" => Phy::TwoM,
                "coded-s2" => Phy::CodedS2,
                "coded-s8" => Phy::CodedS8,
                _ => Phy::OneM,
            },
            phy_update: self.truth("link.phy_update"),
            encrypted: self.truth("link.encrypted"),
            encryption_procedure: self.truth("link.encryption_procedure"),
            authenticated: self.truth("link.authenticated"),
            service_security: match self.word("server.authentication") {
                "encrypt" => ServiceSecurity::Encrypted,
                "authenticate" => ServiceSecurity::Authenticated,
                _ => ServiceSecurity::None,
            },
            data_length: self.number("link.data_length") as u8,
            central_mtu: self.number("link.mtu") as u16,
            peripheral_mtu: self.number("server.mtu") as u16,
            central: self.end("central"),
            peripheral: self.end("peripheral"),
            event_end: match self.word("link.event_end") {
                "fit" => EventEnd::Fit,
                _ => EventEnd::WorstPair {
                    overhead: Span::from_us(self.number("link.event_overhead_us")),
                },
            },
            params_rule: match self.word("central.params_rule") {
                "apple" => ParamsRule::Apple,
                "apple-2013" => ParamsRule::Apple2013,
                _ => ParamsRule::Any,
            },
            max_pairs: self.number("central.max_pairs") as u8,
            central_host_latency: Span::from_us(self.number("central.host_latency_us")),
            win_offset: self.win_offset("link.win_offset_us", params.interval)?,
            update_win_offset: self.win_offset("link.update_win_offset_us", Span::from_s(4))?,
            scan_interval: Span::from_us(self.number("central.scan_interval_us")),
            scan_window: self.scan_window()?,
            adv_interval: Span::from_us(self.number("link.adv_interval_us")),
            param_update_delay: Span::from_ms(self.number("link.param_update_delay_ms")),
            csa: if self.number("link.csa") == 1 { Csa::One } else { Csa::Two },
            channel_map: self.channel_map()?,
            hop: self.hop()?,
            adaptive_map: self.adaptive_map(),
            channel: self.air()?,
            ..LinkConfig::default()
        })
    }

    /// Controller and host of the end whose keys begin with `end`.
    fn end(&self, end: &str) -> EndConfig {
        let number = |key| self.number(&format!("{end}.{key}"));
        EndConfig {
            event_length: Span::from_us(number("event_length_us")),
            event_extension: self.truth(&format!("{end}.event_extension")),
            tx_buffers: number("tx_buffers") as u8,
            rx_buffers: number("rx_buffers") as u8,
            host_rx: Span::from_us(number("host_rx_us")),
            host_turnaround: Span::from_us(number("host_turnaround_us")),
            sca_ppm: number("sca_ppm") as u16,
        }
    }

    /// A window offset: a multiple of 1.25 ms that is no longer than `most` (Vol 6 Part B 4.5.3).
    fn win_offset(&self, key: &'static str, most: Span) -> Result<Span, ScenarioError> {
        let offset = Span::from_us(self.number(key));
        let us = offset.as_us();
        let problem = if !us.is_multiple_of(1_250) {
            format!("{us} is no multiple of 1250")
        } else if offset > most {
            format!("{us} is longer than the interval of {}", most.as_us())
        } else {
            return Ok(offset);
        };
        Err(ScenarioError::Together { key, problem })
    }

    fn scan_window(&self) -> Result<Span, ScenarioError> {
        let (window, interval) =
            (self.number("central.scan_window_us"), self.number("central.scan_interval_us"));
        if window > interval {
            let key = "central.scan_window_us";
            let problem = format!("{window} is longer than the scan interval of {interval}");
            return Err(ScenarioError::Together { key, problem });
        }
        Ok(Span::from_us(window))
    }
}

/// What the Core Specification demands of parameters, as an error of the scenario.
fn check_params(params: &ConnParams) -> Result<(), ScenarioError> {
    let Err(refusal) = core_check(params.interval, params.latency, params.timeout) else {
        return Ok(());
    };
    let interval = params.interval.as_us();
    let (key, problem) = match refusal {
        ParamsRefusal::IntervalRange | ParamsRefusal::IntervalSpread => {
            ("link.interval_us", format!("{interval} lies outside 7500 to 4000000"))
        }
        ParamsRefusal::IntervalStep => {
            let near = interval / 1_250 * 1_250;
            let next = near + 1_250;
            let problem = format!("{interval} is no multiple of 1250; take {near} or {next}");
            ("link.interval_us", problem)
        }
        ParamsRefusal::LatencyRange => ("link.latency", "larger than 499".to_owned()),
        ParamsRefusal::TimeoutRange => ("link.timeout_ms", "outside 100 to 32000".to_owned()),
        ParamsRefusal::TimeoutStep => ("link.timeout_ms", "no multiple of 10".to_owned()),
        ParamsRefusal::TimeoutShort | ParamsRefusal::Silence => {
            let least = params.interval * 2 * (u64::from(params.latency) + 1);
            let problem = format!(
                "{} must be larger than (1 + latency) x interval x 2 = {} ms",
                params.timeout.as_us() / 1_000,
                least.as_us().div_ceil(1_000)
            );
            ("link.timeout_ms", problem)
        }
    };
    Err(ScenarioError::Together { key, problem })
}

#[cfg(test)]
mod tests {
    use crate::scenario::{Scenario, Settings};
    use link_model::{EndConfig, EventEnd, LinkConfig};
    use sim_core::Span;

    fn link(settings: &[&str]) -> LinkConfig {
        let mut all = Settings::preset("reference").expect("there is one");
        for setting in settings {
            all.set(setting).expect("lawful");
        }
        Scenario::resolve(&all).expect("values fit together").link
    }

    #[test]
    fn each_end_has_its_own_controller_and_host() {
        let keys = [
            ("event_length_us=3750", EndConfig { event_length: Span::from_us(3_750), ..base() }),
            ("event_extension=false", EndConfig { event_extension: false, ..base() }),
            ("tx_buffers=3", EndConfig { tx_buffers: 3, ..base() }),
            ("rx_buffers=2", EndConfig { rx_buffers: 2, ..base() }),
            ("host_rx_us=70", EndConfig { host_rx: Span::from_us(70), ..base() }),
            ("host_turnaround_us=80", EndConfig { host_turnaround: Span::from_us(80), ..base() }),
            ("sca_ppm=20", EndConfig { sca_ppm: 20, ..base() }),
        ];
        for (key, end) in keys {
            let central = link(&[&format!("central.{key}")]);
            assert_eq!((central.central, central.peripheral), (end, base()), "{key}");
            let peripheral = link(&[&format!("peripheral.{key}")]);
            assert_eq!((peripheral.central, peripheral.peripheral), (base(), end), "{key}");
        }
    }

    fn base() -> EndConfig {
        EndConfig::default()
    }

    #[test]
    fn latency_and_the_end_of_events_reach_the_link() {
        assert_eq!(link(&[]).event_end, EventEnd::default());
        assert_eq!(link(&["link.event_end=fit"]).event_end, EventEnd::Fit);
        let slow = link(&["link.latency=30", "link.interval_us=30000"]);
        assert_eq!(slow.params.latency, 30);
    }

    #[test]
    fn latency_needs_a_timeout_that_outlasts_it() {
        let mut settings = Settings::preset("reference").expect("there is one");
        settings.set("link.latency=499").expect("lawful alone");
        let error = Scenario::resolve(&settings).map_err(|e| e.to_string());
        let error = error.expect_err("500 intervals of 11.25 ms, twice, are more than 4 s");
        assert!(error.starts_with("link.timeout_ms: 4000 must be larger"), "{error}");
    }
}
