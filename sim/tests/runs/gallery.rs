//! The gallery: that each preset shows the symptom that it tells of, and that its fix mends it.

use crate::{kept, prepared};
use client_model::{ClientError, ClientEvent, Phase};
use flash_model::{BootMode, SwapType, slot_image, swap_type};
use link_model::LinkEvent;
use server_model::ServerEvent;
use sim::diagnosis::resembles;
use sim::report::Report;
use sim::scenario::{Scenario, Settings, gallery};
use sim::trace::{Event, FaultKind, Keep, Null, Record, WorldEvent};
use sim::world::{Prepared, World};
use sim_core::{Seed, Span, Time};

struct Run {
    prepared: Prepared,
    report: Report,
    records: Vec<Record>,
}

impl Run {
    fn of(settings: &Settings) -> Self {
        let scenario = Scenario::resolve(settings).expect("fits together");
        let prepared = Prepared::new(scenario, None, false).expect("images that fit");
        let (report, keep) = sim::report::run(&prepared, 1, Keep::default());
        Self { prepared, report, records: keep.records }
    }

    fn client(&self) -> impl Iterator<Item = (Time, ClientEvent)> + '_ {
        self.records.iter().filter_map(|record| match record.event {
            Event::Client(event) => Some((record.at, event)),
            _ => None,
        })
    }

    fn any(&self, is: impl Fn(&Event) -> bool) -> bool {
        self.records.iter().any(|record| is(&record.event))
    }

    /// Offsets and lengths of the upload requests, in order.
    fn chunks(&self) -> Vec<(u32, u32)> {
        let chunk = |(_, event)| match event {
            ClientEvent::UploadChunk { off, len, .. } => Some((off, len)),
            _ => None,
        };
        self.client().filter_map(chunk).collect()
    }

    /// The result codes of all answers in a phase.
    fn codes(&self, wanted: Phase) -> Vec<i32> {
        let mut phase = Phase::Connect;
        let code = |(_, event)| {
            match event {
                ClientEvent::Phase { phase: begun } => phase = begun,
                ClientEvent::Answer { rc, .. } if phase == wanted => return Some(rc),
                _ => {}
            }
            None
        };
        self.client().filter_map(code).collect()
    }

    fn phases(&self) -> Vec<Phase> {
        self.report.counts.phases.iter().map(|span| span.phase).collect()
    }

    fn upload(&self) -> Span {
        self.report.document.upload_s
    }

    fn error(&self) -> Option<ClientError> {
        self.report.counts.error
    }

    /// The world at the end of the run.
    fn world(&self) -> World<Null> {
        let mut world = World::new(&self.prepared, Seed(1), Null);
        world.run();
        world
    }
}

fn settings(name: &str) -> Settings {
    gallery().find(|(preset, _)| *preset == name).expect("of the gallery").1
}

/// A preset of the gallery as it is, and with its fix.
fn both(name: &str) -> (Run, Run) {
    let settings = settings(name);
    let mended = settings.mended().expect("lawful").expect("of the gallery");
    (Run::of(&settings), Run::of(&mended))
}

/// A preset with some settings changed.
fn with(name: &str, changes: &[&str]) -> Run {
    let mut settings = Settings::preset(name).expect("a preset");
    for change in changes {
        settings.set(change).expect("lawful");
    }
    Run::of(&settings)
}

fn fault(kind: FaultKind) -> impl Fn(&Event) -> bool {
    move |event| matches!(event, Event::World(WorldEvent::Fault { fault, .. }) if *fault == kind)
}

#[test]
fn every_fix_ends_in_a_confirmed_update() {
    for (name, settings) in gallery() {
        let mended = settings.mended().expect("lawful").expect("of the gallery");
        let run = Run::of(&mended);
        assert_eq!(run.report.document.outcome, "confirmed", "{name}: {:?}", run.error());
        assert_eq!(run.report.document.error, None, "{name}");
    }
}

#[test]
fn a_report_names_the_preset_that_a_run_looks_like_and_none_for_a_healthy_one() {
    // What ends well, as the client sees it, and is not the worse for it.
    let silent = ["seed-gateway", "confirm-pending-ios", "settings-not-supported"];
    for (name, settings) in gallery() {
        let run = Run::of(&settings);
        let expected = (!silent.contains(&name)).then_some(name);
        assert_eq!(resembles(&run.prepared, &run.report), expected, "{name}");
        let mended = Run::of(&settings.mended().expect("lawful").expect("of the gallery"));
        assert_eq!(resembles(&mended.prepared, &mended.report), None, "{name} mended");
    }
    for name in ["reference", "reference-lossy", "reference-reassembly", "reference-ncs"] {
        let run = with(name, &[]);
        assert_eq!(resembles(&run.prepared, &run.report), None, "{name}");
    }
}

