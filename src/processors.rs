//! Components that change, gather or drop telemetry.
