//! Whole simulated updates.

use benches::{prepared, world};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};

fn updates(c: &mut Criterion) {
    let mut group = c.benchmark_group("update");
    let upload_only = ["client.mode=upload-only", "expect.outcome=uploaded"];
    let cases = [
        ("reference upload", prepared("reference", &upload_only)),
        ("reference whole", prepared("reference", &[])),
        ("reference-lossy whole", prepared("reference-lossy", &[])),
        ("reference-reassembly whole", prepared("reference-reassembly", &[])),
    ];
    for (name, prepared) in &cases {
        group.bench_function(*name, |b| {
            b.iter_batched(|| world(prepared), |mut world| world.run(), BatchSize::LargeInput);
        });
    }
    group.bench_function("set-up of a world", |b| b.iter(|| world(&cases[1].1)));
    group.finish();
}

criterion_group!(benches, updates);
criterion_main!(benches);