#[test]
fn chunks_beyond_the_mtu_never_reach_the_server() {
    for name in ["emsgsize", "enomem"] {
        let (run, _) = both(name);
        assert_eq!(run.report.document.smp.requests, 0);
        assert!(!run.any(|event| matches!(event, Event::Server(ServerEvent::Take { .. }))));
    }
    // One octet of data more than fits fails with -12, four more with -122.
    let error = |chunk: u16| with("enomem", &[&format!("client.chunk={chunk}")]).error();
    assert_eq!(error(187), None);
    for chunk in 188..=190 {
        assert!(matches!(error(chunk), Some(ClientError::Enomem { .. })), "{chunk}");
    }
    assert!(matches!(error(191), Some(ClientError::Emsgsize { frame: 248, att_mtu: 247 })));
}

#[test]
fn after_one_lost_answer_no_command_goes_out_until_the_answer_is_let_go_of() {
    let (run, mended) = both("ebusy");
    assert_eq!(run.error(), Some(ClientError::Ebusy { attempts: 3 }));
    assert_eq!(run.chunks().len(), 100);
    let lost = |run: &Run| run.any(fault(FaultKind::DropResponse));
    assert!(lost(&run) && lost(&mended));
    assert_eq!(mended.report.document.smp.retries, 1);
    assert_eq!(mended.chunks()[99], mended.chunks()[100]);
    // As published nobody notices.
    let published = with("ebusy", &["client.answer_timeout_ms=0"]);
    assert_eq!(published.report.document.error.as_deref(), Some("time_limit"));
    assert_eq!(resembles(&published.prepared, &published.report), Some("ebusy"));
    // An answer that is only late frees the client again.
    let late = ["fault.drop_response=none", "fault.late_response=100", "fault.late_ms=12000"];
    let late = with("ebusy", &late);
    assert!(late.any(fault(FaultKind::LateResponse)));
    assert_eq!(late.report.document.outcome, "confirmed");
}

#[test]
fn the_first_chunk_waits_behind_ninety_three_page_erases_and_the_next_attempt_for_none() {
    let (run, _) = both("erase-timeout");
    assert_eq!(run.error(), Some(ClientError::Timeout { phase: Phase::Upload }));
    let chunks = run.chunks();
    assert!(chunks.iter().all(|(off, _)| *off == 0) && chunks.len() == 3, "{chunks:?}");
    assert_eq!(run.codes(Phase::Upload), [0; 0], "no answer came in time");
    let again = with("erase-timeout", &["slot1.content=erased"]);
    assert_eq!(again.report.document.outcome, "confirmed");
    assert_eq!(again.report.document.smp.timeouts, 0);
    let (slow, mended) = both("seed-gateway");
    assert!(slow.report.document.first_answer_s > Span::from_s(9));
    assert!(mended.report.document.first_answer_s < Span::from_ms(300));
    assert_eq!(slow.report.counts.first_answer.expect("it came").erases, 93);
}

#[test]
fn the_link_dies_in_the_erase_only_with_the_short_supervision_timeout() {
    let (run, _) = both("erase-link-loss");
    assert_eq!(run.error(), Some(ClientError::LinkLost { phase: Phase::Upload, reason: 0x08 }));
    assert_eq!(run.report.counts.upload_off, 0);
    let updated = |event: &Event| {
        matches!(event, Event::Link(LinkEvent::ParamsUpdated { timeout_ms: 420, .. }))
    };
    assert!(run.any(updated));
    let patient = with("erase-link-loss", &["server.conn_param_control=false"]);
    assert_eq!(patient.report.document.outcome, "confirmed");
    assert!(patient.report.document.first_answer_s > Span::from_s(2));
    let shared = ["flash.radio_sync=mpsl", "flash.partial_erase=true"];
    assert_eq!(with("erase-link-loss", &shared).report.document.outcome, "confirmed");
}

#[test]
fn a_group_that_is_not_built_in_answers_8_and_the_update_goes_on() {
    let (run, mended) = both("settings-not-supported");
    assert_eq!(run.codes(Phase::EraseSettings), [8]);
    let phases = run.phases();
    let at = phases.iter().position(|phase| *phase == Phase::EraseSettings).expect("it was");
    assert_eq!(phases[at + 1], Phase::Test);
    assert_eq!(mended.codes(Phase::EraseSettings), [0]);
}

