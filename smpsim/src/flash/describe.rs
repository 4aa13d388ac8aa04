//! What `smpsim flash inspect` prints for people.

use super::Document;
use super::words;
use sim::flash_dump::{
    FieldReport, FlashReport, ImageReport, PartitionReport, StatusRun, TlvReport, TrailerReport,
};
use std::fmt::Write;

/// Hex digits of a digest that are shown.
const SHORT: usize = 16;

/// Stretches of the swap status that are shown; a sound one has few.
const MOST_RUNS: usize = 12;

/// The whole report.
pub(super) fn describe(document: &Document) -> String {
    let mut text = String::new();
    let report = &document.report;
    head(&mut text, document);
    text.push_str("\npartitions\n");
    for partition in &report.partitions {
        describe_partition(&mut text, partition);
    }
    for image in &report.images {
        describe_image(&mut text, image);
    }
    if report.next_boot.run.ending.resumed {
        text.push_str("\nIn the middle of a swap each slot holds pages of both images.\n");
    }
    for trailer in &report.trailers {
        describe_trailer(&mut text, trailer);
    }
    decision(&mut text, report);
    next_boot(&mut text, report);
    text
}

fn head(text: &mut String, document: &Document) {
    let assumed = &document.report.assumed;
    let _ = writeln!(
        text,
        "{}: flash of {}, layout {}\nboot loader taken for: {}, {} sectors at most, write size {}, \
         images of at most {} octets",
        document.file,
        assumed.part,
        document.layout,
        assumed.mode,
        assumed.max_sectors,
        assumed.write_size,
        assumed.max_image_len,
    );
    let _ = match &document.key {
        Some(key) => writeln!(text, "  it accepts what {key} has signed"),
        None => writeln!(text, "  it does not look at signatures (--key makes it)"),
    };
    if document.report.outside > 0 {
        let outside = document.report.outside;
        let _ = writeln!(text, "  {outside} octets of the file lie outside the flash: left out");
    }
}

fn describe_partition(text: &mut String, partition: &PartitionReport) {
    let PartitionReport { name, start, len, given, used_pages, pages, sha256 } = partition;
    let end = u64::from(*start) + u64::from(*len);
    let used = match used_pages {
        0 => "blank".to_owned(),
        used => format!("{used} of {pages} pages used, SHA-256 {}", short(sha256)),
    };
    let missing = match len - given {
        0 => String::new(),
        missing if missing == *len => ", not in the file".to_owned(),
        missing => format!(", {missing} octets of it not in the file"),
    };
    let _ = writeln!(text, "  {name:<10} {start:#08x} to {end:#08x}  {used}{missing}");
}

fn describe_image(text: &mut String, image: &ImageReport) {
    let _ = writeln!(text, "\nimage in the {} slot, at {:#x}", image.slot, image.at);
    let Some(version) = &image.version else {
        let nothing = "none: the header is erased";
        let problem = image.problem.as_deref().filter(|_| !image.erased);
        let _ = writeln!(text, "  {}", problem.unwrap_or(nothing));
        return;
    };
    let flags = match &image.flag_names[..] {
        [] => "no flags".to_owned(),
        names => names.join(", "),
    };
    let body = image.img_size.unwrap_or(0);
    let _ = writeln!(text, "  version     {version}, {flags}");
    let _ = match image.image_len {
        Some(len) => writeln!(text, "  size        {len} octets, body {body}"),
        None => writeln!(text, "  size        body {body} octets"),
    };
    let tlvs: Vec<_> = image.tlvs.iter().map(describe_tlv).collect();
    if !tlvs.is_empty() {
        let _ = writeln!(text, "  TLVs        {}", tlvs.join("\n              "));
    }
    let hash = match &image.problem {
        None => "matches".to_owned(),
        Some(problem) => problem.clone(),
    };
    let _ = writeln!(text, "  hash        {hash}");
    if let Some(signature) = &image.signature {
        let verdict = signature.problem.as_deref().unwrap_or("valid for this key");
        let _ = writeln!(text, "  signature   {verdict}");
    }
    let _ = match &image.refusal {
        None => writeln!(text, "  verdict     the boot loader accepts it"),
        Some(refusal) => writeln!(text, "  verdict     the boot loader refuses it: {refusal}"),
    };
}

