//! The client that a file is about, with the settings that a case states.

use super::fields::{Fields, number_after, stated};
use super::image::{image, sound_len};
use crate::conform::difference::{Difference, same};
use client_model::{ClientConfig, Era, Image, LenRule, Mode, StrategyKind, Transport};
use serde_json::Value;
use smp_wire::os::ParamsResponse;

/// Window of a client whose chunks do not depend on it.
const ANY_WINDOW: u8 = 3;
/// Octets of the image that goes into a slot which is uploaded as a whole.
const IN_SLOT: u32 = 4096;
/// Octets of the IPv4 and UDP headers (RFC 791, RFC 768).
const IP_UDP: u16 = 28;
/// Octets of the ATT header.
const ATT: u16 = 3;
/// The longest value of an attribute (Core Specification Vol 3 Part F 3.2.9).
const ATTRIBUTE_MAX: u16 = 512;
/// As much as a length of 16 bits allows.
const UNLIMITED: u16 = u16::MAX;

/// A client, its link, and what the server tells it.
#[derive(Clone, Debug)]
pub(super) struct Setup {
    pub(super) config: ClientConfig,
    pub(super) transport: Transport,
    /// As [`client_model::Limits::att_mtu`].
    pub(super) att_mtu: u16,
    /// The server's answer to a request for parameters; `None`: it has no such command.
    pub(super) params: Option<ParamsResponse>,
    /// What the upload announces as its length at most.
    pub(super) announced: u32,
}

/// The client that a file names.
pub(super) fn client(file: &Value) -> Result<StrategyKind, Difference> {
    use StrategyKind as Kind;
    let name = file["client"].as_str().unwrap_or_default().to_lowercase();
    let known = [
        ("android", Kind::Android),
        ("mcumgr-toolkit", Kind::McumgrToolkit),
        ("mcumgr-client", Kind::McumgrClient),
        ("smpmgr", Kind::Smpmgr),
        ("smpclient", Kind::Smpclient),
        ("img_mgmt_client", Kind::ZephyrImgMgmtClient),
        ("newtmgr", Kind::GoMcumgr),
        ("mcumgr cli", Kind::GoMcumgr),
        ("dfu sample", Kind::NcsCentralSample),
        ("ios", Kind::Ios),
    ];
    let found = known.into_iter().find(|(part, _)| name.contains(part));
    found.map(|(_, kind)| kind).ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|(part, _)| *part).collect();
        let expected = format!("the name of a modelled client: {}", names.join(", "));
        Difference::new("client", expected, stated(file.get("client")))
    })
}

impl Setup {
    /// The client of a case of request sequences.
    pub(super) fn of_case(
        kind: StrategyKind,
        file: &Value,
        case: &Value,
    ) -> Result<Self, Difference> {
        let inputs = Fields::of(case, "inputs")?;
        let mut setup = Self::on(kind, &inputs, case)?;
        let config = &mut setup.config;
        if file["map"].as_str().is_some_and(|map| map.starts_with("indefinite")) {
            config.era = Era::Legacy;
        }
        if let Some(number) = inputs.number_or("image")? {
            config.image.number = number;
        }
        if let Some(window) = inputs.number_or_many("window", ANY_WINDOW)? {
            config.window = window;
        }
        for key in ["memory_alignment", "byte_alignment", "alignment"] {
            if let Some(alignment) = inputs.number_or(key)? {
                config.memory_alignment = alignment;
            }
        }
        if let Some(given) = inputs.truth_or("hash_given")? {
            config.sends_sha = given;
        }
        if let Some(size) = inputs.number_or("netbuf_size")? {
            config.mtu_option = size;
        }
        // How many requests that client would like to have outstanding; its links allow one.
        inputs.number_or::<u8>("window_max")?;
        inputs.all_read()?;
        Ok(setup)
    }

    /// The link and the server's buffers.
    fn on(kind: StrategyKind, inputs: &Fields<'_>, case: &Value) -> Result<Self, Difference> {
        let transport = inputs.text("transport")?;
        let (image, len_rule, announced) = uploaded(inputs)?;
        let mut setup = Self::with(kind, image, announced);
        setup.config.len_rule = len_rule;
        if let Some(chunk) = inputs.number_or("upload_chunk")? {
            setup.config.chunk = chunk;
        }
        setup.params = params(inputs)?;
        setup.config.auto_frame = inputs.truth_or("auto_frame_size")?.unwrap_or_default();
        if let Some(size) = inputs.number_or("mtu_option")? {
            setup.config.mtu_option = size;
        }
        let mtu_out = inputs.number_or("mtu_out")?;
        match transport.split([' ', '-']).next() {
            Some("ble") => setup.ble(transport, inputs.number_or("att_mtu")?, mtu_out)?,
            Some("udp" | "udp4") => setup.udp(inputs.number_or("link_mtu")?)?,
            Some("serial") => setup.serial(inputs.number_or("line_len")?, mtu_out)?,
            Some("any") => setup.udp(None)?,
            _ => {
                let known = "ble, udp, serial-console or any";
                return Err(Difference::new(
                    "inputs.transport",
                    known,
                    &case["inputs"]["transport"],
                ));
            }
        }
        if let Some(stated) = inputs.number_or::<u32>("max_packet")? {
            let write = u32::from(setup.att_mtu - ATT);
            let known = setup.params.map_or(write, |params| params.buf_size);
            same("inputs.max_packet, from buf_size or att_mtu", stated, known)?;
        }
        Ok(setup)
    }

