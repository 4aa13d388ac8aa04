//! The OS group: echo, buffer parameters, reset.

use super::{Context, Outcome};
use crate::ServerConfig;
use sim_core::{Span, Time};
use smp_wire::cbor::{MapForm, empty_map};
use smp_wire::errors::Rc;
use smp_wire::os::{EchoRequest, EchoResponse, ParamsResponse};

/// State of the OS group.
#[derive(Clone, Debug, Default)]
pub(crate) struct Os {
    /// When the device resets.
    pub(crate) reset_at: Option<Time>,
}

/// Sends the text back. Whatever is wrong with the request, it is `EUNKNOWN` (Zephyr 3.2
/// `os_mgmt.c`, `os_mgmt_echo`).
pub(crate) fn echo(body: &[u8], out: &mut Vec<u8>) -> Outcome {
    let request = EchoRequest::decode(body).map_err(|_| Rc::Unknown)?;
    EchoResponse { r: request.d }.emit(out, MapForm::Indefinite);
    Ok(())
}

/// Tells the size and the number of the buffers; the payload of the request is not looked at.
pub(crate) fn params(config: &ServerConfig, out: &mut Vec<u8>) {
    let ServerConfig { buf_size, buf_count, .. } = *config;
    ParamsResponse { buf_size, buf_count }.emit(out, MapForm::Indefinite);
}

impl Os {
    /// Answers now and resets later, whatever the payload says: requests that arrive meanwhile are
    /// served (Zephyr `os_mgmt.c`, `os_mgmt_reset`).
    pub(crate) fn reset(&mut self, cx: &Context<'_>, out: &mut Vec<u8>) {
        let at = cx.now + Span::from_ms(cx.config.reset_ms.into());
        if cx.quirks.reset_restarts_delay || self.reset_at.is_none() {
            self.reset_at = Some(at);
        }
        empty_map(out, MapForm::Indefinite);
    }
}
