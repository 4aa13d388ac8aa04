//! The two forms in which a response body reports an error.

use crate::cbor::{CborError, Major, MapForm, Reader, Writer};

/// An error as a body reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorBody {
    /// `{"rc": n}`: SMP v1, and in v2 what fails before the command's handler runs.
    Rc(i32),
    /// `{"err": {"group": g, "rc": n}}`: a handler's error in SMP v2.
    Group {
        /// Group that the code belongs to.
        group: u16,
        /// Code within the group.
        rc: u16,
    },
}

impl ErrorBody {
    /// Appends the body that holds this error and nothing else.
    pub fn emit(&self, out: &mut Vec<u8>, form: MapForm) {
        let mut writer = Writer::new(out, form);
        writer.map(1);
        match *self {
            Self::Rc(rc) => {
                writer.text("rc");
                writer.int(rc.into());
            }
            Self::Group { group, rc } => {
                writer.text("err");
                writer.map(2);
                writer.text("group");
                writer.uint(group.into());
                writer.text("rc");
                writer.uint(rc.into());
                writer.end_map();
            }
        }
        writer.end_map();
    }
}

/// The error that a response body reports, if any: the first `rc` that is not 0, or the first
/// `err` map whose `rc` is not 0; the key was `ret` in the development servers between Zephyr 3.3
/// and 3.5. A shell answer's `ret`, a plain number, is no error of the protocol.
///
/// `None` for success **and for a body that is not well-formed**, which the body's own `decode`
/// refuses. Numbers too large for the fields saturate, so that an error stays an error.
#[must_use]
pub fn find_error(body: &[u8]) -> Option<ErrorBody> {
    scan(body).unwrap_or(None)
}

fn scan(body: &[u8]) -> Result<Option<ErrorBody>, CborError> {
    let mut reader = Reader::new(body);
    let mut map = reader.map()?;
    let mut found = None;
    while map.next(&mut reader)? {
        let key = reader.key()?;
        let error = match (key, reader.peek()?) {
            (b"rc", Major::Unsigned | Major::Negative) => plain(&mut reader)?,
            (b"err" | b"ret", Major::Map) => grouped(&mut reader)?,
            _ => {
                reader.skip()?;
                None
            }
        };
        found = found.or(error);
    }
    Ok(found)
}

fn plain(reader: &mut Reader<'_>) -> Result<Option<ErrorBody>, CborError> {
    let rc = saturating(reader)?.clamp(i32::MIN.into(), i32::MAX.into());
    Ok((rc != 0).then_some(ErrorBody::Rc(rc as i32)))
}

fn grouped(reader: &mut Reader<'_>) -> Result<Option<ErrorBody>, CborError> {
    let mut map = reader.map()?;
    let (mut group, mut rc) = (0, 0);
    while map.next(reader)? {
        let field = match (reader.key()?, reader.peek()?) {
            (b"group", Major::Unsigned) => &mut group,
            (b"rc", Major::Unsigned) => &mut rc,
            _ => {
                reader.skip()?;
                continue;
            }
        };
        *field = reader.u64()?.min(u16::MAX.into()) as u16;
    }
    Ok((rc != 0).then_some(ErrorBody::Group { group, rc }))
}

fn saturating(reader: &mut Reader<'_>) -> Result<i64, CborError> {
    let negative = reader.peek()? == Major::Negative;
    match reader.i64() {
        Err(CborError::OutOfRange) => Ok(if negative { i64::MIN } else { i64::MAX }),
        other => other,
    }
}
