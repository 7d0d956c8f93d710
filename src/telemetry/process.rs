//! What the operating system says of this process, from `/proc/self` (Linux).

use std::time::Instant;

use super::instruments;
use super::registry::{GaugeGuard, Telemetry};

/// Keeps the metrics of the process registered.
pub struct ProcessMetrics {
    _gauges: Vec<GaugeGuard>,
}

/// Registers the metrics of the process. Uptime counts from this call.
pub fn register_process_metrics(telemetry: &Telemetry) -> ProcessMetrics {
    let started = Instant::now();
    let version = [("version", crate::build_info::VERSION)];
    let gauges = vec![
        telemetry.gauge(&instruments::PROCESS_UPTIME, &[], move || started.elapsed().as_secs_f64()),
        telemetry.gauge(&instruments::PROCESS_CPU_SECONDS, &[], || cpu_seconds().unwrap_or(0.0)),
        telemetry.gauge(&instruments::PROCESS_MEMORY_RSS, &[], || memory_bytes("VmRSS:")),
        telemetry.gauge(&instruments::PROCESS_HEAP_ALLOC_BYTES, &[], || memory_bytes("RssAnon:")),
        telemetry.gauge(&instruments::PROCESS_TOTAL_SYS_MEMORY_BYTES, &[], || memory_bytes("VmData:")),
        telemetry.gauge(&instruments::BUILD_INFO, &version, || 1.0),
    ];
    ProcessMetrics { _gauges: gauges }
}

/// The memory of this process that is in RAM, in bytes; none where the system does not tell.
pub fn resident_bytes() -> Option<u64> {
    status_bytes("VmRSS:")
}

fn memory_bytes(field: &str) -> f64 {
    status_bytes(field).unwrap_or(0) as f64
}

/// A field of `/proc/self/status`, which has them in KiB, in bytes.
fn status_bytes(field: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let value = status.lines().find_map(|line| line.strip_prefix(field))?;
    let kib: u64 = value.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

/// CPU seconds this process has used, in user and kernel mode.
fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is the program's name in parentheses and may hold spaces; user and kernel time
    // are fields 14 and 15, in ticks of 10 ms (USER_HZ is 100 on every Linux a program can see).
    let after_name = stat.rsplit_once(')')?.1;
    let mut fields = after_name.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let kernel: u64 = fields.next()?.parse().ok()?;
    Some((user + kernel) as f64 / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resident_memory_grows_by_what_is_touched() {
        let before = resident_bytes().unwrap();
        let touched = std::hint::black_box(vec![1_u8; 64 << 20]);
        let after = resident_bytes().unwrap();
        // Other tests run beside this one, so the growth is bounded from below only.
        assert!(after > before + (32 << 20), "{before} -> {after}");
        drop(touched);
    }

    #[test]
    fn cpu_time_counts_up() {
        let before = cpu_seconds().unwrap();
        let mut sum = 0_u64;
        while cpu_seconds().unwrap() < before + 0.02 {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(cpu_seconds().unwrap() >= before + 0.02);
    }
}