fn describe_tlv(tlv: &TlvReport) -> String {
    let name = tlv.name.map_or_else(|| format!("{:#06x}", tlv.kind), str::to_owned);
    let protected = if tlv.protected { ", protected" } else { "" };
    format!("{name} ({} octets{protected}) {}", tlv.len, short(&tlv.value))
}

fn describe_trailer(text: &mut String, trailer: &TrailerReport) {
    let TrailerReport { area, start, len, .. } = trailer;
    let _ = writeln!(text, "\ntrailer of the {area}, {len} octets from {start:#x}");
    for field in &trailer.fields {
        let FieldReport { name, at, octets } = field;
        let meaning = words::field(trailer, name);
        let _ = writeln!(text, "  {at:#08x}  {name:<10} {octets:<33} {meaning}");
    }
    match &trailer.status[..] {
        [] => {}
        [StatusRun { value: 0xff, count, at, .. }] => {
            let _ = writeln!(text, "  {at:#08x}  status     {count} entries, none written");
        }
        runs => {
            for run in runs.iter().take(MOST_RUNS) {
                let _ = writeln!(text, "  {:#08x}  status     {}", run.at, status_run(run));
            }
            if runs.len() > MOST_RUNS {
                let _ = writeln!(text, "  and {} stretches more", runs.len() - MOST_RUNS);
            }
        }
    }
}

fn status_run(run: &StatusRun) -> String {
    let StatusRun { first, count, value, .. } = *run;
    let which = match count {
        1 => format!("entry {first}"),
        _ => format!("entries {first} to {}", first + count - 1),
    };
    match value {
        0xff => format!("{which}: not written"),
        value => format!("{which}: {value:#04x}"),
    }
}

fn decision(text: &mut String, report: &FlashReport) {
    let decision = &report.decision;
    text.push_str("\ndecision\n");
    let has_table = !matches!(
        report.assumed.mode,
        "direct-xip" | "direct-xip-revert" | "ram-load" | "single-slot" | "firmware-loader"
    );
    let row = match decision.row {
        Some(row) => format!("\"{row}\""),
        None if has_table => "none of the table".to_owned(),
        None => "this mode has no table".to_owned(),
    };
    let _ = writeln!(text, "  swap type      {}", decision.swap.name());
    let _ = writeln!(text, "  row matched    {row}");
    let _ = writeln!(text, "  status source  {}", words::source(decision));
    let _ = writeln!(text, "  swap status    {}", words::progress(decision));
}

fn next_boot(text: &mut String, report: &FlashReport) {
    let next = &report.next_boot;
    text.push_str("\nthe next boot\n");
    for (n, phase) in next.run.phases.iter().enumerate() {
        let _ = writeln!(text, "  {}. {}", n + 1, words::phase(phase));
    }
    let _ = writeln!(
        text,
        "  in all {} erases, {} writes of {} octets, {:.1} s (hashing at 500 kB/s)",
        next.run.erases,
        next.run.writes,
        next.run.octets,
        next.run.time.as_secs_f64()
    );
    let _ = writeln!(text, "  result: {}", words::ending(&next.run.ending));
    for line in words::afterwards(next) {
        let _ = writeln!(text, "  {line}");
    }
    if !report.advice.is_empty() {
        text.push_str("\nnote\n");
    }
    for advice in &report.advice {
        let _ = writeln!(text, "  - {}", words::advice(advice, report.assumed.mode));
    }
}

fn short(hex: &str) -> String {
    match hex.get(..SHORT) {
        Some(start) if hex.len() > SHORT => format!("{start}..."),
        _ => hex.to_owned(),
    }
}
