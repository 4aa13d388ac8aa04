//! How the flash of a scenario shares time with the radio.

use super::ScenarioError;
use super::resolve::Resolver;
use flash_model::{Part, PartialErase, RadioSync, SyncConfig};

impl Resolver<'_> {
    /// The application's flash driver. The boot loader's never waits: no radio runs beside it.
    ///
    /// # Errors
    /// When slices are wanted of what cannot be erased in slices.
    pub(super) fn flash_sync(&self, part: &Part) -> Result<SyncConfig, ScenarioError> {
        let radio = match self.word("flash.radio_sync") {
            "ticker" => RadioSync::Ticker,
            "mpsl" => RadioSync::Mpsl,
            "softdevice" => RadioSync::SoftDevice,
            _ => RadioSync::None,
        };
        let sliced = self.truth("flash.partial_erase");
        let error = |problem| Err(ScenarioError::Together { key: "flash.partial_erase", problem });
        if sliced && radio == RadioSync::SoftDevice {
            return error("a SoftDevice erases whole pages".to_owned());
        }
        if sliced && part.partial_erase.is_none() {
            return error(format!("{} has no partial erase", part.name));
        }
        Ok(SyncConfig {
            radio,
            partial_erase: sliced.then(|| PartialErase {
                slice_ms: self.number("flash.partial_erase_ms") as u8,
                factor_ppm: self.octets("flash.partial_erase_factor_ppm"),
            }),
            timeout_multiplier: self.octets("flash.timeout_multiplier"),
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::scenario::{Scenario, Settings};
    use flash_model::{PartialErase, RadioSync, SyncConfig};

    fn sync(settings: &[&str]) -> Result<SyncConfig, String> {
        let mut all = Settings::preset("reference").expect("there is one");
        for setting in settings {
            all.set(setting).expect("lawful alone");
        }
        Scenario::resolve(&all).map(|scenario| scenario.flash_sync).map_err(|e| e.to_string())
    }

    #[test]
    fn the_reference_shares_nothing() {
        assert_eq!(sync(&[]), Ok(SyncConfig::default()));
        assert_eq!(sync(&["flash.partial_erase_ms=10"]), Ok(SyncConfig::default()));
    }

    #[test]
    fn each_backend_and_its_slices_can_be_chosen() {
        for (word, radio) in [
            ("ticker", RadioSync::Ticker),
            ("mpsl", RadioSync::Mpsl),
            ("softdevice", RadioSync::SoftDevice),
        ] {
            let whole = SyncConfig { radio, ..SyncConfig::default() };
            assert_eq!(sync(&[&format!("flash.radio_sync={word}")]), Ok(whole));
        }
        let slices = [
            "flash.radio_sync=mpsl",
            "flash.partial_erase=true",
            "flash.partial_erase_ms=10",
            "flash.partial_erase_factor_ppm=1050000",
            "flash.timeout_multiplier=15",
        ];
        let partial_erase = Some(PartialErase { slice_ms: 10, factor_ppm: 1_050_000 });
        let radio = RadioSync::Mpsl;
        assert_eq!(sync(&slices), Ok(SyncConfig { radio, partial_erase, timeout_multiplier: 15 }));
    }

    #[test]
    fn slices_of_what_has_none_are_refused() {
        let e = sync(&["flash.radio_sync=softdevice", "flash.partial_erase=true"]);
        assert_eq!(e, Err("flash.partial_erase: a SoftDevice erases whole pages".to_owned()));
        let e = sync(&["flash.part=nrf54l15", "flash.partial_erase=true", "slot0.size=20000"]);
        assert_eq!(e, Err("flash.partial_erase: nrf54l15 has no partial erase".to_owned()));
    }
}
