//! The answer to an export request, of any signal.

use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceResponse,
};
use prost::Message;

/// What a server says of a request it answered OK: by default that it took everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExportResponse {
    /// How many spans, data points or log records the server refused for good.
    pub rejected: i64,
    /// Why it refused them; with none rejected, a warning.
    pub error_message: String,
}

impl ExportResponse {
    /// The protobuf encoding. It is the same for every signal: only the names of the fields differ.
    pub fn encode(&self) -> Vec<u8> {
        let partial_success = (*self != Self::default()).then(|| ExportTracePartialSuccess {
            rejected_spans: self.rejected,
            error_message: self.error_message.clone(),
        });
        ExportTraceServiceResponse { partial_success }.encode_to_vec()
    }

    /// Reads the protobuf encoding of any signal's response.
    ///
    /// # Errors
    ///
    /// When `body` is not such a message.
    pub fn decode(body: &[u8]) -> Result<Self, prost::DecodeError> {
        let partial_success = ExportTraceServiceResponse::decode(body)?.partial_success.unwrap_or_default();
        Ok(Self { rejected: partial_success.rejected_spans, error_message: partial_success.error_message })
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceResponse;
    use opentelemetry_proto::tonic::collector::metrics::v1::{
        ExportMetricsPartialSuccess, ExportMetricsServiceResponse,
    };

    use super::*;

    #[test]
    fn a_full_success_is_the_empty_message() {
        assert_eq!(ExportResponse::default().encode(), Vec::<u8>::new());
        assert_eq!(ExportResponse::decode(&[]), Ok(ExportResponse::default()));
        assert_eq!(ExportResponse::decode(&[0x0a, 0x00]), Ok(ExportResponse::default()));
    }

    #[test]
    fn every_signal_reads_the_same_bytes() {
        let response = ExportResponse { rejected: 3, error_message: "no unit".to_owned() };
        let bytes = response.encode();
        let metrics = ExportMetricsServiceResponse::decode(bytes.as_slice()).unwrap().partial_success;
        let expected =
            ExportMetricsPartialSuccess { rejected_data_points: 3, error_message: "no unit".to_owned() };
        assert_eq!(metrics, Some(expected));
        let logs = ExportLogsServiceResponse::decode(bytes.as_slice()).unwrap().partial_success.unwrap();
        assert_eq!((logs.rejected_log_records, logs.error_message.as_str()), (3, "no unit"));
        assert_eq!(ExportResponse::decode(&bytes), Ok(response));
    }

    #[test]
    fn a_body_that_is_no_response_is_refused() {
        assert!(ExportResponse::decode(b"<html>").is_err());
    }
}
