//! `smpsim chunk`.

use crate::output::{print, print_json};
use crate::{Refusal, Verdict};
use clap::{Args, ValueEnum};
use serde::Serialize;
use sim::chunk::{Carrier, Class, Keys, RefusedClient, Table, refused_clients, table};
use smp_wire::cbor::MapForm;
use std::fmt::Write as _;

/// What is computed with, and what comes of it.
#[derive(Serialize)]
struct Document {
    schema: &'static str,
    keys: KeysDocument,
    links: Vec<Link>,
}

#[derive(Serialize)]
struct KeysDocument {
    map: &'static str,
    len: Option<u32>,
    sha: u32,
    image: Option<u32>,
    upgrade: bool,
    in_every_chunk: bool,
}

#[derive(Serialize)]
struct Link {
    mtu: Option<u16>,
    buf_size: Option<u32>,
    reassembly: bool,
    serial: bool,
    #[serde(flatten)]
    table: Table,
    refused_clients: Vec<RefusedClient>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Map {
    /// `A2 ..`, as most clients write
    Definite,
    /// `BF .. FF`, as zcbor writes
    Indefinite,
}

#[derive(Args, Debug)]
#[expect(clippy::doc_markdown, reason = "these comments are the help text, which has no backticks")]
pub(crate) struct ChunkArguments {
    /// ATT MTU; a write holds three octets less
    #[arg(long, value_name = "M", value_parser = clap::value_parser!(u16).range(4..))]
    mtu: Option<u16>,
    /// Octets of the server's buffer, as its params command tells
    #[arg(long, value_name = "B", value_parser = clap::value_parser!(u32).range(1..=65_535))]
    buf_size: Option<u32>,
    /// The server puts writes together: CONFIG_MCUMGR_TRANSPORT_BT_REASSEMBLY
    #[arg(long, requires = "buf_size")]
    reassembly: bool,
    /// A serial console: length and CRC share the buffer with the frame
    #[arg(long, requires = "buf_size", conflicts_with_all = ["mtu", "reassembly"])]
    serial: bool,
    /// Octets of the image; without it, any image of 65,536 octets or more
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    len: Option<u32>,
    /// Octets of the key sha in the first chunk; 0 leaves it out
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(0..=64))]
    sha: u32,
    /// Send the key image, with this number
    #[arg(long, value_name = "N")]
    image: Option<u32>,
    /// Send the key upgrade
    #[arg(long)]
    upgrade: bool,
    /// Send image and upgrade with every chunk, not only with the first
    #[arg(long)]
    every_chunk: bool,
    /// How the map announces its end
    #[arg(long, value_enum, default_value_t = Map::Definite)]
    map: Map,
    /// Print one JSON document (schema smpsim.chunk/1)
    #[arg(long)]
    json: bool,
}

/// Without a link: ATT MTUs, and buffers, that are met in practice.
const MTUS: [u16; 6] = [23, 65, 185, 247, 498, 517];
const BUFFERS: [u32; 3] = [384, 1024, 2475];

/// Computes for one link, or lists several.
pub(crate) fn run(arguments: &ChunkArguments) -> Result<Verdict, Refusal> {
    let keys = keys(arguments);
    let one = carrier(arguments);
    let carriers = match one {
        Some(carrier) => vec![carrier],
        None => overview(),
    };
    if arguments.json {
        let links = carriers.into_iter().map(|carrier| link(&keys, carrier)).collect();
        print_json(&Document { schema: "smpsim.chunk/1", keys: document(&keys), links })?;
    } else {
        match one {
            Some(carrier) => print(&single(&keys, &link(&keys, carrier))),
            None => print(&several(&keys, &carriers)),
        }
    }
    Ok(Verdict::Yes)
}

fn keys(arguments: &ChunkArguments) -> Keys {
    Keys {
        form: match arguments.map {
            Map::Definite => MapForm::Definite,
            Map::Indefinite => MapForm::Indefinite,
        },
        len: arguments.len,
        sha: arguments.sha,
        image: arguments.image,
        upgrade: arguments.upgrade,
        in_every_chunk: arguments.every_chunk,
    }
}

fn carrier(arguments: &ChunkArguments) -> Option<Carrier> {
    let ChunkArguments { mtu, buf_size, reassembly, serial, .. } = *arguments;
    match (mtu, buf_size) {
        (Some(mtu), _) => Some(Carrier::Ble { mtu, buf_size, reassembly }),
        (None, Some(buf_size)) if serial => Some(Carrier::Serial { buf_size }),
        (None, Some(buf_size)) => Some(Carrier::Buffer { buf_size }),
        (None, None) => None,
    }
}

fn overview() -> Vec<Carrier> {
    let writes = MTUS.map(|mtu| Carrier::Ble { mtu, buf_size: None, reassembly: false });
    let buffers = BUFFERS.map(|buf_size| Carrier::Buffer { buf_size });
    writes.into_iter().chain(buffers).collect()
}

fn link(keys: &Keys, carrier: Carrier) -> Link {
    let (mtu, buf_size, reassembly, serial) = match carrier {
        Carrier::Ble { mtu, buf_size, reassembly } => (Some(mtu), buf_size, reassembly, false),
        Carrier::Buffer { buf_size } => (None, Some(buf_size), false, false),
        Carrier::Serial { buf_size } => (None, Some(buf_size), false, true),
    };
    let table = table(keys, carrier);
    let refused_clients = refused_clients(carrier, keys.len);
    Link { mtu, buf_size, reassembly, serial, table, refused_clients }
}