    /// A client that only uploads, with its own settings, on a link without limits.
    pub(super) fn with(kind: StrategyKind, image: Image, announced: u32) -> Self {
        let mut config = ClientConfig::new(kind, image);
        config.mode = Mode::UploadOnly;
        let (transport, att_mtu) = (Transport::Ble, UNLIMITED);
        Self { config, transport, att_mtu, params: None, announced }
    }

    fn ble(
        &mut self,
        text: &str,
        att_mtu: Option<u16>,
        out: Option<u16>,
    ) -> Result<(), Difference> {
        let stated = number_after(text, "att").and_then(|mtu| u16::try_from(mtu).ok());
        // The sample takes whatever its case does not tell to be large enough.
        let sample = (self.config.strategy == StrategyKind::NcsCentralSample).then_some(UNLIMITED);
        let att_mtu = att_mtu.or(stated).or(sample);
        self.transport = Transport::Ble;
        self.att_mtu = att_mtu.filter(|&mtu| mtu > ATT).ok_or_else(|| {
            let got = att_mtu.map_or_else(|| "none".to_owned(), |mtu| mtu.to_string());
            Difference::new("inputs.att_mtu", "an ATT MTU of 4 or more", got)
        })?;
        let value = (self.att_mtu - ATT).min(ATTRIBUTE_MAX);
        same("inputs.mtu_out, from the ATT MTU", out.unwrap_or(value), value)
    }

    /// Without a stated link MTU the datagrams go over a loopback, which takes any.
    pub(super) fn udp(&mut self, link_mtu: Option<u16>) -> Result<(), Difference> {
        self.transport = Transport::Udp;
        let Some(mtu) = link_mtu else { return Ok(()) };
        let payload = mtu.checked_sub(IP_UDP).filter(|&payload| payload > 0);
        let least = "more than the 28 octets of the IP and UDP headers";
        let payload = payload.ok_or_else(|| Difference::new("inputs.link_mtu", least, mtu))?;
        self.att_mtu = payload.saturating_add(ATT);
        self.config.mtu_option = mtu;
        Ok(())
    }

    /// The Go program derives its longest frame from its `mtu`: `mtu * 3 / 4 - 13`. All but
    /// mcumgr-toolkit call their line one octet longer than they fill it.
    fn serial(&mut self, line: Option<u16>, out: Option<u16>) -> Result<(), Difference> {
        self.transport = Transport::Serial;
        if let Some(out) = out {
            let mtu = ((u32::from(out) + 13) * 4).div_ceil(3);
            self.config.mtu_option = u16::try_from(mtu)
                .map_err(|_| Difference::new("inputs.mtu_out", "less than 49139", out))?;
        }
        let unused = u16::from(self.config.strategy != StrategyKind::McumgrToolkit);
        self.config.serial_line = line.map_or(0, |line| line.saturating_sub(unused));
        Ok(())
    }
}

/// What is uploaded, and how long it is said to be.
fn uploaded(inputs: &Fields<'_>) -> Result<(Image, LenRule, u32), Difference> {
    let Some(len) = inputs.number_or::<u32>("slot_len")? else {
        let len = sound_len(inputs.number("image_len")?, "inputs.image_len")?;
        return Ok((image(len)?, LenRule::Image, len));
    };
    let len = sound_len(len, "inputs.slot_len")?;
    let image = image(len.min(IN_SLOT))?;
    Ok((image, LenRule::Slot { len }, len))
}

/// What the server says of its buffers.
fn params(inputs: &Fields<'_>) -> Result<Option<ParamsResponse>, Difference> {
    let supported = inputs.truth_or("params_supported")?;
    let size = match inputs.number_or("buf_size")? {
        None => inputs.number_or("reassembly_buf")?,
        size => size,
    };
    let buf_count = inputs.number_or("buf_count")?.unwrap_or(4);
    if supported == Some(true) && size.is_none() {
        return Err(Difference::new(
            "inputs.buf_size",
            "a size where params are supported",
            "none",
        ));
    }
    let size = size.filter(|_| supported != Some(false));
    Ok(size.map(|buf_size| ParamsResponse { buf_size, buf_count }))
}
