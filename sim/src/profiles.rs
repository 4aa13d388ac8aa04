//! The eras of Zephyr's server: which there are, and what a client observes where two differ.

use serde::Serialize;
pub use server_model::Profile;
use server_model::SWITCHES;

/// All eras, the oldest first.
pub const ALL: [Profile; 4] = Profile::ALL;

/// No era has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no profile {0:?}; there are z30, z32, z37, z4x")]
pub struct UnknownProfile(String);

/// One era in words.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Era {
    /// Name in scenarios and on the command line.
    pub name: &'static str,
    /// Releases of Zephyr.
    pub zephyr: &'static str,
    /// Releases of the nRF Connect SDK.
    pub ncs: &'static str,
    /// What makes it different, in one line.
    pub about: &'static str,
}

/// A point in which two eras differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Name of the switch in the server model.
    pub switch: &'static str,
    /// What it is about.
    pub point: &'static str,
    /// What a client of the first observes.
    pub a: &'static str,
    /// What a client of the second observes.
    pub b: &'static str,
    /// Where that is known from.
    pub source: &'static str,
}

/// The era of this name.
///
/// # Errors
/// When there is none.
pub fn find(name: &str) -> Result<Profile, UnknownProfile> {
    let found = ALL.into_iter().find(|profile| profile.name() == name);
    found.ok_or_else(|| UnknownProfile(name.to_owned()))
}

/// An era in words.
pub const fn era(profile: Profile) -> Era {
    let name = profile.name();
    match profile {
        Profile::Z30 => Era {
            name,
            zephyr: "3.0 to 3.2",
            ncs: "2.0 to 2.2",
            about: "SMP version 1; answers to upload and erase begin with rc 0",
        },
        Profile::Z32 => Era {
            name,
            zephyr: "3.2.99 to 3.3",
            ncs: "2.3, 2.4",
            about: "SMP version 1 only; a handler's error is one code",
        },
        Profile::Z37 => Era {
            name,
            zephyr: "3.5 to 3.7",
            ncs: "2.6 to 2.9",
            about: "SMP versions 1 and 2; each group has errors of its own",
        },
        Profile::Z4x => Era {
            name,
            zephyr: "4.0 and later",
            ncs: "3.0 and later",
            about: "as z37; an image's size is checked when it is announced",
        },
    }
}

/// What a client observes where two eras differ, in the order in which a request meets it.
pub fn differences(a: Profile, b: Profile) -> Vec<Difference> {
    let (quirks_a, quirks_b) = (a.quirks(), b.quirks());
    let told = SWITCHES.iter().map(|switch| Difference {
        switch: switch.field,
        point: switch.point,
        a: switch.observed(&quirks_a),
        b: switch.observed(&quirks_b),
        source: switch.source,
    });
    told.filter(|difference| difference.a != difference.b).collect()
}

#[cfg(test)]
mod tests {
    use super::{ALL, differences, era, find};

    #[test]
    fn eras_are_found_by_their_names() {
        for profile in ALL {
            assert_eq!(find(era(profile).name), Ok(profile));
        }
        let error = find("z33").expect_err("there is none").to_string();
        assert!(ALL.iter().all(|profile| error.contains(profile.name())), "{error}");
    }

    #[test]
    fn an_era_does_not_differ_from_itself_and_differs_both_ways_alike() {
        for a in ALL {
            assert_eq!(differences(a, a), []);
            for b in ALL {
                let there = differences(a, b);
                let back = differences(b, a);
                assert!(there.iter().zip(&back).all(|(x, y)| x.a == y.b && x.b == y.a));
            }
        }
    }
}
