//! The clock: a calendar on top of virtual time.

use crate::Rtc;
use crate::groups::{Context, Outcome, Refusal};
use sim_core::Time;
use smp_wire::cbor::empty_map;
use smp_wire::errors::{GroupError, Rc};
use smp_wire::group;
use smp_wire::os::{DateTime, DateTimeRequest, DateTimeResponse};

/// `OS_MGMT_ERR_RTC_NOT_SET`.
const NOT_SET: GroupError = GroupError::new(group::OS, 4);
/// `OS_MGMT_ERR_RTC_COMMAND_FAILED`.
const COMMAND_FAILED: GroupError = GroupError::new(group::OS, 5);

const MS_PER_DAY: u64 = 86_400_000;

/// Days from 0000-03-01 to 1970-01-01.
const EPOCH_DAY: u64 = 719_468;

/// The clock since the last reset.
#[derive(Clone, Debug, Default)]
pub(super) struct Clock {
    /// What a client set it to, in milliseconds from 0000-03-01, and when.
    set: Option<(u64, Time)>,
}

impl Clock {
    /// Tells date and time; the payload of the request is not looked at (Zephyr `os_mgmt.c`,
    /// `os_mgmt_datetime_read`).
    pub(super) fn read(&self, cx: &Context<'_>, out: &mut Vec<u8>) -> Outcome {
        let (start, when) = match (cx.config.rtc, self.set) {
            (Rtc::Broken, _) => return Err(Refusal::from(COMMAND_FAILED)),
            (_, Some(set)) => set,
            (Rtc::Running { epoch_ms }, None) => {
                (epoch_ms.saturating_add(EPOCH_DAY * MS_PER_DAY), Time::ZERO)
            }
            (Rtc::Unset, None) => return Err(Refusal::from(NOT_SET)),
        };
        let shown = start.saturating_add(cx.now.since(when).as_ns() / 1_000_000);
        let datetime = date_time(shown, cx.config.datetime_ms);
        DateTimeResponse { datetime }.emit(out, cx.form());
        Ok(())
    }

    /// Sets date and time (Zephyr `os_mgmt.c`, `os_mgmt_datetime_write`). The 31st of a shorter
    /// month is taken for the day that many days after the month's beginning; drivers differ.
    pub(super) fn write(&mut self, body: &[u8], cx: &Context<'_>, out: &mut Vec<u8>) -> Outcome {
        let request = DateTimeRequest::decode(body, cx.dialect()).map_err(|_| Rc::Invalid)?;
        let text = request.datetime.unwrap_or_default();
        let datetime = DateTime::parse(text, cx.config.datetime_ms).map_err(|_| Rc::Invalid)?;
        if cx.config.rtc == Rtc::Broken {
            return Err(Refusal::from(COMMAND_FAILED));
        }
        self.set = Some((milliseconds(&datetime), cx.now));
        empty_map(out, cx.form());
        Ok(())
    }
}

/// Milliseconds from 0000-03-01T00:00:00.
fn milliseconds(at: &DateTime) -> u64 {
    let days = days(at.year.into(), at.month.into(), at.day.into());
    let minutes = (days * 24 + u64::from(at.hour)) * 60 + u64::from(at.minute);
    let seconds = minutes * 60 + u64::from(at.second);
    seconds * 1000 + u64::from(at.millisecond.unwrap_or(0))
}

/// The date and time so many milliseconds after 0000-03-01T00:00:00.
fn date_time(ms: u64, with_ms: bool) -> DateTime {
    let (year, month, day) = date(ms / MS_PER_DAY);
    let of_day = ms % MS_PER_DAY;
    DateTime {
        // The server prints the year's low 16 bits.
        year: year as u16,
        month: month as u8,
        day: day as u8,
        hour: (of_day / 3_600_000) as u8,
        minute: (of_day / 60_000 % 60) as u8,
        second: (of_day / 1000 % 60) as u8,
        millisecond: with_ms.then_some((of_day % 1000) as u16),
    }
}

/// Days of the Gregorian calendar from 0000-03-01, for dates from year 1 on.
const fn days(year: u64, month: u64, day: u64) -> u64 {
    // Years begin in March, so that the leap day is the last of its year.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    first_day(year) + (153 * month + 2) / 5 + day - 1
}

/// The first day of a year that begins in March.
const fn first_day(year: u64) -> u64 {
    365 * year + year / 4 - year / 100 + year / 400
}

/// Year, month and day so many days after 0000-03-01.
const fn date(days: u64) -> (u64, u64, u64) {
    // 400 years have 146,097 days; the guess is not too small, and at most two years too large.
    let mut year = (days * 400) / 146_097 + 1;
    while first_day(year) > days {
        year -= 1;
    }
    let day_of_year = days - first_day(year);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    if month < 10 { (year, month + 3, day) } else { (year + 1, month - 9, day) }
}

#[cfg(test)]
mod tests {
    use super::{EPOCH_DAY, date, days};
    use proptest::{prop_assert, prop_assert_eq, proptest};

    #[test]
    fn known_days_have_their_numbers() {
        let rows = [
            ((1970, 1, 1), EPOCH_DAY),
            ((1900, 1, 1), EPOCH_DAY - 25_567),
            ((2000, 2, 29), EPOCH_DAY + 11_016),
            ((2000, 3, 1), EPOCH_DAY + 11_017),
            ((2024, 12, 31), EPOCH_DAY + 20_088),
            ((2100, 3, 1), EPOCH_DAY + 47_541),
        ];
        for ((year, month, day), number) in rows {
            assert_eq!(days(year, month, day), number, "{year}-{month}-{day}");
            assert_eq!(date(number), (year, month, day), "{number}");
        }
    }

    proptest! {
        #[test]
        fn days_follow_each_other(number in 366u64..5_000_000) {
            let (year, month, day) = date(number);
            prop_assert_eq!(days(year, month, day), number);
            prop_assert!((1..=12).contains(&month) && (1..=31).contains(&day));
        }
    }
}
