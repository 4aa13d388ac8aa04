//! How flash work shares the processor with the radio: how long a window is, how much of it the
//! driver uses, and how long a call may take.
//!
//! Sources: Zephyr 3.2.99 `drivers/flash/soc_flash_nrf.c`, `soc_flash_nrf.h` and
//! `soc_flash_nrf_ticker.c`, sdk-nrf `drivers/mpsl/flash_sync/flash_sync_mpsl.c`, and the S113 and
//! S140 `SoftDevice` Specifications, "Flash memory API".

use crate::{Geometry, Part};
use sim_core::Span;

/// The software that flash work shares the processor with the radio by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RadioSync {
    /// None: an operation starts when it is asked for, and the processor halts up to its end
    /// (Zephyr `SOC_FLASH_NRF_RADIO_SYNC_NONE`).
    #[default]
    None,
    /// Windows at the ticks of a timer of Zephyr's own controller
    /// (`SOC_FLASH_NRF_RADIO_SYNC_TICKER`).
    Ticker,
    /// Timeslots of Nordic's multi-protocol service layer (`SOC_FLASH_NRF_RADIO_SYNC_MPSL`).
    Mpsl,
    /// The flash functions of a `SoftDevice`: a whole operation at a time.
    SoftDevice,
}

/// Pages erased in slices (`SOC_FLASH_NRF_PARTIAL_ERASE`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartialErase {
    /// Nominal length of a slice, milliseconds: 2 to 44
    /// (`SOC_FLASH_NRF_PARTIAL_ERASE_MS`, at most half of the longest page erase).
    pub slice_ms: u8,
    /// Real length of a slice in millionths of the nominal one. The driver counts nominal lengths.
    pub factor_ppm: u32,
}

/// How a device shares time between its flash and its radio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyncConfig {
    /// By which software.
    pub radio: RadioSync,
    /// Whether pages are erased in slices. A `SoftDevice` cannot.
    pub partial_erase: Option<PartialErase>,
    /// Limit of a flash call, in tenths of the longest erase of 256 pages
    /// (`SOC_FLASH_NRF_TIMEOUT_MULTIPLIER`).
    pub timeout_multiplier: u32,
}

/// Longest work of a write in one window (`FLASH_SLOT_WRITE`).
const SLOT_WRITE: Span = Span::from_us(7_500);
/// Longest erase of a page that drivers reckon with (`FLASH_PAGE_ERASE_MAX_TIME_US`).
const ERASE_MAX: Span = Span::from_us(89_700);
/// Pages of the limit of a call (`FLASH_PAGE_MAX_CNT`, the same for all parts).
const PAGE_MAX_COUNT: u64 = 256;
/// Time that the radio gets to end what it does (`FLASH_RADIO_ABORT_DELAY_US`).
const RADIO_ABORT: Span = Span::from_us(1_500);
/// From there to the work (`FLASH_RADIO_WORK_DELAY_US`).
const RADIO_SETTLE: Span = Span::from_us(200);
/// What a timeslot is longer than its work (`TIMESLOT_LENGTH_SLACK_US`), with whole pages and with
/// slices.
const SLACK: [Span; 2] = [Span::from_us(100), Span::from_us(1_000)];
/// Longest interrupt of a page erase of a `SoftDevice`.
const SOFTDEVICE_ERASE: Span = Span::from_ms(90);
/// Longest interrupt of a write of one word of a `SoftDevice`; each further word adds its time.
const SOFTDEVICE_FIRST_WORD: Span = Span::from_us(500);
/// Ticks a second of the controller's timer.
const TICKS_PER_S: u64 = 32_768;

impl Default for PartialErase {
    /// Slices of 3 ms, as long as they should be.
    fn default() -> Self {
        Self { slice_ms: 3, factor_ppm: 1_000_000 }
    }
}

impl Default for SyncConfig {
    fn default() -> Self {
        Self { radio: RadioSync::None, partial_erase: None, timeout_multiplier: 10 }
    }
}

impl From<RadioSync> for SyncConfig {
    /// Whole pages, and the default limit of a call.
    fn from(radio: RadioSync) -> Self {
        Self { radio, ..Self::default() }
    }
}

/// How operations of one kind go on in windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pace {
    /// Time of what cannot be interrupted: a word, a slice, or a whole page.
    pub(crate) unit: Span,
    /// What the work takes besides, once in a window.
    pub(crate) overhead: Span,
    /// Units of a window at the most.
    pub(crate) per_window: u32,
    /// Least time that is asked for, however little is to be done.
    request: Span,
    /// From the beginning of a window until the radio must have ended what it does.
    pub(crate) abort: Span,
    /// From there until the work begins.
    pub(crate) settle: Span,
    /// From tick to tick, where windows begin at ticks.
    pub(crate) period: Span,
}

/// What follows from a configuration for a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rules {
    pub(crate) radio: RadioSync,
    pub(crate) erase: Pace,
    pub(crate) write: Pace,
    /// Units of a page erase: one, slices, or words where a page is filled with ones.
    pub(crate) slices: u32,
    /// Longest time of a call.
    pub(crate) limit: Span,
}

