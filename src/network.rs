//! What receivers, exporters and extensions share of the network: listeners, TLS, compression and the
//! configuration blocks around them.
