//! The page `/metrics`, in the format the scraper asks for.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::PrometheusExporterConfig;
use super::intake::Intake;
use crate::network::compression::{Compression, compress};
use crate::network::http_server::{HttpHandler, HttpRequest, HttpResponse, plain_text};
use crate::pipeline::{BoxFuture, Clock};
use crate::prometheus::{open_metrics, text, with_underscores};

/// Answers scrapes.
pub(super) struct MetricsPage {
    intake: Arc<Intake>,
    clock: Clock,
    send_timestamps: bool,
    enable_open_metrics: bool,
}

/// What a scraper takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Asked {
    format: Format,
    /// Whether names may have any letters.
    takes_utf8: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Text,
    OpenMetrics(&'static str),
}

impl MetricsPage {
    pub fn new(config: &PrometheusExporterConfig, intake: Arc<Intake>, clock: Clock) -> Self {
        Self {
            intake,
            clock,
            send_timestamps: config.send_timestamps,
            enable_open_metrics: config.enable_open_metrics,
        }
    }

    async fn answer(&self, request: HttpRequest) -> HttpResponse {
        let HttpRequest { head, body, .. } = request;
        body.discard(&head.headers).await;
        if head.uri.path() != "/metrics" {
            return plain_text(StatusCode::NOT_FOUND, "404 page not found\n");
        }
        let asked = Asked::of(&head.headers, self.enable_open_metrics);
        let takes_gzip = takes_gzip(&head.headers);
        let (intake, now) = (Arc::clone(&self.intake), self.clock.now_unix_nano());
        let send_timestamps = self.send_timestamps;
        // A page may have many thousand series; the workers go on serving while it is written.
        let writing = tokio::task::spawn_blocking(move || {
            intake.forget_expired(now);
            let page = Bytes::from(page(&intake, asked, send_timestamps));
            if takes_gzip { compress(Compression::Gzip, 0, &[page]) } else { Ok(page) }
        });
        match writing.await {
            Ok(Ok(body)) => response(body, asked, takes_gzip),
            Ok(Err(error)) => plain_text(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
            Err(error) => plain_text(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
        }
    }
}

impl HttpHandler for MetricsPage {
    fn handle(&self, request: HttpRequest) -> BoxFuture<'_, HttpResponse> {
        Box::pin(self.answer(request))
    }
}

fn page(intake: &Intake, asked: Asked, send_timestamps: bool) -> String {
    let mut families = intake.shown(send_timestamps);
    if intake.keeps_utf8() && !asked.takes_utf8 {
        families = with_underscores(families);
    }
    match asked.format {
        Format::Text => text::exposition(&families),
        Format::OpenMetrics(_) => open_metrics::exposition(&families),
    }
}

fn response(body: Bytes, asked: Asked, is_gzip: bool) -> HttpResponse {
    let mut response = plain_text(StatusCode::OK, body);
    if let Ok(content_type) = HeaderValue::from_str(&asked.content_type()) {
        response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    }
    if is_gzip {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

impl Asked {
    /// The first format we have, in the order of preference; the text format where there is none.
    fn of(headers: &HeaderMap, enable_open_metrics: bool) -> Self {
        let accept = headers.get_all(header::ACCEPT).into_iter().filter_map(|value| value.to_str().ok());
        let mut ranges: Vec<MediaRange<'_>> =
            accept.flat_map(|value| value.split(',')).map(MediaRange::parse).collect();
        ranges.sort_by(|left, right| right.quality.total_cmp(&left.quality));
        for range in ranges {
            let format = match (range.media_type, range.version) {
                ("application/openmetrics-text", "" | "1.0.0") if enable_open_metrics => {
                    Format::OpenMetrics("1.0.0")
                }
                ("application/openmetrics-text", "0.0.1") if enable_open_metrics => {
                    Format::OpenMetrics("0.0.1")
                }
                ("text/plain", "" | "0.0.4") => Format::Text,
                _ => continue,
            };
            return Self { format, takes_utf8: range.takes_utf8 };
        }
        Self { format: Format::Text, takes_utf8: false }
    }

    fn content_type(self) -> String {
        let (media_type, version) = match self.format {
            Format::Text => ("text/plain", "0.0.4"),
            Format::OpenMetrics(version) => ("application/openmetrics-text", version),
        };
        let escaping = if self.takes_utf8 { "allow-utf-8" } else { "underscores" };
        format!("{media_type}; version={version}; charset=utf-8; escaping={escaping}")
    }
}

/// One element of an `Accept` field.
struct MediaRange<'a> {
    media_type: &'a str,
    version: &'a str,
    takes_utf8: bool,
    quality: f64,
}

impl<'a> MediaRange<'a> {
    fn parse(element: &'a str) -> Self {
        let mut parts = element.split(';').map(str::trim);
        let media_type = parts.next().unwrap_or_default();
        let mut range = Self { media_type, version: "", takes_utf8: false, quality: 1.0 };
        for (name, value) in parts.filter_map(|parameter| parameter.split_once('=')) {
            match name.trim() {
                "version" => range.version = value.trim(),
                "escaping" => range.takes_utf8 = value.trim() == "allow-utf-8",
                "q" => range.quality = value.trim().parse().unwrap_or(0.0),
                _ => {}
            }
        }
        range
    }
}

/// Whether the `Accept-Encoding` names gzip without refusing it.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|element| {
        let MediaRange { media_type, quality, .. } = MediaRange::parse(element);
        media_type == "gzip" && quality > 0.0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(accept: &str, enable_open_metrics: bool) -> String {
        let headers = HeaderMap::from_iter([(header::ACCEPT, accept.parse().unwrap())]);
        Asked::of(&headers, enable_open_metrics).content_type()
    }

    #[test]
    fn the_scraper_gets_the_format_it_likes_best() {
        let of_prometheus = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
                             application/openmetrics-text;version=0.0.1;q=0.4,\
                             text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,\
                             text/plain;version=0.0.4;q=0.2,*/*;q=0.1";
        let text = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores";
        assert_eq!(
            asked(of_prometheus, true),
            "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8"
        );
        assert_eq!(asked(of_prometheus, false), text);
        assert_eq!(asked("*/*", true), text);
        assert_eq!(
            asked("text/plain;q=0.1, application/openmetrics-text; version=0.0.1", true),
            "application/openmetrics-text; version=0.0.1; charset=utf-8; escaping=underscores"
        );
    }

    #[test]
    fn gzip_is_used_where_it_is_taken() {
        let taken = |value: &str| {
            takes_gzip(&HeaderMap::from_iter([(header::ACCEPT_ENCODING, value.parse().unwrap())]))
        };
        assert!(taken("deflate, gzip"));
        assert!(taken("gzip;q=0.5"));
        assert!(!taken("gzip;q=0, zstd"));
    }
}
