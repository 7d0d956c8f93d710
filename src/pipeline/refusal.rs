//! Why a batch was not taken, in classes the pipeline acts on, and the one place that turns a refusal
//! into an answer on the wire and an answer back into a refusal.

use std::time::Duration;

use prost::Message;
use tonic::Code;

use crate::otlp::Batch;
use crate::otlp::rpc_status::Status as RpcStatus;

/// A consumer's answer when it does not take a batch.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// What the sender may do.
    pub class: RefusalClass,
    /// What was wrong, for people.
    pub message: String,
    /// The gRPC status a server behind us answered, where that is where the refusal came from.
    pub code: Option<Code>,
}

/// What the sender of a refused batch may do.
#[derive(Debug, Clone)]
pub enum RefusalClass {
    /// The same batch will never be taken.
    Permanent,
    /// The batch may be taken later; not before `after` where the refuser said so.
    Retryable {
        /// How long to wait at least.
        after: Option<Duration>,
    },
    /// A part was delivered; only `remaining` may be sent again.
    Partial {
        /// What was not delivered.
        remaining: Box<Batch>,
    },
}

impl Refusal {
    /// The same batch will never be taken.
    pub fn permanent(message: impl Into<String>) -> Self {
        Self { class: RefusalClass::Permanent, message: message.into(), code: None }
    }

    /// The batch may be taken later.
    pub fn retryable(message: impl Into<String>) -> Self {
        Self { class: RefusalClass::Retryable { after: None }, message: message.into(), code: None }
    }

    /// The batch may be taken after `delay`.
    #[must_use]
    pub fn after(mut self, delay: Option<Duration>) -> Self {
        if let RefusalClass::Retryable { after } = &mut self.class {
            *after = delay;
        }
        self
    }

    /// The gRPC status this refusal came from.
    #[must_use]
    pub const fn with_code(mut self, code: Code) -> Self {
        self.code = Some(code);
        self
    }

    /// True where a later try makes no sense.
    pub const fn is_permanent(&self) -> bool {
        matches!(self.class, RefusalClass::Permanent)
    }

    /// The least delay before the next try, where the refuser named one.
    pub const fn delay(&self) -> Option<Duration> {
        match self.class {
            RefusalClass::Retryable { after } => after,
            _ => None,
        }
    }

    /// The gRPC status code for a client: the one received from behind, else UNAVAILABLE where a retry
    /// makes sense and INTERNAL where not.
    pub fn rpc_code(&self) -> Code {
        match (self.code, &self.class) {
            (Some(code), _) => code,
            (None, RefusalClass::Permanent) => Code::Internal,
            (None, _) => Code::Unavailable,
        }
    }

    /// The gRPC status for a client, with RetryInfo where the refuser named a delay.
    pub fn to_status(&self) -> tonic::Status {
        let (code, message) = (self.rpc_code(), self.rpc_message());
        match self.delay() {
            None => tonic::Status::new(code, message),
            Some(delay) => {
                let details = RpcStatus::new(code as i32, message.clone()).with_retry_delay(delay);
                tonic::Status::with_details(code, message, details.encode_to_vec().into())
            }
        }
    }

    /// The message for a client, in the Collector's words.
    pub fn rpc_message(&self) -> String {
        match (self.code, &self.class) {
            (None, RefusalClass::Permanent) => format!("Permanent error: {}", self.message),
            _ => self.message.clone(),
        }
    }
}

/// The delay a gRPC status asks for in its details.
pub fn retry_delay_of(status: &tonic::Status) -> Option<Duration> {
    RpcStatus::decode(status.details()).ok()?.retry_delay()
}

/// The HTTP status an OTLP server answers in place of a gRPC status.
pub const fn http_status_of(code: Code) -> u16 {
    match code {
        Code::Ok => 200,
        Code::Cancelled
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unavailable
        | Code::DataLoss => 503,
        Code::ResourceExhausted => 429,
        Code::InvalidArgument => 400,
        Code::Unauthenticated => 401,
        Code::PermissionDenied => 403,
        Code::Unimplemented => 404,
        _ => 500,
    }
}

/// The refusal that a gRPC status from a back end means: which codes are worth another try is fixed by
/// the OTLP specification; RESOURCE_EXHAUSTED only where the server says when.
pub fn refusal_of_rpc_status(code: Code, message: &str, retry_delay: Option<Duration>) -> Refusal {
    let retryable = match code {
        Code::Cancelled
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unavailable
        | Code::DataLoss => true,
        Code::ResourceExhausted => retry_delay.is_some(),
        _ => false,
    };
    let message = format!("rpc error: code = {} desc = {message}", go_code_name(code));
    if retryable {
        let delay = retry_delay.filter(|delay| !delay.is_zero());
        return Refusal::retryable(message).after(delay).with_code(code);
    }
    Refusal::permanent(message).with_code(code)
}

/// The refusal that an HTTP status from an OTLP back end means: 429, 502, 503 and 504 are worth another try.
pub fn refusal_of_http_status(status: u16, message: String, retry_after: Option<Duration>) -> Refusal {
    match status {
        429 | 502 | 503 | 504 => Refusal::retryable(message).after(retry_after),
        _ => Refusal::permanent(message),
    }
}

/// A status code's name as Go's gRPC prints it, which people search logs for.
pub const fn go_code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "Canceled",
        Code::Unknown => "Unknown",
        Code::InvalidArgument => "InvalidArgument",
        Code::DeadlineExceeded => "DeadlineExceeded",
        Code::NotFound => "NotFound",
        Code::AlreadyExists => "AlreadyExists",
        Code::PermissionDenied => "PermissionDenied",
        Code::ResourceExhausted => "ResourceExhausted",
        Code::FailedPrecondition => "FailedPrecondition",
        Code::Aborted => "Aborted",
        Code::OutOfRange => "OutOfRange",
        Code::Unimplemented => "Unimplemented",
        Code::Internal => "Internal",
        Code::Unavailable => "Unavailable",
        Code::DataLoss => "DataLoss",
        Code::Unauthenticated => "Unauthenticated",
    }
}
