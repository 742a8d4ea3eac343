//! Measures the rate limiter: the cost of counting one request.

#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot be set up must fail"
)]

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use panda_oidc::config::{LimitsSection, Rate};
use panda_oidc::limits::Limits;
use panda_oidc_sdk::{Clock, SystemClock};

criterion_group!(limits, count);
criterion_main!(limits);

fn limits_of(rate: Option<u32>) -> Limits {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let rate = Rate(rate.map(|rate| rate.try_into().unwrap()));
    let section = LimitsSection {
        launches_per_minute: rate,
        ..LimitsSection::default()
    };
    Limits::new(&section, &clock)
}

fn count(criterion: &mut Criterion) {
    let address = IpAddr::from(Ipv4Addr::new(192, 0, 2, 1));
    for (outcome, rate) in [("let through", 1_000_000), ("refused", 1)] {
        let limits = limits_of(Some(rate));
        criterion.bench_function(&format!("one address, {outcome}"), |bencher| {
            bencher.iter(|| limits.launches.check_address(black_box(address)).is_ok());
        });
    }
    let limits = limits_of(Some(600));
    let mut next = 0;
    criterion.bench_function("always another address, swept", |bencher| {
        bencher.iter(|| {
            next += 1;
            let address = Ipv4Addr::from_bits(0x0a00_0000 + next % 0x00ff_ffff);
            limits
                .launches
                .check_address(black_box(address.into()))
                .is_ok()
        });
    });
}
