//! Image upload: the request that carries a chunk, and the offset that answers it.

use crate::cbor::{CborError, Dialect, MapForm, Reader, Writer, once};

/// Upper bound of all that is not `data` or `sha`: two map octets, the six keys with their heads
/// and three integers, both string heads and the boolean.
const OVERHEAD_MAX: usize = 2 + 25 + 6 + 3 * 5 + 2 * 5 + 1;

/// One chunk of an image. Every key is optional on the wire; what a missing one means is for the
/// server to decide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UploadRequest<'a> {
    /// Image number.
    pub image: Option<u32>,
    /// Octets of the whole image; with the first chunk.
    pub len: Option<u32>,
    /// Where in the image `data` begins.
    pub off: Option<u32>,
    /// SHA-256 of the whole file, or a beginning of it; names the upload when it is resumed.
    pub sha: Option<&'a [u8]>,
    /// The chunk.
    pub data: Option<&'a [u8]>,
    /// True: only a newer version may be uploaded.
    pub upgrade: Option<bool>,
}

/// A key of [`UploadRequest`], to say in which order a client writes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UploadKey {
    /// `image`
    Image,
    /// `data`
    Data,
    /// `len`
    Len,
    /// `off`
    Off,
    /// `sha`
    Sha,
    /// `upgrade`
    Upgrade,
}

impl<'a> UploadRequest<'a> {
    /// As the server reads it; `sha` and `data` point into `body`.
    ///
    /// # Errors
    /// Whatever the server's reading refuses, an empty body among it. `sha` may have any length.
    pub fn decode(body: &'a [u8], dialect: Dialect) -> Result<Self, CborError> {
        let mut reader = Reader::with_dialect(body, dialect);
        let mut map = reader.map()?;
        let mut request = Self::default();
        while let Some(key) = map.key(&mut reader)? {
            match key {
                b"off" => once(&mut request.off, reader.size()?)?,
                b"data" => once(&mut request.data, reader.bytes()?)?,
                b"len" => once(&mut request.len, reader.size()?)?,
                b"sha" => once(&mut request.sha, reader.bytes()?)?,
                b"image" => once(&mut request.image, reader.u32()?)?,
                b"upgrade" => once(&mut request.upgrade, reader.bool()?)?,
                _ => map.skip_value(&mut reader)?,
            }
        }
        Ok(request)
    }

    /// Appends the body with its keys in `order`; a key that is `None` or not in `order` is left
    /// out.
    pub fn emit(&self, out: &mut Vec<u8>, form: MapForm, order: &[UploadKey]) {
        let payload = self.data.map_or(0, <[u8]>::len) + self.sha.map_or(0, <[u8]>::len);
        out.reserve(OVERHEAD_MAX + payload);
        let mut writer = Writer::new(out, form);
        writer.map(order.iter().filter(|&&key| self.has(key)).count());
        for &key in order {
            self.emit_entry(&mut writer, key);
        }
        writer.end_map();
    }

    fn has(&self, key: UploadKey) -> bool {
        match key {
            UploadKey::Image => self.image.is_some(),
            UploadKey::Data => self.data.is_some(),
            UploadKey::Len => self.len.is_some(),
            UploadKey::Off => self.off.is_some(),
            UploadKey::Sha => self.sha.is_some(),
            UploadKey::Upgrade => self.upgrade.is_some(),
        }
    }

    fn emit_entry(&self, writer: &mut Writer<'_>, key: UploadKey) {
        match key {
            UploadKey::Image => uint_entry(writer, "image", self.image),
            UploadKey::Data => bytes_entry(writer, "data", self.data),
            UploadKey::Len => uint_entry(writer, "len", self.len),
            UploadKey::Off => uint_entry(writer, "off", self.off),
            UploadKey::Sha => bytes_entry(writer, "sha", self.sha),
            UploadKey::Upgrade => {
                if let Some(upgrade) = self.upgrade {
                    writer.text("upgrade");
                    writer.bool(upgrade);
                }
            }
        }
    }
}

/// The answer to a chunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UploadResponse {
    /// Result code; servers of Zephyr 3.2 and before put 0 first, later ones leave it out.
    pub rc: Option<i32>,
    /// Offset that the server expects next.
    pub off: Option<u32>,
    /// `match`: whether the whole image has the SHA-256 announced; with the last chunk only.
    pub matched: Option<bool>,
}

impl UploadResponse {
    /// As a tolerant client reads it. An `err` map is skipped: ask
    /// [`find_error`](crate::errors::find_error) first.
    ///
    /// # Errors
    /// [`CborError::OutOfRange`] beyond 32 bits, and whatever the reader refuses.
    pub fn decode(body: &[u8]) -> Result<Self, CborError> {
        let mut reader = Reader::new(body);
        let mut map = reader.map()?;
        let mut response = Self::default();
        while map.next(&mut reader)? {
            match reader.key()? {
                b"rc" => {
                    let rc = i32::try_from(reader.i64()?).map_err(|_| CborError::OutOfRange)?;
                    response.rc = Some(rc);
                }
                b"off" => response.off = Some(reader.any_u32()?),
                b"match" => response.matched = Some(reader.bool()?),
                _ => reader.skip()?,
            }
        }
        Ok(response)
    }

    /// Appends the body in Zephyr's key order, `rc` first.
    pub fn emit(&self, out: &mut Vec<u8>, form: MapForm) {
        let mut writer = Writer::new(out, form);
        let keys = [self.rc.is_some(), self.off.is_some(), self.matched.is_some()];
        writer.map(keys.into_iter().filter(|&present| present).count());
        if let Some(rc) = self.rc {
            writer.text("rc");
            writer.int(rc.into());
        }
        uint_entry(&mut writer, "off", self.off);
        if let Some(matched) = self.matched {
            writer.text("match");
            writer.bool(matched);
        }
        writer.end_map();
    }
}

#[inline]
fn uint_entry(writer: &mut Writer<'_>, key: &str, value: Option<u32>) {
    if let Some(value) = value {
        writer.text(key);
        writer.uint(value.into());
    }
}

#[inline]
fn bytes_entry(writer: &mut Writer<'_>, key: &str, value: Option<&[u8]>) {
    if let Some(value) = value {
        writer.text(key);
        writer.bytes(value);
    }
}
