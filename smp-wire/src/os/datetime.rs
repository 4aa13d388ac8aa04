//! Date and time of the device's clock.

use crate::cbor::{CborError, Dialect, MapForm};
use crate::single_text;
use std::fmt::{self, Display, Formatter};

/// A date and a time of day, without a time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateTime {
    /// 1900 to 11,899.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31; that a month may be shorter is left to the clock.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
    /// 0 to 999; `None` where the server knows whole seconds only.
    pub millisecond: Option<u16>,
}

/// Why a text is no date and time to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DateTimeError {
    /// Shorter than 19 or longer than 25 octets.
    #[error("{0} octets: a date and time has 19 to 25")]
    Length(usize),
    /// A field is missing or no number.
    #[error("field {0} is no number")]
    Field(usize),
    /// A field is out of its range.
    #[error("field {0} is out of range")]
    Range(usize),
}

/// Lengths that the server takes (Zephyr `os_mgmt.c`, `RTC_DATETIME_MIN_STRING_SIZE` and one less
/// than `RTC_DATETIME_MAX_STRING_SIZE`).
const LENGTHS: std::ops::RangeInclusive<usize> = 19..=25;

/// Ranges of year, month, day, hour, minute and second.
const RANGES: [[u32; 2]; 6] = [[1900, 11_899], [1, 12], [1, 31], [0, 23], [0, 59], [0, 59]];

impl DateTime {
    /// As the server reads it: six numbers, whatever single octets stand between them, leading
    /// spaces and signs as `strtol` takes them; with `milliseconds` a seventh after a full stop, in
    /// thousandths however many digits it has (Zephyr `os_mgmt.c`, `os_mgmt_datetime_write`).
    ///
    /// # Errors
    /// [`DateTimeError`].
    pub fn parse(text: &[u8], milliseconds: bool) -> Result<Self, DateTimeError> {
        if !LENGTHS.contains(&text.len()) {
            return Err(DateTimeError::Length(text.len()));
        }
        let mut at = 0;
        let mut fields = [0; 6];
        for (n, (field, [min, max])) in fields.iter_mut().zip(RANGES).enumerate() {
            let rest = text.get(at..).unwrap_or_default();
            let (value, taken) = leading_number(rest).ok_or(DateTimeError::Field(n))?;
            let value = u32::try_from(value).ok().filter(|value| (min..=max).contains(value));
            *field = value.ok_or(DateTimeError::Range(n))?;
            at += taken + 1;
        }
        let millisecond = if milliseconds { Some(fraction(text, at)?) } else { None };
        let [year, month, day, hour, minute, second] = fields;
        Ok(Self {
            year: year as u16,
            month: month as u8,
            day: day as u8,
            hour: hour as u8,
            minute: minute as u8,
            second: second as u8,
            millisecond,
        })
    }
}

/// The milliseconds that begin at `at`, if a full stop stands before them.
fn fraction(text: &[u8], at: usize) -> Result<u16, DateTimeError> {
    let rest = text.get(at..).unwrap_or_default();
    if text.get(at - 1) != Some(&b'.') || rest.first().is_none_or(|&octet| octet == 0) {
        return Ok(0);
    }
    let (value, _) = leading_number(rest).unwrap_or((0, 0));
    u16::try_from(value).ok().filter(|&value| value <= 999).ok_or(DateTimeError::Range(6))
}

/// The number that a text begins with, and how many octets it took: `strtol` of the C library, base
/// 10, whose values beyond the range of a number are out of every range here as well.
fn leading_number(text: &[u8]) -> Option<(i64, usize)> {
    let space = |octet: &&u8| matches!(octet, b' ' | b'\t'..=b'\r');
    let spaces = text.iter().take_while(space).count();
    let sign = matches!(text.get(spaces), Some(b'+' | b'-'));
    let digits_at = spaces + usize::from(sign);
    let digits = text[digits_at..].iter().take_while(|octet| octet.is_ascii_digit()).count();
    let value = text[digits_at..digits_at + digits].iter().fold(0i64, |value, &digit| {
        value.saturating_mul(10).saturating_add(i64::from(digit - b'0'))
    });
    let value = if text.get(spaces) == Some(&b'-') { -value } else { value };
    (digits > 0).then_some((value, digits_at + digits))
}

impl Display for DateTime {
    /// As the server writes it; the year is padded with spaces, which no valid year shows.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { year, month, day, hour, minute, second, millisecond } = self;
        write!(f, "{year:4}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        millisecond.map_or(Ok(()), |millisecond| write!(f, ".{millisecond:03}"))
    }
}

/// Sets the clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DateTimeRequest<'a> {
    /// The date and time; what the server makes of it, [`DateTime::parse`] tells.
    pub datetime: Option<&'a [u8]>,
}