fn document(keys: &Keys) -> KeysDocument {
    let Keys { form, len, sha, image, upgrade, in_every_chunk } = *keys;
    let map = match form {
        MapForm::Definite => "definite",
        MapForm::Indefinite => "indefinite",
    };
    KeysDocument { map, len, sha, image, upgrade, in_every_chunk }
}

/// The keys in words.
fn described(keys: &Keys) -> String {
    let KeysDocument { map, len, sha, image, upgrade, in_every_chunk } = document(keys);
    let often = if in_every_chunk { " (every chunk)" } else { "" };
    let mut text = format!("{map} map; data, off; first chunk also len");
    let _ = match len {
        Some(len) => write!(text, " {len}"),
        None => write!(text, " (65536 or more)"),
    };
    if sha > 0 {
        let _ = write!(text, ", sha of {sha}");
    }
    if let Some(image) = image {
        let _ = write!(text, ", image {image}{often}");
    }
    if upgrade {
        let _ = write!(text, ", upgrade{often}");
    }
    text
}

fn number<T: ToString>(n: Option<T>) -> String {
    n.map_or_else(|| "-".to_owned(), |n| n.to_string())
}

fn name(class: &Class) -> String {
    match (class.off_first, class.off_last) {
        (0, _) => "first chunk".to_owned(),
        (from, u32::MAX) => format!("off from {from}"),
        (from, to) => format!("off {from} to {to}"),
    }
}

/// One link in full.
fn single(keys: &Keys, link: &Link) -> String {
    let Table { limit, classes, frames, smallest_mtu, formula, warnings } = &link.table;
    let mut text = format!("{}\nframes of up to {limit} octets\n\n", described(keys));
    let writes = if link.mtu.is_some() { "  writes" } else { "" };
    let _ = writeln!(text, "{:<18} {:>6} {:>7}{writes}", "", "data", "frame");
    for class in classes {
        let _ = write!(
            text,
            "{:<18} {:>6} {:>7}",
            name(class),
            number(class.data),
            number(class.frame)
        );
        if link.mtu.is_some() {
            let _ = write!(text, "  {:>6}", number(class.writes));
        }
        text.push('\n');
    }
    if let Some(frames) = frames {
        let _ = writeln!(text, "\nrequests for the image: {frames}");
    }
    if let Some(mtu) = smallest_mtu {
        let _ = writeln!(text, "\nsmallest ATT MTU without reassembly: {mtu}");
    }
    if let Some(formula) = formula {
        let _ = write!(
            text,
            "\nC     {}\nRust  {}\n      exact for {} from {} to {}\n",
            formula.c, formula.rust, formula.variable, formula.exact_from, formula.exact_to
        );
    }
    for warning in warnings {
        let _ = writeln!(text, "\nnote: {warning}");
    }
    if !link.refused_clients.is_empty() {
        text.push_str("\nclients that get no first chunk through here, with their own keys:\n");
        for RefusedClient { strategy, window, reason } in &link.refused_clients {
            let window = if *window > 1 { format!(", window {window}") } else { String::new() };
            let _ = writeln!(text, "  {strategy}{window}: {reason}");
        }
    }
    text
}

/// Data octets on several links, a row each.
fn several(keys: &Keys, carriers: &[Carrier]) -> String {
    let without_sha = Keys { sha: 0, ..*keys };
    let with_image = Keys { image: Some(keys.image.unwrap_or(0)), ..*keys };
    let smaller = Keys { len: Some(256), ..*keys };
    let firsts = [
        ("first", *keys),
        ("+ image", with_image),
        ("len < 65536", smaller),
        ("no sha", without_sha),
    ];
    let mut text = format!("{}\n\ndata octets that fit, by offset\n\n{:<17}", described(keys), "");
    for (title, _) in firsts {
        let _ = write!(text, " {title:>11}");
    }
    let _ = writeln!(text, " {:>9} {:>9} {:>9}", "off < 256", "< 65536", "larger");
    for &carrier in carriers {
        let title = match carrier {
            Carrier::Ble { mtu, .. } => format!("mtu {mtu} ({})", carrier.limit()),
            Carrier::Buffer { buf_size } | Carrier::Serial { buf_size } => {
                format!("buf_size {buf_size}")
            }
        };
        let _ = write!(text, "{title:<17}");
        for (_, keys) in firsts {
            let _ = write!(text, " {:>11}", number(keys.largest_data(carrier.limit(), 0)));
        }
        for off in [24, 256, 65_536] {
            let _ = write!(text, " {:>9}", number(keys.largest_data(carrier.limit(), off)));
        }
        text.push('\n');
    }
    text.push_str(
        "\nWithout reassembly a frame is one write of mtu - 3 octets; with it, as long as the server's buffer.\n\
         Servers refuse a first chunk of less than 32 octets. For one link with its formula, its warnings\n\
         and the clients that fail there: smpsim chunk --mtu M [--buf-size B --reassembly] [--len N]\n",
    );
    text
}
