//! Finds by trial which chunks and which connection interval suit this server and link.

use super::flash_aligned::BLOCK;
use super::interval_control::DATA;
use super::packet_matched;
use crate::strategy::{Limits, LinkParams, Transport, View};
use sim_core::{Span, Time};

/// Octets of a page (nRF52840 Product Specification, NVMC). A trial lasts whole pages, since each
/// page costs one erasure.
const PAGE: u32 = 4096;
/// Pages by which a setting is judged on trial, and later, when it is watched.
const TRIAL: u32 = 2;
const WATCH: u32 = 4;
/// Smaller images are over before trials pay (model choice).
const WORTHWHILE: u32 = 40 * PAGE;

/// How chunks are cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Cut {
    /// As long as frames may be.
    #[default]
    Full,
    /// A flash block at a time; where it does not fit, the chunk before its end fills link layer
    /// packets.
    Blocks,
    /// Five sixths of the longest: what is saved on the air may let the flash write end before the
    /// next connection event.
    Shorter,
}

const CUTS: [Cut; 3] = [Cut::Full, Cut::Blocks, Cut::Shorter];
/// Intervals to try, the first from the start.
const INTERVALS: [Span; 3] = [DATA.interval, Span::from_ms(10), Span::from_us(7_500)];

/// What is tried: numbers in [`CUTS`] and [`INTERVALS`], and whether only one request goes at a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Setting {
    cut: usize,
    single: bool,
    interval: usize,
}

/// The first of the trials of intervals, which follow those of cuts and that of single requests.
const FIRST_INTERVAL: usize = CUTS.len() + 1;
/// Number of trials.
const TRIALS: usize = FIRST_INTERVAL + INTERVALS.len() - 1;

impl Setting {
    /// The change that the n-th trial makes of the best setting so far; the first makes none.
    fn changed(self, trial: usize) -> Self {
        match trial {
            0 | TRIALS.. => self,
            cut if cut < CUTS.len() => Self { cut, ..self },
            interval if interval >= FIRST_INTERVAL => {
                Self { interval: interval - FIRST_INTERVAL + 1, ..self }
            }
            _ => Self { single: true, ..self },
        }
    }
}

/// Where a trial stands.
#[derive(Clone, Copy, Debug)]
enum Stage {
    /// Until this offset, what was sent before is still on its way, or new parameters are.
    Settles { until: u32 },
    /// It is judged from this page border, passed then, to that one.
    Judged { since: Time, from: u32, until: u32 },
}

/// Tries one change after the other and keeps what costs least time: how chunks are cut, whether one
/// request at a time is better than a window (it is where flash work waits for the radio), and the
/// interval. After that it watches: radio and flash can fall into step in a good way or in a
/// bad one, so a setting that has become worse than what another cost is left.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tuner {
    setting: Setting,
    stage: Stage,
    /// Number of the trial, up to [`TRIALS`].
    trial: usize,
    /// Nanoseconds for a page with each setting, as last seen.
    costs: [[[Option<u64>; INTERVALS.len()]; 2]; CUTS.len()],
    /// When the server last took something, and where it stood then.
    last: (Time, u32),
    /// The parameters asked for.
    asked: Option<LinkParams>,
}

impl Default for Tuner {
    fn default() -> Self {
        let (setting, stage) = (Setting::default(), Stage::Settles { until: PAGE });
        let (costs, last) = (Default::default(), (Time::ZERO, 0));
        Self { setting, stage, trial: 0, costs, last, asked: None }
    }
}

impl Tuner {
    /// The chunk at `off` of at most `most` octets.
    pub(super) fn chunk(&self, off: u32, most: u32, limits: Limits) -> u32 {
        match CUTS[self.setting.cut] {
            Cut::Full => most,
            Cut::Blocks => block(off, most, limits),
            Cut::Shorter => (most * 5 / 6).max(1),
        }
    }

    /// The server has come to `reached`.
    pub(super) fn progress(&mut self, view: &View<'_>, reached: u32) {
        if view.image.len() < WORTHWHILE || view.limits.transport != Transport::Ble {
            return;
        }
        let now = view.now;
        if reached < self.last.1 {
            self.settle(reached);
        }
        match self.stage {
            Stage::Settles { until } if reached >= until => self.watch(now, reached),
            Stage::Settles { .. } => {}
            Stage::Judged { since, until, .. } if reached >= until => {
                let pages = u64::from(self.pages());
                let took = self.passed(until, now, reached).since(since).as_ns();
                self.judge(now, took / pages, reached);
            }
            Stage::Judged { since, from, .. } => {
                let pages = u64::from((reached - from) / PAGE + 1);
                let took = now.since(since).as_ns();
                if self.is_hopeless(took / pages) {
                    self.judge(now, took / pages, reached);
                }
            }
        }
        self.last = (now, reached);
    }

