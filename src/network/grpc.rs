//! gRPC's unary calls over HTTP/2 without a decoded message: a message is the bytes that came or go.
//!
//! tonic's types carry status and metadata; its server and client are not used because they box each
//! call and copy each message twice.

mod channel;
mod client_config;
mod message;
mod server;
mod server_config;

pub use channel::GrpcChannel;
pub use client_config::{GrpcClientConfig, KeepaliveClientConfig};
pub use server::{GrpcServer, Route, UnaryRequest, UnaryService};
pub use server_config::GrpcServerConfig;
