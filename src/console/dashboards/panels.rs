//! Which metrics the automatic dashboards show, and how: names of the semantic conventions of OpenTelemetry, and those that
//! instrumentations used before. A panel appears where its metric does.

use super::PanelKind;

/// A row of panels.
pub struct RowOfMetrics {
    /// What stands above it.
    pub title: &'static str,
    /// Its panels.
    pub panels: &'static [MetricPanel],
}

/// A panel of one metric: title, metric, aggregation (empty for what suits its kind), keys to group by, kind.
pub type MetricPanel = (&'static str, &'static str, &'static str, &'static [&'static str], PanelKind);

/// Rows of a service: its requests, then the memory and garbage collection of its runtime.
pub const SERVICE_ROWS: &[RowOfMetrics] = &[
    RowOfMetrics {
        title: "Requests",
        panels: &[
            (
                "Requests",
                "http.server.request.duration",
                "rate",
                &["http.response.status_code"],
                PanelKind::Area,
            ),
            (
                "Duration, 95th percentile",
                "http.server.request.duration",
                "p95",
                &["http.route"],
                PanelKind::Line,
            ),
            ("Durations", "http.server.request.duration", "heatmap", &[], PanelKind::Heatmap),
            ("Requests", "http.server.duration", "rate", &["http.status_code"], PanelKind::Area),
            ("Duration, 95th percentile", "http.server.duration", "p95", &["http.route"], PanelKind::Line),
            ("Calls", "traces.span.metrics.calls", "rate", &["status.code"], PanelKind::Area),
            (
                "Duration of spans, 95th percentile",
                "traces.span.metrics.duration",
                "p95",
                &["span.name"],
                PanelKind::Line,
            ),
            ("RPC duration, 95th percentile", "rpc.server.duration", "p95", &["rpc.method"], PanelKind::Line),
            (
                "Outgoing HTTP, 95th percentile",
                "http.client.request.duration",
                "p95",
                &["server.address"],
                PanelKind::Line,
            ),
            (
                "Database, 95th percentile",
                "db.client.operation.duration",
                "p95",
                &["db.system.name"],
                PanelKind::Line,
            ),
            ("Active requests", "http.server.active_requests", "sum", &[], PanelKind::Line),
        ],
    },
    RowOfMetrics {
        title: "JVM",
        panels: &[
            ("Memory used", "jvm.memory.used", "sum", &["jvm.memory.type"], PanelKind::Area),
            (
                "Memory used after garbage collection",
                "jvm.memory.used_after_last_gc",
                "sum",
                &["jvm.memory.pool.name"],
                PanelKind::Line,
            ),
            (
                "Garbage collection, pauses a second",
                "jvm.gc.duration",
                "rate",
                &["jvm.gc.name"],
                PanelKind::Bar,
            ),
            (
                "Garbage collection, 99th percentile",
                "jvm.gc.duration",
                "p99",
                &["jvm.gc.name"],
                PanelKind::Line,
            ),
            ("Threads", "jvm.thread.count", "sum", &["jvm.thread.state"], PanelKind::Area),
            ("CPU utilization", "jvm.cpu.recent_utilization", "average", &[], PanelKind::Line),
            ("Classes", "jvm.class.count", "sum", &[], PanelKind::Line),
        ],
    },
    RowOfMetrics {
        title: "Node.js",
        panels: &[
            ("Heap used", "v8js.memory.heap.used", "sum", &["v8js.heap.space.name"], PanelKind::Area),
            (
                "Garbage collection, 99th percentile",
                "v8js.gc.duration",
                "p99",
                &["v8js.gc.type"],
                PanelKind::Line,
            ),
            (
                "Event loop delay, 99th percentile",
                "nodejs.eventloop.delay.p99",
                "maximum",
                &[],
                PanelKind::Line,
            ),
            ("Event loop utilization", "nodejs.eventloop.utilization", "average", &[], PanelKind::Line),
        ],
    },
    RowOfMetrics {
        title: "Python",
        panels: &[
            ("Memory", "process.runtime.cpython.memory", "sum", &["type"], PanelKind::Area),
            (
                "Garbage collections",
                "cpython.gc.collections",
                "rate",
                &["cpython.gc.generation"],
                PanelKind::Bar,
            ),
            ("Garbage collections", "process.runtime.cpython.gc_count", "rate", &["count"], PanelKind::Bar),
            ("Threads", "process.runtime.cpython.thread_count", "sum", &[], PanelKind::Line),
        ],
    },
    RowOfMetrics {
        title: "Go",
        panels: &[
            ("Memory used", "go.memory.used", "sum", &["go.memory.type"], PanelKind::Area),
            ("Goroutines", "go.goroutine.count", "sum", &[], PanelKind::Line),
            ("Allocated", "go.memory.allocated", "rate", &[], PanelKind::Line),
            ("Heap goal of garbage collection", "go.memory.gc.goal", "sum", &[], PanelKind::Line),
            ("Scheduling latency, 99th percentile", "go.schedule.duration", "p99", &[], PanelKind::Line),
            ("Heap used", "process.runtime.go.mem.heap_alloc", "sum", &[], PanelKind::Area),
            ("Garbage collection pauses", "process.runtime.go.gc.pause_ns", "p99", &[], PanelKind::Line),
            ("Goroutines", "process.runtime.go.goroutines", "sum", &[], PanelKind::Line),
        ],
    },
    RowOfMetrics {
        title: ".NET",
        panels: &[
            (
                "Heap after garbage collection",
                "dotnet.gc.last_collection.heap.size",
                "sum",
                &["gc.heap.generation"],
                PanelKind::Area,
            ),
            ("Garbage collections", "dotnet.gc.collections", "rate", &["gc.heap.generation"], PanelKind::Bar),
            ("Time paused by garbage collection", "dotnet.gc.pause.time", "rate", &[], PanelKind::Line),
            ("Working set", "dotnet.process.memory.working_set", "sum", &[], PanelKind::Line),
            ("Thread pool queue", "dotnet.thread_pool.queue.length", "sum", &[], PanelKind::Line),
            ("Exceptions", "dotnet.exceptions", "rate", &["error.type"], PanelKind::Bar),
        ],
    },
    RowOfMetrics {
        title: "Process",
        panels: &[
            ("CPU time", "process.cpu.time", "rate", &["cpu.mode"], PanelKind::Area),
            ("CPU utilization", "process.cpu.utilization", "average", &[], PanelKind::Line),
            ("Memory", "process.memory.usage", "sum", &[], PanelKind::Line),
            ("Open file descriptors", "process.open_file_descriptor.count", "sum", &[], PanelKind::Line),
        ],
    },
];

/// Rows of a host, by the names of the receiver `host_metrics`.
pub const HOST_ROWS: &[RowOfMetrics] = &[
    RowOfMetrics {
        title: "CPU and memory",
        panels: &[
            ("CPU time", "system.cpu.time", "rate", &["state"], PanelKind::Area),
            ("Memory", "system.memory.usage", "sum", &["state"], PanelKind::Area),
            ("Load, 1 minute", "system.cpu.load_average.1m", "last", &[], PanelKind::Line),
            ("Swap", "system.paging.usage", "sum", &["state"], PanelKind::Area),
            ("Processes", "system.processes.count", "sum", &["status"], PanelKind::Area),
        ],
    },
    RowOfMetrics {
        title: "Disks and network",
        panels: &[
            (
                "Space used and free",
                "system.filesystem.usage",
                "sum",
                &["mountpoint", "state"],
                PanelKind::Table,
            ),
            ("Disk, bytes", "system.disk.io", "rate", &["device", "direction"], PanelKind::Line),
            ("Disk, operations", "system.disk.operations", "rate", &["device", "direction"], PanelKind::Line),
            ("Network, bytes", "system.network.io", "rate", &["device", "direction"], PanelKind::Line),
            ("Network, errors", "system.network.errors", "rate", &["device", "direction"], PanelKind::Line),
            ("Connections", "system.network.connections", "sum", &["state"], PanelKind::Area),
        ],
    },
];

/// Rows of Weir itself, by the names of its own metrics.
pub const WEIR_ROWS: &[RowOfMetrics] = &[
    RowOfMetrics {
        title: "What flows",
        panels: &[
            ("Spans accepted", "otelcol_receiver_accepted_spans", "rate", &["receiver"], PanelKind::Area),
            (
                "Data points accepted",
                "otelcol_receiver_accepted_metric_points",
                "rate",
                &["receiver"],
                PanelKind::Area,
            ),
            (
                "Log records accepted",
                "otelcol_receiver_accepted_log_records",
                "rate",
                &["receiver"],
                PanelKind::Area,
            ),
            ("Spans sent", "otelcol_exporter_sent_spans", "rate", &["exporter"], PanelKind::Area),
            (
                "Data points sent",
                "otelcol_exporter_sent_metric_points",
                "rate",
                &["exporter"],
                PanelKind::Area,
            ),
            ("Log records sent", "otelcol_exporter_sent_log_records", "rate", &["exporter"], PanelKind::Area),
        ],
    },
    RowOfMetrics {
        title: "What is in trouble",
        panels: &[
            ("Dropped", "weir_dropped_items", "rate", &["component", "reason"], PanelKind::Bar),
            ("Spans refused", "otelcol_receiver_refused_spans", "rate", &["receiver"], PanelKind::Bar),
            ("Spans not sent", "otelcol_exporter_send_failed_spans", "rate", &["exporter"], PanelKind::Bar),
            ("Queues", "otelcol_exporter_queue_size", "sum", &["exporter"], PanelKind::Line),
        ],
    },
    RowOfMetrics {
        title: "Process",
        panels: &[
            ("CPU", "otelcol_process_cpu_seconds", "rate", &[], PanelKind::Line),
            ("Memory", "otelcol_process_memory_rss", "sum", &[], PanelKind::Line),
            ("Bytes in flight", "weir_bytes_in_flight", "sum", &[], PanelKind::Line),
            ("Heap", "otelcol_process_runtime_heap_alloc_bytes", "sum", &[], PanelKind::Line),
        ],
    },
];
