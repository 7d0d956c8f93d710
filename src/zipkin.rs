//! Zipkin's spans: the model of its second version, in protobuf and JSON, and the names that tell what OTLP has and
//! Zipkin has not.
//!
//! See <https://zipkin.io/zipkin-api/> and, for the names,
//! <https://opentelemetry.io/docs/specs/otel/trace/sdk_exporters/zipkin/>.

pub mod json;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub use generated::span::Kind;
pub use generated::{Annotation, Endpoint, ListOfSpans, Span};

mod generated {
    #![allow(
        missing_docs,
        reason = "generated from proto/zipkin/zipkin.proto, which says what there is to say"
    )]
    include!(concat!(env!("OUT_DIR"), "/zipkin.proto3.rs"));
}

/// Tags and attributes with a meaning of their own.
pub mod names {
    /// The status of a span.
    pub const STATUS_CODE: &str = "otel.status_code";
    /// Why a span failed.
    pub const STATUS_DESCRIPTION: &str = "otel.status_description";
    /// Any value marks a span as failed.
    pub const ERROR: &str = "error";
    /// `internal` for spans that are neither side of a call.
    pub const SPAN_KIND: &str = "span.kind";
    /// The W3C `tracestate`.
    pub const TRACE_STATE: &str = "w3c.tracestate";
    /// The name of the scope.
    pub const LIBRARY_NAME: &str = "otel.library.name";
    /// The version of the scope.
    pub const LIBRARY_VERSION: &str = "otel.library.version";
    /// The name of the scope, as it is called now.
    pub const SCOPE_NAME: &str = "otel.scope.name";
    /// The version of the scope, as it is called now.
    pub const SCOPE_VERSION: &str = "otel.scope.version";
    /// Which resource attribute the service name came from, where it was not `service.name`.
    pub const SERVICE_NAME_SOURCE: &str = "otlp.service.name.source";
    /// The links of a span are under this with their numbers behind it.
    pub const LINK_PREFIX: &str = "otlp.link.";
    /// Marks spans that came without a time.
    pub const START_TIME_ABSENT: &str = "otel.zipkin.absentField.startTime";
    /// The service name of spans that have none, in what the Collector sends.
    pub const NO_SERVICE_NAME: &str = "OTLPResourceNoServiceName";
}

impl Endpoint {
    /// True where it says nothing.
    pub fn says_nothing(&self) -> bool {
        self.service_name.is_empty() && self.port == 0 && self.ipv4.is_empty() && self.ipv6.is_empty()
    }

    /// Notes an address under its version.
    pub fn set_address(&mut self, address: IpAddr) {
        match address {
            IpAddr::V4(address) => self.ipv4 = address.octets().to_vec(),
            IpAddr::V6(address) => self.ipv6 = address.octets().to_vec(),
        }
    }

    /// The address of version 4; some writers fill it up to 16 bytes.
    pub fn ipv4_address(&self) -> Option<Ipv4Addr> {
        match <[u8; 4]>::try_from(&*self.ipv4) {
            Ok(octets) => Some(Ipv4Addr::from(octets)),
            Err(_) => Ipv6Addr::from(<[u8; 16]>::try_from(&*self.ipv4).ok()?).to_ipv4_mapped(),
        }
    }

    /// The address of version 6.
    pub fn ipv6_address(&self) -> Option<IpAddr> {
        <[u8; 16]>::try_from(&*self.ipv6).ok().map(|octets| Ipv6Addr::from(octets).to_canonical())
    }
}