impl SyncConfig {
    /// What the driver does on this part.
    pub(crate) fn rules(&self, part: &Part) -> Rules {
        let partial = match (self.partial_erase, part.partial_erase) {
            (Some(partial), Some(target)) if self.radio != RadioSync::SoftDevice => {
                Some((partial, target))
            }
            _ => None,
        };
        let erase_max = part.erase_page_max.unwrap_or(ERASE_MAX).max(part.erase_page);
        let (slices, unit, slot) = match partial {
            None => (1, part.erase_page, erase_max),
            Some((PartialErase { slice_ms, factor_ppm }, target)) => {
                let nominal = Span::from_ms(slice_ms.max(1).into());
                let real = nominal.as_ns() * u64::from(factor_ppm) / 1_000_000;
                let count = target.as_ns().div_ceil(nominal.as_ns()) as u32;
                (count, Span::from_ns(real), nominal.max(SLOT_WRITE))
            }
        };
        let slack = SLACK[usize::from(partial.is_some())];
        // The count of the loop that writes words begins with one.
        let write = self.pace(part.write_word, (SLOT_WRITE, slack), 1, SOFTDEVICE_FIRST_WORD);
        let (erase, slices) = if part.needs_erase() {
            (self.pace(unit, (slot, slack), 0, SOFTDEVICE_ERASE), slices)
        } else {
            (self.fill(write), part.geometry.page / Geometry::WORD)
        };
        Rules { radio: self.radio, erase, write, slices, limit: self.call_limit() }
    }

    /// How pages are filled with ones where none is erased: word by word, as a write. A
    /// `SoftDevice` gets writes that fit the longest window of the other drivers (model choice).
    fn fill(&self, write: Pace) -> Pace {
        let per_window = match self.radio {
            RadioSync::SoftDevice => write.fitting(SLOT_WRITE),
            _ => write.per_window,
        };
        Pace { per_window, ..write }
    }

    /// Longest time of a flash call (`FLASH_TIMEOUT_MS`), in whole milliseconds.
    pub fn call_limit(&self) -> Span {
        let pages_ms = ERASE_MAX.as_us() * PAGE_MAX_COUNT / 1_000;
        Span::from_ms(pages_ms * u64::from(self.timeout_multiplier) / 10)
    }

    /// `slot` is how long the driver means to work in a window; `counted` what its loop has counted
    /// before the first unit; `alone` what a `SoftDevice` needs for one unit.
    fn pace(&self, unit: Span, (slot, slack): (Span, Span), counted: u32, alone: Span) -> Pace {
        let none = Pace {
            unit,
            overhead: Span::ZERO,
            per_window: u32::MAX,
            request: Span::ZERO,
            abort: Span::ZERO,
            settle: Span::ZERO,
            period: Span::ZERO,
        };
        let per_window = |stops: fn(Span, u64, Span) -> bool| {
            let stop = |n: &u32| stops(unit * u64::from(*n), u64::from(n + counted), slot);
            if unit.is_zero() { u32::MAX } else { (1..u32::MAX).find(stop).unwrap_or(u32::MAX) }
        };
        match self.radio {
            RadioSync::None => none,
            RadioSync::Ticker => Pace {
                per_window: per_window(ticker_stops),
                request: slot,
                abort: RADIO_ABORT,
                settle: RADIO_SETTLE,
                period: slot.saturating_sub(RADIO_ABORT + RADIO_SETTLE),
                ..none
            },
            RadioSync::Mpsl => {
                Pace { per_window: per_window(mpsl_stops), request: slot + slack, ..none }
            }
            RadioSync::SoftDevice => {
                let whole_page = counted == 0;
                let overhead = if whole_page { Span::ZERO } else { alone.saturating_sub(unit) };
                Pace { request: alone, overhead, ..none }
            }
        }
    }
}

/// Whether the driver stops after so much time and so many rounds of its loop: when another round
/// would exceed the slot, in ticks of the controller's timer. The window is taken to begin with a
/// tick (model choice).
fn ticker_stops(elapsed: Span, rounds: u64, slot: Span) -> bool {
    let elapsed = ticks(elapsed);
    elapsed + elapsed / rounds > ticks(slot)
}

/// The same with a timeslot, in microseconds.
fn mpsl_stops(elapsed: Span, rounds: u64, slot: Span) -> bool {
    elapsed.as_us() + elapsed.as_us() / rounds >= slot.as_us()
}

fn ticks(span: Span) -> u64 {
    span.as_us() * TICKS_PER_S / 1_000_000
}

impl Pace {
    /// Time that `units` of work take.
    pub(crate) fn work(&self, units: u32) -> Span {
        self.overhead + self.unit * u64::from(units)
    }

    /// Time to ask for when so many units are to be done.
    pub(crate) fn request(&self, units: u32) -> Span {
        let most = units.min(self.per_window);
        self.request.max(self.abort + self.settle + self.work(most))
    }

