//! Nordic's mcumgr library for Android, which the nRF Connect apps use.
//!
//! Source: NordicSemiconductor/Android-nRF-Connect-Device-Manager. Window 1, the library's default,
//! is a code path of its own (`ImageManager.upload`) with other chunk lengths and no retry; a larger
//! window is `Uploader`. That the library asks for the boot loader's name and mode before the list,
//! which servers can answer since nRF Connect SDK 2.5, is left to [`Era::Latest`], so that recorded
//! exchanges without it stay as they are.

mod single;
mod window;

pub use single::Android;
pub use window::AndroidWindow;

use crate::config::{Era, Image};
use crate::strategy::{AskParams, Habits, Timeouts};
use sim_core::Span;
use smp_wire::cbor::MapForm;
use smp_wire::image::{UploadKey, UploadRequest};

/// The request for parameters, hard-coded with SMP v1 and sequence number 255
/// (`McuMgrBleTransport`, `READ_MCU_MGR_PARAMS`).
const PARAMS: &[u8] = &[0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0xff, 0x06, 0xa0];

/// `McuManager.SHORT_TIMEOUT`.
const SHORT: Span = Span::from_ms(2_500);
/// `McuManager.MEDIUM_TIMEOUT`.
const MEDIUM: Span = Span::from_s(5);
/// `McuManager.DEFAULT_TIMEOUT`, for whatever may erase flash.
const DEFAULT: Span = Span::from_s(40);
/// The last chunk may take the server long (`Uploader.writeInternal`).
const LAST: Span = Span::from_s(20);
/// For everything before 1.5: too short for a first chunk that erases the slot.
const EARLY: Span = Span::from_s(1);
/// Answer to the request for parameters (`McuMgrBleTransport.initialize`).
const PARAMS_TIMEOUT: Span = Span::from_s(1);

/// Octets of the SMP header.
const HEADER: i64 = 8;
/// Octets of the SHA-256 with its key and head.
const SHA_ENTRY: i64 = 4 + 2 + 32;
/// Octets of the key `image`.
const IMAGE_KEY: i64 = 6;

/// The order in which `java.util.HashMap` yields the keys.
const ORDER: [UploadKey; 5] =
    [UploadKey::Image, UploadKey::Data, UploadKey::Len, UploadKey::Sha, UploadKey::Off];

/// What both windows share: how an age of the library writes.
#[derive(Clone, Copy, Debug)]
struct Pen {
    version: u8,
    form: MapForm,
    /// The boot loader's name and mode are asked for before the list.
    asks_boot_loader: bool,
    waits: Waits,
}

/// How long answers are waited for.
#[derive(Clone, Copy, Debug)]
struct Waits {
    short: Span,
    medium: Span,
    /// For whatever may erase flash.
    default: Span,
    /// For the last chunk of a window.
    last: Span,
}

impl Waits {
    const SINCE_1_5: Self = Self { short: SHORT, medium: MEDIUM, default: DEFAULT, last: LAST };
    const BEFORE: Self = Self { short: EARLY, medium: EARLY, default: EARLY, last: EARLY };

    fn chunk(self, off: u32) -> Span {
        if off == 0 { self.default } else { self.short }
    }
}

impl Pen {
    fn new(era: Era) -> Self {
        let (version, form) = match era {
            Era::Modern | Era::Latest => (1, MapForm::Definite),
            Era::Legacy | Era::Early => (0, MapForm::Indefinite),
        };
        let waits = if era == Era::Early { Waits::BEFORE } else { Waits::SINCE_1_5 };
        Self { version, form, asks_boot_loader: era == Era::Latest, waits }
    }

    /// `FirmwareUpgradeManager` and its tasks. The reset counts as done when the link is down,
    /// whatever was answered (`Reset`); with no mode set, it follows the upload (`Validate`).
    fn habits(self) -> Habits {
        Habits {
            version: self.version,
            map_form: self.form,
            params: AskParams::Frame(PARAMS),
            asks_boot_loader: self.asks_boot_loader,
            confirm_first: true,
            ignores_reset_answer: true,
            resets_after_upload_only: true,
            timeouts: Timeouts {
                params: Some(PARAMS_TIMEOUT),
                boot: Some(self.waits.short),
                list: Some(self.waits.medium),
                state: Some(self.waits.short),
                erase: Some(self.waits.default),
                reset: Some(self.waits.short),
            },
            ..Habits::default()
        }
    }

    /// Header, map, the keys `data` and `off`, and the offset.
    fn overhead(self, off: u32) -> i64 {
        let map = match self.form {
            MapForm::Definite => 1,
            MapForm::Indefinite => 2,
        };
        HEADER + map + 5 + 4 + head(off.into())
    }

    /// Appends the request. `len`, `sha` and, unless it is 0, `image` stand in the first only.
    fn write(self, image: &Image, off: u32, len: u32, body: &mut Vec<u8>) {
        let first = off == 0;
        UploadRequest {
            image: (first && image.number > 0).then_some(image.number),
            len: first.then(|| image.len()),
            off: Some(off),
            sha: first.then_some(&image.sha256),
            data: Some(image.chunk(off, len)),
            upgrade: None,
        }
        .emit(body, self.form, &ORDER);
    }
}

/// Octets of a number as the library counts them (`CBOR.uintLength`): 65,535 is taken for one that
/// needs five.
const fn head(n: i64) -> i64 {
    match n {
        ..24 => 1,
        24..0x100 => 2,
        0x100..0xffff => 3,
        _ => 5,
    }
}
