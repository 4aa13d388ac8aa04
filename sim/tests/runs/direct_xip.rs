//! Clients and their modes on boot loaders that run images in place, that overwrite, and that swap:
//! how the update ends for the client, what has booted by then, and what the next restart boots.
//!
//! The rules: Android's library and that for iOS do without marks where the boot loader says that it
//! runs the newest image in place without revert, smpmgr does not ask; an upload without a mark is
//! erased by a boot loader with revert; a trial without a confirm is undone by the next restart,
//! except where the old image was overwritten.

use crate::prepared;
use flash_model::{BareDevice, BootResult};
use sim::report::{RunDoc, run};
use sim::scenario::{Scenario, Settings};
use sim::trace::Null;
use sim::world::{Prepared, World};
use sim_core::Seed;

/// Version that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Runs {
    New,
    Old,
    /// No restart has come to an end yet.
    NotBooted,
}

use Runs::{New, NotBooted, Old};

impl Runs {
    fn of(version: &str) -> Self {
        match version {
            "1.1.0+0" => New,
            "1.0.0+0" => Old,
            other => panic!("{other} is neither image"),
        }
    }
}

/// Outcome or error, what the last boot of the run started, and what the one after it would.
type End = (&'static str, Runs, Runs);

const CLIENTS: [&str; 4] = ["android", "ios", "smpmgr", "smpsim-best"];

const REFUSED: End = ("rc", NotBooted, New);

/// Boot loader, client mode, and the end for each of the clients.
const ENDS: [(&str, &str, [End; 4]); 16] = [
    (
        "direct-xip",
        "test-and-confirm",
        [("confirmed", New, New), ("uploaded", New, New), REFUSED, ("confirmed", New, New)],
    ),
    (
        "direct-xip",
        "confirm-only",
        [("confirmed", New, New), ("uploaded", New, New), REFUSED, ("confirmed", New, New)],
    ),
    (
        "direct-xip",
        "test-only",
        [("confirmed", New, New), ("uploaded", New, New), REFUSED, ("confirmed", New, New)],
    ),
    (
        "direct-xip",
        "upload-only",
        [
            ("uploaded", New, New),
            ("uploaded", New, New),
            ("uploaded", NotBooted, New),
            ("uploaded", NotBooted, New),
        ],
    ),
    ("direct-xip-revert", "test-and-confirm", [("confirmed", New, New); 4]),
    (
        "direct-xip-revert",
        "confirm-only",
        [
            ("confirmed", New, New),
            ("confirmed", New, New),
            ("confirmed", NotBooted, New),
            ("confirmed", New, New),
        ],
    ),
    (
        "direct-xip-revert",
        "test-only",
        [
            ("tested", New, Old),
            ("tested", New, Old),
            ("tested", NotBooted, New),
            ("tested", New, Old),
        ],
    ),
    // The library for iOS waits for no boot loader that runs images in place, and this one is still
    // erasing the image without a mark.
    (
        "direct-xip-revert",
        "upload-only",
        [NOTHING_MARKED[0], ("uploaded", NotBooted, Old), NOTHING_MARKED[2], NOTHING_MARKED[3]],
    ),
    ("overwrite-only", "test-and-confirm", [("confirmed", New, New); 4]),
    (
        "overwrite-only",
        "confirm-only",
        [
            ("confirmed", New, New),
            ("confirmed", New, New),
            ("confirmed", NotBooted, New),
            ("confirmed", New, New),
        ],
    ),
    // The list calls an image confirmed that cannot be undone.
    (
        "overwrite-only",
        "test-only",
        [
            ("confirmed", New, New),
            ("tested", New, New),
            ("tested", NotBooted, New),
            ("confirmed", New, New),
        ],
    ),
    ("overwrite-only", "upload-only", NOTHING_MARKED),
    ("swap-move", "test-and-confirm", [("confirmed", New, New); 4]),
    (
        "swap-move",
        "confirm-only",
        [
            ("confirmed", New, New),
            ("confirmed", New, New),
            ("confirmed", NotBooted, New),
            ("confirmed", New, New),
        ],
    ),
    (
        "swap-move",
        "test-only",
        [
            ("tested", New, Old),
            ("tested", New, Old),
            ("tested", NotBooted, New),
            ("tested", New, Old),
        ],
    ),
    ("swap-move", "upload-only", NOTHING_MARKED),
];

/// The phones' libraries reset, the others do not.
const NOTHING_MARKED: [End; 4] = [
    ("uploaded", Old, Old),
    ("uploaded", Old, Old),
    ("uploaded", NotBooted, Old),
    ("uploaded", NotBooted, Old),
];

fn with_info(boot: &str, mode: &str, client: &str) -> Prepared {
    let settings = [
        format!("boot.mode={boot}"),
        "server.profile=z4x".to_owned(),
        "server.bootloader_info=true".to_owned(),
        "client.era=latest".to_owned(),
        format!("client.mode={mode}"),
        format!("client.strategy={client}"),
    ];
    prepared("reference", &settings.each_ref().map(String::as_str))
}

fn document(prepared: &Prepared) -> RunDoc {
    run(prepared, 1, Null).0.document
}

/// What one more restart after the end of the run boots.
fn next_boot(prepared: &Prepared) -> Option<String> {
    let mut world = World::new(prepared, Seed(1), Null);
    world.run();
    let device = world.device();
    let mut bare = BareDevice::new(device.flash().clone());
    match bare.boot(&prepared.scenario().boot, device.layout(), &mut ()) {
        Ok(BootResult::Booted { version, .. }) => Some(version.to_string()),
        Ok(_) => None,
        Err(failed) => panic!("{failed:?}"),
    }
}

#[test]
fn each_client_ends_as_its_rules_and_the_boot_loader_have_it() {
    for (boot, mode, ends) in ENDS {
        for (client, expected) in CLIENTS.into_iter().zip(ends) {
            let what = format!("{boot} {mode} {client}");
            let prepared = with_info(boot, mode, client);
            let document = document(&prepared);
            let (outcome, booted, next) = expected;
            let end = document.error.as_deref().unwrap_or(document.outcome);
            assert_eq!(end, outcome, "{what}: {:?}", document.error_text);
            let has_booted = document.boot.booted.as_deref().map_or(NotBooted, Runs::of);
            assert_eq!(has_booted, booted, "{what}");
            let will_boot = next_boot(&prepared).unwrap_or_else(|| panic!("{what}: a dead device"));
            assert_eq!(Runs::of(&will_boot), next, "{what}, after one more restart");
            let swaps = boot.starts_with("direct-xip") || booted != New;
            assert_eq!(document.boot.swaps, u32::from(!swaps), "{what}");
        }
    }
}

#[test]
fn the_preset_runs_the_new_image_from_slot_1_without_a_mark_or_a_swap() {
    let settings = Settings::preset("direct-xip").expect("there is one");
    let scenario = Scenario::resolve(&settings).expect("fits together");
    let prepared = Prepared::new(scenario, None, false).expect("images that fit");
    let document = document(&prepared);
    assert!(prepared.scenario().expects(document.outcome, document.error.as_deref()));
    assert_eq!((document.outcome, document.boot.swaps), ("confirmed", 0));
    assert_eq!(next_boot(&prepared).as_deref(), Some("1.1.0+0"));
}

/// The question costs a round trip only where marks are refused.
#[test]
fn proposed_clients_ask_the_boot_loader_only_when_marks_are_refused() {
    let requests = |settings: &[&str]| {
        let document = document(&prepared("direct-xip", settings));
        assert_eq!(document.error, None, "{settings:?}");
        document.smp.requests
    };
    let swaps = ["client.strategy=go-back", "boot.mode=swap-move"];
    let unasked =
        ["client.strategy=go-back", "boot.mode=swap-move", "server.bootloader_info=false"];
    assert_eq!(requests(&swaps), requests(&unasked));
    for client in ["go-back", "smpsim-best"] {
        let strategy = format!("client.strategy={client}");
        requests(&[&strategy]);
        // A server that cannot tell why leaves its refusal to stand.
        let silent = [&strategy, "server.bootloader_info=false"];
        let document = document(&prepared("direct-xip", &silent));
        assert_eq!(document.error.as_deref(), Some("rc"), "{client}");
        assert_eq!(document.boot.booted, None, "{client}: no reset");
    }
}

/// A server of Zephyr 3.2 calls slot 0 active whatever runs: the trial is not seen. One more reset
/// would undo it, and nothing is to be gained by one.
#[test]
fn a_reset_that_was_answered_is_not_repeated() {
    for client in ["android", "smpsim-best"] {
        let strategy = format!("client.strategy={client}");
        let document =
            document(&prepared("reference", &["boot.mode=direct-xip-revert", &strategy]));
        assert_eq!(document.error.as_deref(), Some("image_not_active"), "{client}");
        assert_eq!(document.boot.booted.as_deref(), Some("1.1.0+0"), "{client}");
        assert!(document.duration_s.as_secs_f64() < 70.0, "{client}");
    }
}