    /// Units that can be done in so much time, the overhead being spent once.
    pub(crate) fn fitting(&self, time: Span) -> u32 {
        let time = time.saturating_sub(self.overhead).as_ns();
        time.checked_div(self.unit.as_ns()).map_or(u32::MAX, |units| units as u32)
    }
}

impl Rules {
    /// The pace of erases, or of writes.
    pub(crate) const fn pace(&self, erase: bool) -> &Pace {
        if erase { &self.erase } else { &self.write }
    }

    /// Units of an operation: those of a page erase, or words of `octets`.
    pub(crate) const fn units(&self, erase: bool, octets: u32) -> u32 {
        if erase { self.slices } else { octets.div_ceil(Geometry::WORD) }
    }
}

#[cfg(test)]
mod tests {
    use super::{PartialErase, RadioSync, Rules, SyncConfig};
    use crate::Part;
    use sim_core::Span;

    fn rules(radio: RadioSync, slice_ms: u8) -> Rules {
        let partial_erase =
            (slice_ms > 0).then_some(PartialErase { slice_ms, factor_ppm: 1_000_000 });
        SyncConfig { radio, partial_erase, ..SyncConfig::default() }.rules(&Part::nrf52840())
    }

    const fn us(us: u64) -> Span {
        Span::from_us(us)
    }

    #[test]
    fn a_window_of_the_ticker_holds_183_words_or_two_slices() {
        let rules = rules(RadioSync::Ticker, 3);
        assert_eq!((rules.write.per_window, rules.erase.per_window), (183, 2));
        assert_eq!((rules.write.period, rules.erase.period), (us(5_800), us(5_800)));
        assert_eq!(rules.write.request(1), us(7_500));
        // The driver counts from where its work begins, so that it exceeds what it has reserved.
        assert_eq!(rules.write.request(1_024), us(1_700 + 183 * 41));
    }

    #[test]
    fn a_timeslot_holds_182_words_or_two_slices_and_some_slack() {
        let rules = rules(RadioSync::Mpsl, 3);
        assert_eq!((rules.write.per_window, rules.erase.per_window), (182, 2));
        assert_eq!((rules.write.request(128), rules.erase.request(29)), (us(8_500), us(8_500)));
        let whole = self::rules(RadioSync::Mpsl, 0);
        assert_eq!((whole.write.request(128), whole.erase.request(1)), (us(7_600), us(89_800)));
        assert_eq!((whole.slices, whole.erase.per_window), (1, 1));
    }

    #[test]
    fn slices_add_up_by_their_nominal_length() {
        let slices = |ms| rules(RadioSync::Mpsl, ms).slices;
        assert_eq!([3, 10, 44, 2].map(slices), [29, 9, 2, 43]);
        let windows = |ms| rules(RadioSync::Mpsl, ms).erase.per_window;
        assert_eq!([2, 3, 4, 7, 10, 44].map(windows), [3, 2, 1, 1, 1, 1]);
        let partial_erase = Some(PartialErase { slice_ms: 3, factor_ppm: 1_050_000 });
        let slow = SyncConfig { radio: RadioSync::Mpsl, partial_erase, ..SyncConfig::default() };
        let rules = slow.rules(&Part::nrf52833());
        assert_eq!((rules.slices, rules.erase.unit), (29, us(3_150)));
    }

    #[test]
    fn a_softdevice_erases_in_90_ms_and_writes_128_words_in_5707_us() {
        let rules = rules(RadioSync::SoftDevice, 3);
        assert_eq!((rules.slices, rules.erase.request(1)), (1, us(90_000)));
        assert_eq!(rules.erase.work(1), us(85_000));
        assert_eq!((rules.write.request(1), rules.write.request(128)), (us(500), us(5_707)));
        assert_eq!(rules.write.work(128), us(5_707));
    }

    #[test]
    fn a_page_that_needs_no_erase_is_filled_in_windows_of_a_write() {
        let part = Part::nrf54l15();
        for (radio, most) in [
            (RadioSync::Ticker, us(1_700) + part.write_word * 342),
            (RadioSync::Mpsl, us(7_600)),
            (RadioSync::SoftDevice, us(7_500)),
        ] {
            let rules = SyncConfig::from(radio).rules(&part);
            assert_eq!(rules.slices, 1_024);
            let longest = rules.erase.request(rules.slices);
            assert!(longest <= most && longest > us(7_400), "{radio:?} {longest:?}");
        }
    }

    #[test]
    fn a_call_may_take_as_long_as_256_erases_in_whole_milliseconds() {
        let limit = |timeout_multiplier| {
            SyncConfig { timeout_multiplier, ..SyncConfig::default() }.call_limit().as_us() / 1_000
        };
        assert_eq!([10, 15, 1].map(limit), [22_963, 34_444, 2_296]);
    }

    #[test]
    fn what_fits_is_what_its_work_says() {
        for radio in [RadioSync::Ticker, RadioSync::Mpsl, RadioSync::SoftDevice] {
            let rules = rules(radio, 3);
            for pace in [rules.erase, rules.write] {
                for units in 1..300 {
                    assert_eq!(pace.fitting(pace.work(units)), units, "{radio:?} {pace:?}");
                }
            }
        }
    }
}
