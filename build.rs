//! Compiles the messages in `proto/` to Rust, without protoc.

use std::error::Error;

const MESSAGES: [&str; 3] =
    ["google/rpc/error_details.proto", "google/rpc/status.proto", "zipkin/zipkin.proto"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    let descriptors = protox::compile(MESSAGES, ["proto"])?;
    prost_build::Config::new().btree_map([".zipkin"]).compile_fds(descriptors)?;
    Ok(())
}