    /// Pages by which a setting is judged now.
    const fn pages(&self) -> u32 {
        if self.on_trial() { TRIAL } else { WATCH }
    }

    /// When the server passed a border between where it stood last and where it stands now, as if
    /// it had taken octet by octet.
    fn passed(&self, border: u32, now: Time, reached: u32) -> Time {
        let (then, stood) = self.last;
        let octets = u64::from((reached - stood).max(1));
        let took = now.since(then).as_ns();
        then + Span::from_ns(took * u64::from(border.saturating_sub(stood)) / octets)
    }

    /// Whether a trial need not go on that costs this much for a page, or more.
    fn is_hopeless(&self, cost: u64) -> bool {
        self.on_trial() && self.best().is_some_and(|(best, _)| cost > best * 5 / 4)
    }

    const fn on_trial(&self) -> bool {
        self.trial < TRIALS
    }

    /// The setting that cost least when it was last seen.
    fn best(&self) -> Option<(u64, Setting)> {
        let mut best = None;
        for (cut, costs) in self.costs.iter().enumerate() {
            for (single, costs) in [false, true].into_iter().zip(costs) {
                for (interval, cost) in costs.iter().enumerate() {
                    let Some(cost) = *cost else { continue };
                    if best.is_none_or(|(least, _)| cost < least) {
                        best = Some((cost, Setting { cut, single, interval }));
                    }
                }
            }
        }
        best
    }

    fn judge(&mut self, now: Time, cost: u64, reached: u32) {
        let Setting { cut, single, interval } = self.setting;
        let before = self.costs[cut][usize::from(single)][interval].replace(cost);
        let Some((least, best)) = self.best() else { return };
        if self.on_trial() {
            self.trial += 1;
            self.setting = best.changed(self.trial);
            return self.settle(reached);
        }
        if before.is_some_and(|before| cost > before * 9 / 8) {
            // The server may have asked for other parameters.
            self.asked = None;
        }
        let better = least < cost / 16 * 15;
        if better {
            self.setting = best;
            return self.settle(reached);
        }
        self.watch(now, reached);
    }

    /// Waits for the next page border.
    fn settle(&mut self, reached: u32) {
        self.stage = Stage::Settles { until: (reached / PAGE + 1) * PAGE };
    }

    /// Judges from the page border that was just passed.
    fn watch(&mut self, now: Time, reached: u32) {
        let from = reached / PAGE * PAGE;
        let (since, until) = (self.passed(from, now, reached), from + self.pages() * PAGE);
        self.stage = Stage::Judged { since, from, until };
    }

    /// Whether one request goes at a time.
    pub(super) const fn single(&self) -> bool {
        self.setting.single
    }

    /// The connection parameters to ask for now, where the server stands at `reached`.
    ///
    /// Both ends change at an instant at least six events ahead (Core Specification Vol 6 Part B
    /// 5.1.1). A peripheral that hears of it too late, because it erases a page meanwhile, is lost. So
    /// they are asked for only when it has just erased one and has most of it to fill.
    pub(super) fn params(&mut self, reached: u32) -> Option<LinkParams> {
        let wanted = LinkParams { interval: INTERVALS[self.setting.interval], ..DATA };
        let safe = (BLOCK..PAGE / 2 - BLOCK).contains(&(reached % PAGE));
        if !safe || self.asked == Some(wanted) {
            return None;
        }
        self.asked = Some(wanted);
        self.asked
    }
}

