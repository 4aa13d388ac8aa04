//! `smpsim presets`.

use crate::output::print;
use crate::{Refusal, Verdict};
use sim::scenario::{PRESETS, Settings};

/// Lists the presets, or shows one.
pub(crate) fn run(why: Option<&str>) -> Result<Verdict, Refusal> {
    match why {
        None => {
            for preset in PRESETS {
                let settings = Settings::preset(preset.name).map_err(Refusal::new)?;
                print(&format!("{:<22} {}\n", preset.name, settings.about));
            }
        }
        Some(name) => {
            Settings::preset(name).map_err(Refusal::new)?;
            if let Some(preset) = PRESETS.iter().find(|preset| preset.name == name) {
                print(preset.text);
            }
        }
    }
    Ok(Verdict::Yes)
}