impl<'a> DateTimeRequest<'a> {
    /// As the server reads it.
    ///
    /// # Errors
    /// Whatever the server's reading refuses, an empty body among it.
    pub fn decode(body: &'a [u8], dialect: Dialect) -> Result<Self, CborError> {
        single_text::decode(body, dialect, "datetime").map(|datetime| Self { datetime })
    }

    /// Appends the body.
    pub fn emit(&self, out: &mut Vec<u8>, form: MapForm) {
        single_text::emit(out, form, "datetime", self.datetime);
    }
}

/// What the clock shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateTimeResponse {
    /// The date and time.
    pub datetime: DateTime,
}

impl DateTimeResponse {
    /// Appends the body.
    pub fn emit(&self, out: &mut Vec<u8>, form: MapForm) {
        let text = self.datetime.to_string();
        single_text::emit(out, form, "datetime", Some(text.as_bytes()));
    }
}

#[cfg(test)]
mod tests {
    use super::{DateTime, DateTimeError};

    fn read(text: &str, milliseconds: bool) -> Result<String, DateTimeError> {
        DateTime::parse(text.as_bytes(), milliseconds).map(|datetime| datetime.to_string())
    }

    #[test]
    fn a_text_is_read_as_six_numbers_with_any_octet_between() {
        let rows = [
            ("2024-02-29T23:59:58", "2024-02-29T23:59:58"),
            ("2024/02/29 23.59.58", "2024-02-29T23:59:58"),
            ("2024-02-29T23:59:58+01:00", "2024-02-29T23:59:58"),
            ("11899-12-31T00:00:00", "11899-12-31T00:00:00"),
            ("1900-01-01T00:00:00", "1900-01-01T00:00:00"),
            ("2024- 2-+9T 3: 4: 05", "2024-02-09T03:04:05"),
            ("2024-2-9T3:4:5.123456", "2024-02-09T03:04:05"),
        ];
        for (text, shown) in rows {
            assert_eq!(read(text, false), Ok(shown.to_owned()), "{text}");
        }
    }

    #[test]
    fn milliseconds_are_a_number_of_thousandths() {
        let shown = |text| read(text, true);
        assert_eq!(shown("2024-02-29T23:59:58"), Ok("2024-02-29T23:59:58.000".to_owned()));
        assert_eq!(shown("2024-02-29T23:59:58.5"), Ok("2024-02-29T23:59:58.005".to_owned()));
        assert_eq!(shown("2024-02-29T23:59:58.999Z"), Ok("2024-02-29T23:59:58.999".to_owned()));
        assert_eq!(shown("2024-02-29T23:59:58,999"), Ok("2024-02-29T23:59:58.000".to_owned()));
        assert_eq!(shown("2024-02-29T23:59:58."), Ok("2024-02-29T23:59:58.000".to_owned()));
        assert_eq!(shown("2024-02-29T23:59:58.x"), Ok("2024-02-29T23:59:58.000".to_owned()));
        assert_eq!(shown("2024-02-29T23:59:58.1000"), Err(DateTimeError::Range(6)));
        assert_eq!(shown("2024-02-29T23:59:58.-1"), Err(DateTimeError::Range(6)));
    }

    #[test]
    fn each_fault_is_found() {
        let rows = [
            ("2024-02-29T23:59:5", DateTimeError::Length(18)),
            ("2024-02-29T23:59:58.123456", DateTimeError::Length(26)),
            ("1899-12-31T23:59:59", DateTimeError::Range(0)),
            ("11900-01-01T00:00:00", DateTimeError::Range(0)),
            ("99999999999999999999-1-1", DateTimeError::Range(0)),
            ("2024-00-01T00:00:00", DateTimeError::Range(1)),
            ("2024-13-01T00:00:00", DateTimeError::Range(1)),
            ("2024--1-01T00:00:00", DateTimeError::Range(1)),
            ("2024-01-32T00:00:00", DateTimeError::Range(2)),
            ("2024-01-01T24:00:00", DateTimeError::Range(3)),
            ("2024-01-01T00:60:00", DateTimeError::Range(4)),
            ("2024-01-01T00:00:60", DateTimeError::Range(5)),
            ("2024-01-01T00:00:xx", DateTimeError::Field(5)),
            ("2024-01-01TT00:00:00", DateTimeError::Field(3)),
            ("2024-01-01T00:0000000", DateTimeError::Field(5)),
            ("xxxx-01-01T00:00:00", DateTimeError::Field(0)),
        ];
        for (text, error) in rows {
            assert_eq!(read(text, false), Err(error), "{text}");
        }
    }
}
