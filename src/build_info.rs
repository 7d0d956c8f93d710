//! What this build is called, in the one place everything that says so reads.

/// The version of the package.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The command's name.
pub const COMMAND: &str = "weir";

/// What the command is.
pub const DESCRIPTION: &str = "Weir, an OpenTelemetry collector and monitoring station";

/// The user agent of our clients: `weir/<version> (<os>/<arch>)`, with Go's names of the platform.
pub const USER_AGENT: &str = if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
    concat!("weir/", env!("CARGO_PKG_VERSION"), " (linux/amd64)")
} else if cfg!(all(target_os = "linux", target_arch = "aarch64")) {
    concat!("weir/", env!("CARGO_PKG_VERSION"), " (linux/arm64)")
} else {
    concat!("weir/", env!("CARGO_PKG_VERSION"))
};
