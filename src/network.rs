//! What receivers, exporters and extensions share of the network: listeners, TLS, compression and the
//! configuration blocks around them.

pub mod activity;
pub mod compression;
pub mod connection;
mod extensions_used;
pub mod grpc;
pub mod headers;
pub mod http_client;
pub mod http_server;
pub mod listener;
mod listening_address;
pub mod pages;
pub mod tls;

pub use connection::{Connection, Peer};
pub use extensions_used::{AuthConfig, MiddlewareConfig, refuse_missing_extensions};
pub use listener::{ConnectionHandler, Listener};
pub use listening_address::check_listening_address;
pub use pages::{Page, PageServer};
