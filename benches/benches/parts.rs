//! The parts that a run spends its time in.

use benches::HeapLoop;
use benches::swap::{IMAGE_LEN, boot, pending_device};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use link_model::{Link, LinkConfig, LinkIn};
use sha2::{Digest, Sha256};
use sim_core::{Agenda, Machine, NodeId, Rank, Seed, Span, Time};
use smp_wire::cbor::{Dialect, MapForm};
use smp_wire::header::{self, Header};
use smp_wire::image::{UploadKey, UploadRequest};
use std::hint::black_box;

fn agenda(c: &mut Criterion) {
    let mut group = c.benchmark_group("agenda");
    group.throughput(Throughput::Elements(1));
    let mut heap = HeapLoop::default();
    group.bench_function("bare heap, 16 pending", |b| b.iter(|| heap.turn(1)));
    let ranks = [Rank::Fault, Rank::Power, Rank::Flash, Rank::Link, Rank::Server, Rank::Client];
    let nodes: Vec<(Rank, u8)> = ranks.into_iter().map(|rank| (rank, 0)).collect();
    let mut agenda = Agenda::new(&nodes);
    for n in 0..nodes.len() as u8 {
        agenda.set(NodeId(n), Some(Time::from_ns(u64::from(n))));
    }
    group.bench_function("agenda, 6 nodes", |b| {
        b.iter(|| {
            if let Some((now, node)) = agenda.next() {
                agenda.set(node, Some(now + Span::from_us(150 + u64::from(node.0) * 977)));
            }
        });
    });
    group.finish();
}

fn frames(c: &mut Criterion) {
    let mut group = c.benchmark_group("frame");
    let data = vec![7; 469];
    let request = UploadRequest {
        off: Some(100_000),
        data: Some(&data),
        image: None,
        len: None,
        sha: None,
        upgrade: None,
    };
    let order = [UploadKey::Data, UploadKey::Off];
    let mut frame = Vec::new();
    let emit = |frame: &mut Vec<u8>| {
        frame.clear();
        smp_wire::begin(frame, Header::request(header::OP_WRITE, 1, 1, 9));
        request.emit(frame, MapForm::Definite, &order);
        header::put_len(frame);
    };
    emit(&mut frame);
    let encoded = frame.clone();
    group.throughput(Throughput::Bytes(encoded.len() as u64));
    group.bench_function("encode upload request", |b| b.iter(|| emit(black_box(&mut frame))));
    group.bench_function("decode upload request", |b| {
        b.iter(|| {
            let header = Header::parse(black_box(&encoded));
            let body = UploadRequest::decode(&encoded[header::HEADER_LEN..], Dialect::default());
            black_box((header, body)).1.is_ok()
        });
    });
    group.finish();
}

fn link(c: &mut Criterion) {
    let mut link = Link::new(LinkConfig::default(), Seed(1));
    link.handle(Time::ZERO, LinkIn::Advertise, ());
    link.handle(Time::ZERO, LinkIn::Connect { timeout: Span::from_s(30) }, ());
    let mut step = move || {
        if let Some(due) = link.deadline() {
            link.on_deadline(due, ());
            while link.poll().is_some() {}
        }
    };
    for _ in 0..100 {
        step();
    }
    c.bench_function("link, one deadline of an idle connection", |b| b.iter(&mut step));
}

fn flash(c: &mut Criterion) {
    let mut group = c.benchmark_group("flash");
    for (name, known) in [("swap-move of 376 KiB", true), ("the same, hashing", false)] {
        let device = pending_device(known);
        group.bench_function(name, |b| {
            b.iter_batched_ref(|| device.clone(), boot, BatchSize::LargeInput);
        });
    }
    let image = vec![5u8; IMAGE_LEN as usize];
    group.throughput(Throughput::Bytes(image.len() as u64));
    group.bench_function("SHA-256 of 376 KiB", |b| b.iter(|| Sha256::digest(black_box(&image))));
    group.finish();
}

criterion_group!(benches, agenda, frames, link, flash);
criterion_main!(benches);
