//! `google.rpc.Status`: how OTLP says in a response body, or in gRPC's `grpc-status-details-bin`, why a
//! request failed and when to try again.

use std::time::Duration;

use prost::Message;
use prost_types::Any;

pub use generated::{RetryInfo, Status};

mod generated {
    include!(concat!(env!("OUT_DIR"), "/google.rpc.rs"));
}

impl Status {
    /// A status without details; `code` is one of gRPC's.
    pub fn new(code: i32, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), details: Vec::new() }
    }

    /// The delay of the first `RetryInfo` among the details, if it is there and not negative.
    pub fn retry_delay(&self) -> Option<Duration> {
        retry_delay(self.details.iter().find(|detail| is_retry_info(&detail.type_url))?)
    }

    /// The same status with a `RetryInfo` among its details. Delays over 292 billion years are cut there.
    #[must_use]
    pub fn with_retry_delay(mut self, delay: Duration) -> Self {
        let retry_delay = prost_types::Duration::try_from(delay).ok();
        let value = RetryInfo { retry_delay }.encode_to_vec();
        self.details.push(Any { type_url: RETRY_INFO_TYPE.to_owned(), value });
        self
    }
}

/// What `Any` calls a `RetryInfo`.
pub(super) const RETRY_INFO_TYPE: &str = "type.googleapis.com/google.rpc.RetryInfo";

/// True when `type_url` names `RetryInfo`: whatever stands before the last slash does not matter.
pub(super) fn is_retry_info(type_url: &str) -> bool {
    type_url.rsplit('/').next() == Some("google.rpc.RetryInfo")
}

/// The delay of a `RetryInfo`, if it has one and it is not negative.
pub(super) fn retry_delay(retry_info: &Any) -> Option<Duration> {
    let delay = RetryInfo::decode(retry_info.value.as_slice()).ok()?.retry_delay?;
    // Not prost_types' own conversion, which overflows on the smallest number of seconds.
    Some(Duration::new(u64::try_from(delay.seconds).ok()?, u32::try_from(delay.nanos).ok()?))
}