#[test]
fn an_upload_is_stuck_at_0_percent_for_three_reasons() {
    let (small, _) = both("stuck-small-mtu");
    assert_eq!(small.error(), Some(ClientError::UploadRejected { rc: 3, group: None }));
    let chunks = small.chunks();
    assert!(chunks.len() == 1 && chunks[0].1 < 32, "{chunks:?}");

    let (ignored, _) = both("stuck-rc-ignored");
    assert_eq!(ignored.report.document.error.as_deref(), Some("time_limit"));
    assert!(ignored.chunks().len() > 10_000, "it never rests");
    assert_eq!(ignored.report.counts.upload_off, 0);
    let codes = ignored.codes(Phase::Upload);
    assert!(codes.iter().all(|rc| [0, 5].contains(rc)), "a refusal, or an offset of 0");
    assert!(codes.iter().filter(|rc| **rc == 5).count() > codes.len() / 3);

    let (parser, _) = both("stuck-parser");
    assert_eq!(parser.error(), Some(ClientError::ParserNeedsRc));
    assert_eq!((parser.chunks().len(), parser.codes(Phase::Upload)), (1, vec![0]));
    assert_eq!(parser.report.counts.upload_off, 150, "the server took it");
}

#[test]
fn a_lost_last_answer_costs_20_seconds_and_the_whole_upload_again() {
    let (run, mended) = both("lost-last-answer");
    let image = run.prepared.image().len();
    assert!(run.report.document.smp.wasted_octets >= image.into());
    assert_eq!(run.chunks().iter().filter(|(off, _)| *off == 0).count(), 2);
    let once = with("reference", &[]).upload();
    assert!(run.upload() > once * 2 + Span::from_s(19), "{:?}", run.upload());
    assert!(mended.report.document.smp.wasted_octets < 1_000);
    assert!(mended.upload() < once + Span::from_s(21));
    assert!(mended.any(fault(FaultKind::DropResponse)), "it is lost all the same");
}

#[test]
fn a_lost_fragment_takes_other_requests_with_it() {
    let (run, mended) = both("lost-fragment");
    assert!(run.any(fault(FaultKind::DropFragment)));
    let whole = ["fault.drop_fragment=none", "fault.drop_request=7"];
    let whole = with("lost-fragment", &whole);
    assert_eq!(whole.report.document.smp.timeouts, 1);
    assert!(run.report.document.smp.timeouts > 1);
    assert!(run.report.counts.misread > 5 && whole.report.counts.misread == 0);
    assert_eq!((mended.report.document.smp.timeouts, mended.report.counts.misread), (1, 0));
}

#[test]
fn a_window_as_large_as_the_pool_costs_time_outs_and_gains_nothing() {
    let (run, mended) = both("window-too-large");
    assert!(run.report.counts.no_buffer > 5);
    let smp = &run.report.document.smp;
    assert!(smp.timeouts > 5 && smp.retries > smp.timeouts);
    assert!(run.upload() > mended.upload());
    assert_eq!(mended.report.document.smp.timeouts, 0);
    assert_eq!(mended.report.document.smp.dropped, 0);
}

#[test]
fn a_pool_of_one_buffer_answers_everything_with_no_memory() {
    let (run, _) = both("no-memory");
    assert_eq!(run.codes(Phase::List), [2]);
    assert_eq!(run.codes(Phase::Params), [2]);
    assert_eq!(run.chunks(), []);
    let (cut, mended) = both("no-reassembly");
    assert_eq!(cut.codes(Phase::List), [0], "short commands work");
    assert_eq!(cut.codes(Phase::Upload), [9]);
    assert!(mended.codes(Phase::Upload).iter().all(|rc| *rc == 0));
}

#[test]
fn the_sample_crashes_when_it_reads_the_list_and_the_device_does_not_mind() {
    let (run, _) = both("key-overflow");
    assert_eq!(run.error(), Some(ClientError::ClientCrashed { octets: 7, buffer: 5 }));
    assert_eq!(run.codes(Phase::List), [0]);
    assert_eq!(run.report.counts.upload_off, run.prepared.image().len());
    assert!(!run.any(|event| matches!(event, Event::Server(ServerEvent::Reset))));
    // With room for the key alone, a longer version is next.
    let longer = ["client.version_buf=8", "image.version=10.20.30", "expect.error=none"];
    let longer = with("key-overflow", &longer);
    assert_eq!(longer.error(), Some(ClientError::ClientCrashed { octets: 8, buffer: 8 }));
}