/// The chunk at `off` that ends where the block ends, if it holds so much; else one that fills link
/// layer packets and leaves no more of the block than the next chunk holds.
fn block(off: u32, most: u32, limits: Limits) -> u32 {
    let rest = BLOCK - off % BLOCK;
    if rest <= most {
        return rest;
    }
    let mut len = packet_matched::chunk(off, most, limits);
    let least = rest.saturating_sub(most);
    if rest > 2 * most {
        return len;
    }
    loop {
        let shorter = packet_matched::chunk(off, len.max(1) - 1, limits);
        // One that is cut by nothing fills no packet.
        if shorter < least || shorter + 1 >= len {
            return len.max(least);
        }
        len = shorter;
    }
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, INTERVALS, PAGE, Setting, TRIALS, Tuner, block};
    use crate::config::Image;
    use crate::strategy::{Limits, View};
    use sim_core::{Span, Time};

    const LIMITS: Limits = Limits {
        transport: crate::strategy::Transport::Ble,
        att_mtu: 498,
        max_packet: 495,
        buf_count: None,
    };

    /// Uploads in chunks of 256 octets, where a page with a setting takes so many milliseconds.
    fn run(pages: u32, ms: impl Fn(u32, Setting) -> u64) -> (Tuner, Time) {
        let image = Image::new(vec![0; (pages * PAGE) as usize].into(), [1; 32], [2; 32]);
        let (mut tuner, mut now) = (Tuner::default(), Time::ZERO);
        for chunk in 1..=pages * 16 {
            let page = (chunk - 1) / 16;
            now += Span::from_us(ms(page, tuner.setting) * 1_000 / 16);
            let view = View { now, image: &image, limits: LIMITS, outstanding: 0 };
            tuner.progress(&view, chunk * 256);
        }
        (tuner, now)
    }

    #[test]
    fn it_keeps_the_best_cut_and_the_best_interval() {
        let cost = |_, Setting { cut, single, interval }| {
            [200, 150, 180][cut] + [30, 0, 500][interval] + 90 * u64::from(single)
        };
        let (tuner, took) = run(90, cost);
        let best = Setting { cut: 1, single: false, interval: 1 };
        assert_eq!((tuner.trial, tuner.setting), (TRIALS, best));
        // The trials cost less than two pages each.
        assert!(took < Time::ZERO + Span::from_ms(90 * 150 + TRIALS as u64 * 300), "{took:?}");
    }

    #[test]
    fn it_finds_that_one_request_at_a_time_is_better() {
        let (tuner, _) = run(90, |_, Setting { single, .. }| if single { 150 } else { 200 });
        assert!(tuner.single());
    }

    #[test]
    fn it_leaves_a_setting_that_turns_bad() {
        let bad_later = |page, Setting { cut, single, interval }| {
            let turned = page > 40 && cut == 2;
            let worse = [turned, single, interval > 0].map(u64::from);
            [200, 210, 150][cut] + 200 * worse[0] + 100 * (worse[1] + worse[2])
        };
        let (tuner, _) = run(90, bad_later);
        assert_eq!(tuner.setting, Setting::default());
    }

    #[test]
    fn where_nothing_differs_nothing_changes() {
        let (tuner, _) = run(90, |_, _| 200);
        assert_eq!(tuner.setting, Setting::default());
    }

    #[test]
    fn small_images_are_not_worth_trials() {
        let (tuner, _) = run(39, |_, Setting { cut, .. }| [200, 100, 100][cut]);
        assert_eq!((tuner.trial, tuner.setting), (0, Setting::default()));
    }

    #[test]
    fn parameters_are_asked_for_once_and_again_when_they_may_have_changed() {
        let mut tuner = Tuner::default();
        assert_eq!(tuner.params(0), None, "the server is about to erase");
        assert_eq!(tuner.params(600).map(|params| params.interval), Some(INTERVALS[0]));
        assert_eq!(tuner.params(600), None);
        let (mut tuner, _) = run(90, |page, _| if page > 60 { 400 } else { 200 });
        assert!(tuner.params(90 * PAGE + 600).is_some());
    }

    #[test]
    fn blocks_end_with_a_chunk_and_other_chunks_fill_packets() {
        let ends = |most, att_mtu| {
            let limits = Limits { att_mtu, ..LIMITS };
            let mut off = 70 * BLOCK;
            let next = |_| {
                let len = block(off, most, limits);
                off += len;
                len
            };
            (0..4).map(next).collect::<Vec<u32>>()
        };
        assert_eq!(ends(469, 498), [220, 292, 220, 292], "of one packet and of two");
        assert_eq!(ends(2_449, 498), [512; 4]);
        assert_eq!(ends(219, 247)[..3], [219, 219, 74]);
    }

    #[test]
    fn a_block_chunk_is_never_empty_nor_too_long() {
        for most in 1..700 {
            let mut off = 600;
            for _ in 0..300 {
                let len = block(off, most, LIMITS);
                assert!((1..=most).contains(&len), "{len} of {most} at {off}");
                let passed = off / BLOCK != (off + len - 1) / BLOCK;
                assert!(!passed || (off + len).is_multiple_of(BLOCK));
                off += len;
            }
        }
    }
}
