//! Bodies of the enumeration group: which groups a server has.

use crate::cbor::{CborError, Dialect, Items, Major, MapForm, Reader, Writer, once};

/// Asks for one group by its place in the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SingleRequest {
    /// From 0, which is also meant without it.
    pub index: Option<u32>,
}

impl SingleRequest {
    /// As the server reads it.
    ///
    /// # Errors
    /// Whatever the server's reading refuses, an empty body among it.
    pub fn decode(body: &[u8], dialect: Dialect) -> Result<Self, CborError> {
        let mut reader = Reader::with_dialect(body, dialect);
        let mut map = reader.map()?;
        let mut index = None;
        while let Some(key) = map.key(&mut reader)? {
            match key {
                b"index" => once(&mut index, reader.u32()?)?,
                _ => map.skip_value(&mut reader)?,
            }
        }
        Ok(Self { index })
    }

    /// Appends the body.
    pub fn emit(&self, out: &mut Vec<u8>, form: MapForm) {
        let mut writer = Writer::new(out, form);
        writer.map(usize::from(self.index.is_some()));
        if let Some(index) = self.index {
            writer.text("index");
            writer.uint(index.into());
        }
        writer.end_map();
    }
}

/// Asks for details of groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DetailsRequest {
    /// Elements that the list of groups has; without any all groups are meant.
    pub entries: usize,
    /// The elements, cut to 16 bits as the server does; `None` when one is no number of 32 bits.
    pub groups: Option<Vec<u16>>,
}

/// What becomes of a request for details that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DetailsError {
    /// The server refuses it.
    #[error(transparent)]
    Refused(#[from] CborError),
    /// The list ends before its elements do: the server counts them for ever (Zephyr 4.4
    /// `enum_mgmt.c`, `enum_mgmt_cb_count_entries`).
    #[error("the list announces more elements than the request holds")]
    Endless,
}

impl DetailsRequest {
    /// As the server reads it.
    ///
    /// # Errors
    /// [`DetailsError`].
    pub fn decode(body: &[u8], dialect: Dialect) -> Result<Self, DetailsError> {
        let mut reader = Reader::with_dialect(body, dialect);
        let mut map = reader.map()?;
        let mut request = None;
        while let Some(key) = map.key(&mut reader)? {
            if key != b"groups" {
                map.skip_value(&mut reader)?;
                continue;
            }
            if request.is_some() {
                return Err(CborError::DuplicateKey.into());
            }
            if reader.peek()? == Major::Array {
                request = Some(Self::list(&mut reader)?);
            } else {
                request = Some(Self::all());
                skip_from_value(&mut reader, map)?;
                break;
            }
        }
        Ok(request.unwrap_or_else(Self::all))
    }

    const fn all() -> Self {
        Self { entries: 0, groups: Some(Vec::new()) }
    }

    fn list(reader: &mut Reader<'_>) -> Result<Self, DetailsError> {
        let mut elements = reader.array()?;
        let mut request = Self::all();
        while elements.next(reader).map_err(|_| DetailsError::Endless)? {
            request.entries += 1;
            let mut skipped = reader.clone();
            elements.skip_value(&mut skipped).map_err(|_| DetailsError::Endless)?;
            match reader.u32() {
                Ok(group) => {
                    if let Some(groups) = &mut request.groups {
                        groups.push(group as u16);
                    }
                }
                Err(_) => request.groups = None,
            }
            *reader = skipped;
        }
        Ok(request)
    }

    /// Appends the body.
    pub fn emit(&self, out: &mut Vec<u8>, form: MapForm) {
        let mut writer = Writer::new(out, form);
        let groups = self.groups.as_deref().unwrap_or_default();
        writer.map(usize::from(!groups.is_empty()));
        if !groups.is_empty() {
            writer.text("groups");
            writer.array(groups.len());
            for &group in groups {
                writer.uint(group.into());
            }
            writer.end_array();
        }
        writer.end_map();
    }
}

/// Reads on where the value of `groups` is no list. The server's decoder takes that for success
/// without having consumed the value, which it then meets again as a key: text passes, and shifts
/// the roles of whatever follows it.
fn skip_from_value(reader: &mut Reader<'_>, mut map: Items) -> Result<(), CborError> {
    let mut left = map.left().map(|entries| 2 * entries + 1);
    let mut ended = move |reader: &mut Reader<'_>| match &mut left {
        None => reader.take_break(),
        Some(0) => Ok(true),
        Some(left) => {
            *left -= 1;
            Ok(false)
        }
    };
    while !ended(reader)? {
        if reader.key()? == b"groups" {
            return Err(CborError::DuplicateKey);
        }
        if ended(reader)? {
            break;
        }
        map.skip_value(reader)?;
    }
    Ok(())
}

/// Appends the body that tells how many groups there are.
pub fn emit_count(out: &mut Vec<u8>, form: MapForm, count: usize) {
    let mut writer = Writer::new(out, form);
    writer.map(1);
    writer.text("count");
    writer.uint(count as u64);
    writer.end_map();
}

/// Appends the body that lists the groups' numbers.
pub fn emit_list(out: &mut Vec<u8>, form: MapForm, groups: impl ExactSizeIterator<Item = u16>) {
    let mut writer = Writer::new(out, form);
    writer.map(1);
    writer.text("groups");
    writer.array(groups.len());
    for group in groups {
        writer.uint(group.into());
    }
    writer.end_array();
    writer.end_map();
}

/// Appends the body that tells one group's number; `end` says that none follows.
pub fn emit_single(out: &mut Vec<u8>, form: MapForm, group: u16, end: bool) {
    let mut writer = Writer::new(out, form);
    writer.map(1 + usize::from(end));
    writer.text("group");
    writer.uint(group.into());
    if end {
        writer.text("end");
        writer.bool(true);
    }
    writer.end_map();
}

/// What is told of one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupDetails {
    /// Its number.
    pub group: u16,
    /// Its name.
    pub name: Option<&'static str>,
    /// Size of its table of commands: one more than the highest number that is built in.
    pub handlers: Option<u32>,
}

/// Appends the body that tells details of groups.
pub fn emit_details(out: &mut Vec<u8>, form: MapForm, groups: &[GroupDetails]) {
    let mut writer = Writer::new(out, form);
    writer.map(1);
    writer.text("groups");
    writer.array(groups.len());
    for details in groups {
        writer
            .map(1 + usize::from(details.name.is_some()) + usize::from(details.handlers.is_some()));
        writer.text("group");
        writer.uint(details.group.into());
        if let Some(name) = details.name {
            writer.text("name");
            writer.text(name);
        }
        if let Some(handlers) = details.handlers {
            writer.text("handlers");
            writer.uint(handlers.into());
        }
        writer.end_map();
    }
    writer.end_array();
    writer.end_map();
}
