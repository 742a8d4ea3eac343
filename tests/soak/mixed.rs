//! Mixed load: memory stays flat, nothing fails.

use std::path::Path;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::progress::Progress;
use crate::server::Server;
use crate::table::{self, marked};
use crate::visit::Site;

/// The longest time between two samples of the memory.
const SAMPLE_INTERVAL: Duration = Duration::from_secs(10);

/// The second half may grow by this, in MiB per hour: less than the page cache of one database
/// connection.
const MAX_SLOPE: f64 = 4.0;

/// Until the database is larger than this, in MiB, the page caches are still being filled, and the slope
/// says nothing.
const PAGE_CACHES: f64 = 32.0;

/// Visits that may be under way; on a machine that is too slow for the rate, fewer are begun.
const MAX_VISITS: usize = 32;

/// Runs the scenario. Returns whether nothing failed.
pub async fn run(binary: &Path, time: Duration, rate: f64) -> bool {
    let server = Server::start(binary, "").await;
    let site = Site::of(&server);
    let idle = server.memory();
    let mut progress = Progress::new("mixed", time.as_secs());
    let (mut visits, mut samples) = (JoinSet::new(), Vec::new());
    let mut turns = tokio::time::interval(Duration::from_secs_f64(1.0 / rate));
    let sample_interval = SAMPLE_INTERVAL.min(time / 10);
    let (started, mut number, mut database_at_half) = (Instant::now(), 0, 0.0);
    while started.elapsed() < time {
        turns.tick().await;
        while visits.try_join_next().is_some() {}
        if visits.len() >= MAX_VISITS {
            visits.join_next().await;
        }
        let site_of_visit = site.clone();
        visits.spawn(async move { site_of_visit.visit(number).await });
        number += 1;
        let elapsed = started.elapsed();
        let due = sample_interval * u32::try_from(samples.len() + 1).unwrap_or(u32::MAX);
        if elapsed >= due {
            samples.push((elapsed.as_secs_f64() / 3600.0, server.memory()));
            if elapsed * 2 <= time {
                database_at_half = server.database_size();
            }
        }
        let errors = site.counts().error_count();
        let message = format!(
            "{number} visits, {:.1} MiB, {errors} errors",
            server.memory()
        );
        progress.set(elapsed.as_secs(), message);
    }
    visits.join_all().await;
    drop(progress);
    let counts = site.counts();
    let slope = slope(&samples[samples.len() / 2..]);
    let at = |part: usize| format!("{:.1}", samples[(samples.len() - 1) * part / 4].1);
    let mut done: Vec<_> = counts
        .done
        .iter()
        .map(|(what, count)| vec![(*what).to_owned(), count.to_string()])
        .collect();
    done.extend([
        vec![
            "minutes".to_owned(),
            format!("{:.1}", time.as_secs_f64() / 60.0),
        ],
        vec!["errors".to_owned(), counts.error_count().to_string()],
        vec!["MiB, idle".to_owned(), format!("{idle:.1}")],
        vec![
            "MiB after a quarter, half, three quarters, at the end".to_owned(),
            [1, 2, 3, 4].map(at).join(", "),
        ],
        vec![
            "MiB, peak".to_owned(),
            format!("{:.1}", server.peak_memory()),
        ],
        vec![
            "MiB per hour, in the second half".to_owned(),
            marked(
                format!("{slope:.1}"),
                slope <= MAX_SLOPE || database_at_half < PAGE_CACHES,
            ),
        ],
        vec![
            "database, MiB".to_owned(),
            format!("{:.1}", server.database_size()),
        ],
    ]);
    table::print(&["mixed load", ""], &done);
    for (error, count) in &counts.errors {
        println!("{count} × {error}");
    }
    counts.error_count() == 0
}

/// The slope of the line of best fit.
fn slope(samples: &[(f64, f64)]) -> f64 {
    let count = samples.len() as f64;
    let mean = |values: fn(&(f64, f64)) -> f64| samples.iter().map(values).sum::<f64>() / count;
    let (x, y) = (mean(|sample| sample.0), mean(|sample| sample.1));
    let products = samples.iter().map(|sample| (sample.0 - x) * (sample.1 - y));
    let squares = samples.iter().map(|sample| (sample.0 - x).powi(2));
    let squares: f64 = squares.sum();
    if squares == 0.0 {
        return 0.0;
    }
    products.sum::<f64>() / squares
}
