//! The page: the files of `ui/`, which are part of the program. A debug build reads them anew each time, so that an edit
//! shows at the next reload.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::LazyLock;

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use rust_embed::RustEmbed;

use super::answer::ApiError;

#[derive(RustEmbed)]
#[folder = "ui/"]
struct Files;

/// A file as it is served.
#[derive(Clone)]
struct PageFile {
    content_type: &'static str,
    etag: String,
    content: Bytes,
    compressed: Bytes,
}

/// Every file of a release build, compressed once.
static PREPARED: LazyLock<BTreeMap<String, PageFile>> = LazyLock::new(|| {
    let names = Files::iter().filter(|_| !cfg!(debug_assertions));
    names.filter_map(|name| Some((name.to_string(), PageFile::read(&name)?))).collect()
});

/// The media types of the page's files.
const CONTENT_TYPES: [(&str, &str); 5] = [
    ("html", "text/html; charset=utf-8"),
    ("js", "text/javascript; charset=utf-8"),
    ("css", "text/css; charset=utf-8"),
    ("svg", "image/svg+xml"),
    ("json", "application/json"),
];

/// A file of the page, or the page itself for every address that it draws.
pub async fn page(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if method != Method::GET && method != Method::HEAD {
        let sentence = "Pages can only be read.".to_owned();
        return ApiError { status: StatusCode::METHOD_NOT_ALLOWED, sentence }.into_response();
    }
    let path = uri.path().trim_start_matches('/');
    let file = PageFile::find(path).or_else(|| PageFile::find("index.html"));
    let is_missing = extension(path).is_some() && PageFile::find(path).is_none();
    match file {
        Some(file) if !is_missing => file.respond(&headers),
        _ => ApiError::not_found(format!("There is no file {}.", uri.path())).into_response(),
    }
}

/// What a file's name ends with, where that is one of [`CONTENT_TYPES`]: the name of a service may have dots too.
fn extension(path: &str) -> Option<&'static str> {
    let (_, ending) = path.rsplit_once('.')?;
    CONTENT_TYPES.iter().find(|(known, _)| *known == ending).map(|(_, content_type)| *content_type)
}

impl PageFile {
    fn find(path: &str) -> Option<Cow<'static, Self>> {
        if cfg!(debug_assertions) {
            return Self::read(path).map(Cow::Owned);
        }
        PREPARED.get(path).map(Cow::Borrowed)
    }

    /// None also for files that are no part of the page, such as type declarations.
    fn read(path: &str) -> Option<Self> {
        let content_type = extension(path)?;
        let file = Files::get(path)?;
        let hash = file.metadata.sha256_hash();
        let etag: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        // A Vec takes everything.
        let _ = encoder.write_all(&file.data);
        let compressed = encoder.finish().unwrap_or_default();
        Some(Self {
            content_type,
            etag: format!("\"{etag}\""),
            content: Bytes::from(file.data.into_owned()),
            compressed: Bytes::from(compressed),
        })
    }

    fn respond(&self, headers: &HeaderMap) -> Response {
        let field = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let is_known = field(header::IF_NONE_MATCH).split(',').any(|etag| etag.trim() == self.etag);
        let accepts_gzip = field(header::ACCEPT_ENCODING).split(',').any(|coding| {
            let (name, quality) = coding.split_once(';').unwrap_or((coding, ""));
            name.trim() == "gzip" && quality.replace(' ', "") != "q=0"
        });
        let mut response = Response::new(Body::empty());
        let fields = response.headers_mut();
        fields.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        // Asked for each time, and answered with nothing where nothing changed.
        fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        fields.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        if let Ok(etag) = HeaderValue::from_str(&self.etag) {
            fields.insert(header::ETAG, etag);
        }
        if is_known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return response;
        }
        if accepts_gzip {
            fields.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        *response.body_mut() =
            Body::from(if accepts_gzip { self.compressed.clone() } else { self.content.clone() });
        response
    }
}
