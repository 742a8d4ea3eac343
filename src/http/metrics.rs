//! `GET /metrics`: metrics for the operator's monitoring, in the Prometheus text format.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use metrics::{describe_gauge, gauge};
use metrics_exporter_prometheus::PrometheusBuilder;

use crate::app::App;
use crate::directory::{Outcome, Report};
use crate::error_chain::causes;

/// `GET /metrics`. The directory metrics describe the last reading, whichever process made it.
pub(super) async fn metrics(State(app): State<Arc<App>>) -> Response {
    let report = match app.store.report().await {
        Ok(report) => report,
        Err(error) => {
            tracing::error!(causes = causes(&error), "Metrics are missing: {error}");
            None
        }
    };
    let recorder = PrometheusBuilder::new().build_recorder();
    if let Some(report) = report {
        metrics::with_local_recorder(&recorder, || directory(&report));
    }
    let kind = [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, recorder.handle().render()).into_response()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "user counts and Unix times stay far below 2^53, so f64 holds them exactly"
)]
fn directory(report: &Report) {
    let record = |name: &'static str, help: &'static str, value: f64| {
        describe_gauge!(name, help);
        gauge!(name).set(value);
    };
    let seconds = |at: DateTime<Utc>| at.timestamp() as f64;
    record(
        "panda_oidc_directory_read_timestamp_seconds",
        "When the last reading of the directory ended",
        seconds(report.at),
    );
    if let Some(at) = report.complete_at {
        record(
            "panda_oidc_directory_complete_timestamp_seconds",
            "When a reading was complete last",
            seconds(at),
        );
    }
    record(
        "panda_oidc_directory_failed",
        "Whether the last reading failed",
        f64::from(matches!(report.outcome, Outcome::Failed { .. })),
    );
    record(
        "panda_oidc_directory_braked",
        "Whether people are missing and the brake holds them",
        f64::from(report.blocked.is_some()),
    );
    let (listed, missing) = match report.outcome {
        Outcome::Complete { listed, absent, .. } => (listed, absent),
        Outcome::Blocked {
            listed, missing, ..
        } => (listed, missing),
        Outcome::Failed { .. } => return,
    };
    record(
        "panda_oidc_directory_listed",
        "How many people the last reading listed",
        listed as f64,
    );
    record(
        "panda_oidc_directory_missing",
        "How many it missed, who have not left",
        missing as f64,
    );
}
