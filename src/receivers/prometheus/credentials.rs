//! What a request to a target shows of who asks. Files are read at each scrape, as in Prometheus.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::config::ScrapeClientConfig;
use crate::config::Secret;

/// The header fields that are secret, or come from files.
#[derive(Debug, Default)]
pub(super) struct Credentials {
    authorization: Option<Authorization>,
    headers: Vec<(HeaderName, Source)>,
}

#[derive(Debug)]
enum Authorization {
    Basic { username: Source, password: Source },
    Scheme { scheme: String, credentials: Source },
}

/// A text, or the file it is in.
#[derive(Debug, Clone)]
enum Source {
    Text(Secret),
    File(String),
}

impl Credentials {
    /// The credentials of a job.
    pub(super) fn new(config: &ScrapeClientConfig) -> Self {
        let headers = config.http_headers.iter().flat_map(|(name, header)| {
            let name = HeaderName::try_from(name.as_str()).ok();
            let values = header.values.iter().map(|value| Source::Text(Secret::new(value.0.clone())));
            let secrets = header.secrets.iter().cloned().map(Source::Text);
            let files = header.files.iter().cloned().map(Source::File);
            values.chain(secrets).chain(files).filter_map(move |source| Some((name.clone()?, source)))
        });
        Self { authorization: Authorization::of(config), headers: headers.collect() }
    }

    /// Adds the header fields to those of a request.
    ///
    /// # Errors
    ///
    /// A sentence where a file cannot be read, or its text cannot be sent.
    pub(super) async fn add_to(&self, headers: &mut HeaderMap) -> Result<(), String> {
        if let Some(authorization) = &self.authorization {
            headers.insert(header::AUTHORIZATION, secret_value(&authorization.text().await?)?);
        }
        for (name, source) in &self.headers {
            headers.append(name.clone(), secret_value(&source.read().await?)?);
        }
        Ok(())
    }
}

impl Authorization {
    fn of(config: &ScrapeClientConfig) -> Option<Self> {
        if let Some(basic) = config.basic_auth.get() {
            let username = Secret::new(basic.username.0.clone());
            return Some(Self::Basic {
                username: Source::of(&username, &basic.username_file),
                password: Source::of(&basic.password, &basic.password_file),
            });
        }
        if let Some(written) = config.authorization.get() {
            let scheme = written.r#type.trim();
            let scheme = if scheme.is_empty() { "Bearer" } else { scheme }.to_owned();
            let credentials = Source::of(&written.credentials, &written.credentials_file);
            return Some(Self::Scheme { scheme, credentials });
        }
        let has_token = !config.bearer_token.reveal().is_empty() || !config.bearer_token_file.is_empty();
        has_token.then(|| Self::Scheme {
            scheme: "Bearer".to_owned(),
            credentials: Source::of(&config.bearer_token, &config.bearer_token_file),
        })
    }

    async fn text(&self) -> Result<String, String> {
        match self {
            Self::Basic { username, password } => {
                let pair = format!("{}:{}", username.read().await?, password.read().await?);
                Ok(format!("Basic {}", BASE64_STANDARD.encode(pair)))
            }
            Self::Scheme { scheme, credentials } => Ok(format!("{scheme} {}", credentials.read().await?)),
        }
    }
}

impl Source {
    fn of(text: &Secret, file: &str) -> Self {
        if file.is_empty() { Self::Text(text.clone()) } else { Self::File(file.to_owned()) }
    }

    async fn read(&self) -> Result<String, String> {
        match self {
            Self::Text(text) => Ok(text.reveal().to_owned()),
            Self::File(path) => match tokio::fs::read_to_string(path).await {
                Ok(text) => Ok(text.trim().to_owned()),
                Err(error) => Err(format!("unable to read file {path}: {error}")),
            },
        }
    }
}

fn secret_value(text: &str) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::from_str(text).map_err(|_| "the credentials hold letters no header can")?;
    value.set_sensitive(true);
    Ok(value)
}