#[test]
fn an_image_beyond_the_limit_of_swap_move_is_erased_by_the_boot_loader() {
    let (run, mended) = both("image-too-large");
    let boot = run.report.counts.boots.last().expect("it booted");
    assert!(boot.refused && boot.swap == SwapType::None);
    assert_eq!(boot.booted, Some(run.prepared.scenario().slot0.version));
    let world = run.world();
    let (flash, layout) = (world.device().flash_view(), world.device().layout());
    assert!(slot_image(flash, layout.secondary()).is_none());
    // Exactly one octet more than the fix is too much.
    let one_more = with("image-too-large", &["image.size=475137"]);
    assert_eq!(one_more.error(), Some(ClientError::ImageNotActive { listed: false }));
    assert_eq!(mended.prepared.image().len(), 475_136);
}

#[test]
fn an_unconfirmed_image_runs_once_and_is_swapped_back() {
    let (run, _) = both("unconfirmed");
    let swaps: Vec<SwapType> = run.report.counts.boots.iter().map(|boot| boot.swap).collect();
    assert_eq!(swaps, [SwapType::Test, SwapType::Revert]);
    let booted: Vec<_> = run.report.counts.boots.iter().filter_map(|boot| boot.booted).collect();
    let scenario = run.prepared.scenario();
    assert_eq!(booted, [scenario.image.version, scenario.slot0.version]);
}

#[test]
fn a_service_for_paired_links_refuses_the_subscription_until_the_link_is_authenticated() {
    let (run, _) = both("not-paired");
    let refused =
        |event: &Event| matches!(event, Event::Link(LinkEvent::Refused { tag: 0, code: 5 }));
    assert!(run.any(refused));
    assert!(!run.any(|event| *event == Event::Link(LinkEvent::Subscribed)));
    assert_eq!(run.report.document.smp.requests, 0);
    let just_works = with("not-paired", &["link.encrypted=true"]);
    assert_eq!(just_works.error(), run.error());
    let passkey = ["link.encrypted=true", "link.authenticated=true"];
    assert_eq!(with("not-paired", &passkey).report.document.outcome, "confirmed");
    let encrypt = ["server.authentication=encrypt", "link.encrypted=true"];
    assert_eq!(with("not-paired", &encrypt).report.document.outcome, "confirmed");
}

#[test]
fn a_confirm_of_a_pending_image_changes_nothing_and_phones_differ_in_what_they_make_of_it() {
    let (android, _) = both("seed-android");
    assert_eq!(android.codes(Phase::Confirm), [0], "answered with success");
    assert!(!android.phases().contains(&Phase::Reset));
    assert!(android.chunks().is_empty());

    let (ios, mended) = both("confirm-pending-ios");
    assert_eq!(ios.report.document.outcome, "confirmed");
    assert!(ios.chunks().is_empty() && ios.phases().contains(&Phase::Reset));
    // What the boot loader was asked for is a trial: of the mended run it is a swap for good.
    let asked = |run: &Run| run.report.counts.boots.last().map(|boot| boot.swap);
    assert_eq!(asked(&ios), Some(SwapType::Test));
    assert_eq!(asked(&mended), Some(SwapType::Perm));
    // On a device that swaps in time the next boot would go back.
    let patient = with("confirm-pending-ios", &["client.estimated_swap_s=60"]);
    let world = patient.world();
    let (flash, layout) = (world.device().flash_view(), world.device().layout());
    assert_eq!(swap_type(flash, &layout, BootMode::SwapMove), SwapType::Revert);
}

#[test]
fn faults_befall_what_they_name_whatever_the_seed_and_are_traced_once() {
    let set = ["fault.drop_request=5", "fault.drop_response=9", "image.size=30000"];
    for seed in 1..4 {
        let (report, records) = kept("reference", &set, seed);
        let faults: Vec<FaultKind> = records
            .iter()
            .filter_map(|record| match record.event {
                Event::World(WorldEvent::Fault { fault, .. }) => Some(fault),
                _ => None,
            })
            .collect();
        assert_eq!(faults, [FaultKind::DropRequest, FaultKind::DropResponse], "seed {seed}");
        assert_eq!(report.document.smp.dropped, 2);
        assert_eq!(report.document.outcome, "confirmed");
        let budget = &report.document.budget_s;
        assert_eq!(budget.total(), report.document.duration_s);
    }
}

#[test]
fn a_dropped_request_of_several_writes_vanishes_whole() {
    let (report, records) = kept("reference-reassembly", &["fault.drop_request=3"], 1);
    let told = records.iter().filter(|record| fault(FaultKind::DropRequest)(&record.event));
    assert_eq!(told.count(), 1);
    assert_eq!((report.counts.misread, report.document.smp.dropped), (0, 1));
    let free = prepared("reference-reassembly", &[]);
    assert!(free.scenario().faults.is_empty());
}
