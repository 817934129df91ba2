//! For whoever runs it: alive, ready, and figures.

use std::sync::OnceLock;

use hyper::StatusCode;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use serde_json::json;

use super::Site;
use super::http::{self, Response};
use super::schema;

/// The process's figures. There is one recorder a process, however many servers run in it.
pub fn metrics_handle() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE
        .get_or_init(|| {
            let recorder = PrometheusBuilder::new().build_recorder();
            let handle = recorder.handle();
            if metrics::set_global_recorder(recorder).is_err() {
                tracing::warn!("another metrics recorder is installed: /metrics stays empty");
            }
            handle
        })
        .clone()
}

/// The process answers.
#[utoipa::path(
    get,
    path = "/health",
    tag = "operation",
    summary = "Whether the process answers",
    description = "Anybody.",
    responses(
        (status = 200, description = "It does", body = schema::Health),
    ),
    security(()),
)]
pub fn health() -> Response {
    http::json(
        StatusCode::OK,
        json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")}).to_string(),
    )
}

/// Requests can be served: the database answers, its schema is new enough, and announcements arrive.
#[utoipa::path(
    get,
    path = "/ready",
    tag = "operation",
    summary = "Whether requests can be served",
    description = "Anybody.",
    responses(
        (status = 200, description = "They can", body = schema::Ready),
        (status = 503, description = "They can not", body = schema::Ready),
    ),
    security(()),
)]
pub async fn ready(site: &Site) -> Response {
    let is_listening = site.heard.borrow().is_listening;
    let (database, schema) = site.database.answers().await;
    let is_ready = is_listening && database && schema;
    http::json(
        if is_ready {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        },
        json!({"ready": is_ready, "database": database, "schema": schema, "listener": is_listening})
            .to_string(),
    )
}

/// Prometheus text.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "operation",
    summary = "Figures, as Prometheus reads them",
    description = "Anybody; a proxy should keep it to oneself.",
    responses(
        (status = 200, description = "Prometheus text", body = String, content_type = "text/plain"),
    ),
    security(()),
)]
pub fn metrics(site: &Site) -> Response {
    let (open, idle) = site.database.pool_sizes();
    metrics::gauge!("webchat_pool_connections").set(open as f64);
    metrics::gauge!("webchat_pool_connections_idle").set(idle as f64);
    site.metrics.run_upkeep();
    http::respond(
        StatusCode::OK,
        "text/plain; version=0.0.4",
        site.metrics.render(),
    )
}
