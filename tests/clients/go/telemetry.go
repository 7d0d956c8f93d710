package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

func newTracer(provider *sdktrace.TracerProvider) trace.Tracer {
	return provider.Tracer("client.traces", trace.WithInstrumentationVersion("1.2.3"),
		trace.WithSchemaURL(scopeSchemaURL), trace.WithInstrumentationAttributes(scopeAttributes...))
}

func sendSpans(ctx context.Context, provider *sdktrace.TracerProvider) {
	tracer := newTracer(provider)
	traceState, _ := trace.ParseTraceState("vendor=value-1,other=t61rcWkgMzE")
	remoteParent := trace.NewSpanContext(trace.SpanContextConfig{
		TraceID:    trace.TraceID{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
		SpanID:     trace.SpanID{7: 255},
		TraceFlags: trace.FlagsSampled,
		TraceState: traceState,
		Remote:     true,
	})
	other := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{15: 1}, SpanID: trace.SpanID{7: 2}})
	serverContext, server := tracer.Start(trace.ContextWithSpanContext(ctx, remoteParent), "every attribute type",
		trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(everyAttributeType...),
		trace.WithLinks(
			trace.Link{SpanContext: remoteParent, Attributes: []attribute.KeyValue{
				attribute.String("link.text", "first"), attribute.IntSlice("link.list", []int{1, 2}),
			}},
			trace.Link{SpanContext: other},
		),
	)
	server.AddEvent("event without attributes")
	server.AddEvent("event with attributes", trace.WithAttributes(everyAttributeType...),
		trace.WithTimestamp(time.Unix(1_700_000_000, 123_456_789)))
	server.SetStatus(codes.Ok, "")
	for kind := trace.SpanKindUnspecified; kind <= trace.SpanKindConsumer; kind++ {
		_, child := tracer.Start(serverContext, "child of kind "+kind.String(), trace.WithSpanKind(kind))
		child.End()
	}
	_, failing := tracer.Start(serverContext, "failing")
	failing.RecordError(errors.New("it did not work: ü"), trace.WithStackTrace(true))
	failing.SetStatus(codes.Error, "it did not work: ü")
	failing.End()
	fiveLinks := make([]trace.Link, 5)
	for index := range fiveLinks {
		fiveLinks[index] = trace.Link{SpanContext: remoteParent}
	}
	_, overLimits := tracer.Start(serverContext, "more than the limits allow", trace.WithLinks(fiveLinks...))
	overLimits.SetAttributes(manyAttributes()...)
	for number := range 9 {
		overLimits.AddEvent(fmt.Sprintf("event %d", number))
	}
	overLimits.End()
	_, longest := tracer.Start(ctx, "", trace.WithTimestamp(time.Unix(0, 1)))
	longest.End(trace.WithTimestamp(time.Unix(9_223_372_036, 854_775_807)))
	server.End()

	_, bare := provider.Tracer("client.bare").Start(ctx, "from a scope with a name only")
	bare.End()
}

func sendMetrics(ctx context.Context, tracers *sdktrace.TracerProvider, provider *sdkmetric.MeterProvider) error {
	meter := provider.Meter("client.metrics", metric.WithInstrumentationVersion("1.2.3"),
		metric.WithSchemaURL(scopeSchemaURL), metric.WithInstrumentationAttributes(scopeAttributes...))
	routeA := metric.WithAttributes(attribute.String("route", "/a"))
	var problems []error
	check := func(err error) { problems = append(problems, err) }

	_, err := meter.Int64ObservableCounter("client.observable_counter", metric.WithUnit("s"),
		metric.WithInt64Callback(func(_ context.Context, observer metric.Int64Observer) error {
			observer.Observe(1<<40, metric.WithAttributes(attribute.Int("cpu", 0)))
			observer.Observe(0, metric.WithAttributes(attribute.Int("cpu", 1)))
			return nil
		}))
	check(err)
	_, err = meter.Float64ObservableUpDownCounter("client.observable_up_down_counter",
		metric.WithFloat64Callback(func(_ context.Context, observer metric.Float64Observer) error {
			observer.Observe(-2.5)
			return nil
		}))
	check(err)
	_, err = meter.Float64ObservableGauge("client.observable_gauge",
		metric.WithFloat64Callback(func(_ context.Context, observer metric.Float64Observer) error {
			observer.Observe(0, metric.WithAttributes(attribute.String("水", "水")))
			return nil
		}))
	check(err)
	counter, err := meter.Int64Counter("client.counter", metric.WithUnit("{request}"), metric.WithDescription("Requests: ünïcode"))
	check(err)
	doubleCounter, err := meter.Float64Counter("client.double_counter", metric.WithUnit("s"))
	check(err)
	upDownCounter, err := meter.Int64UpDownCounter("client.up_down_counter")
	check(err)
	gauge, err := meter.Float64Gauge("client.gauge", metric.WithUnit("Cel"))
	check(err)
	histogram, err := meter.Float64Histogram("client.histogram", metric.WithUnit("ms"), metric.WithDescription("explicit bounds"))
	check(err)
	exponentialHistogram, err := meter.Float64Histogram("client.exponential_histogram", metric.WithUnit("By"))
	check(err)

	for range 2 {
		spanContext, span := newTracer(tracers).Start(ctx, "span behind the exemplars")
		counter.Add(spanContext, 5, metric.WithAttributes(attribute.String("route", "/a"), attribute.String("text.empty", "")))
		counter.Add(spanContext, 0, metric.WithAttributes(attribute.StringSlice("list", []string{"x", "y"})))
		doubleCounter.Add(spanContext, 0.25)
		upDownCounter.Add(spanContext, -7, routeA)
		gauge.Record(spanContext, -273.15, metric.WithAttributes(attribute.Bool("bool", true)))
		gauge.Record(spanContext, 0, metric.WithAttributes(attribute.Bool("bool", false)))
		for _, value := range []float64{-1, 0, 0.3, 7, 999, 1e9} {
			histogram.Record(spanContext, value, metric.WithAttributes(
				attribute.String("route", "/a"), attribute.String("user", "kept by the exemplar only")))
		}
		for _, value := range []float64{-1e6, -100, 0, 0.001, 1, 3, 1024, 1e12} {
			exponentialHistogram.Record(spanContext, value, routeA)
		}
		span.End()
		histogram.Record(ctx, 4, metric.WithAttributes(attribute.String("route", "/outside any span")))
		check(provider.ForceFlush(ctx))
	}
	return errors.Join(problems...)
}

// summaryProducer adds the one kind of metric that no instrument makes: a bridge from another library sends it.
type summaryProducer struct{}

func (summaryProducer) Produce(context.Context) ([]metricdata.ScopeMetrics, error) {
	now := time.Now()
	summary := metricdata.Metrics{
		Name: "client.summary", Unit: "s", Description: "quantiles of a bridged library",
		Data: metricdata.Summary{DataPoints: []metricdata.SummaryDataPoint{{
			Attributes: attribute.NewSet(attribute.String("route", "/a")),
			StartTime:  now.Add(-time.Minute), Time: now, Count: 12, Sum: 34.5,
			QuantileValues: []metricdata.QuantileValue{{Quantile: 0, Value: 0}, {Quantile: 0.99, Value: 7.25}},
		}}},
	}
	return []metricdata.ScopeMetrics{{
		Scope: instrumentation.Scope{Name: "client.bridge"}, Metrics: []metricdata.Metrics{summary},
	}}, nil
}

func sendLogs(ctx context.Context, tracers *sdktrace.TracerProvider, provider *sdklog.LoggerProvider) {
	logger := provider.Logger("client.logs", log.WithInstrumentationVersion("1.2.3"),
		log.WithSchemaURL(scopeSchemaURL), log.WithInstrumentationAttributes(scopeAttributes...))
	emit := func(ctx context.Context, fill func(*log.Record)) {
		var record log.Record
		fill(&record)
		logger.Emit(ctx, record)
	}

	for severity := log.SeverityTrace1; severity <= log.SeverityFatal4; severity++ {
		emit(ctx, func(record *log.Record) {
			record.SetTimestamp(time.Unix(1_700_000_000, int64(severity)))
			record.SetObservedTimestamp(time.Unix(1_700_000_001, 1))
			record.SetSeverity(severity)
			record.SetSeverityText("own word for " + severity.String())
			record.SetBody(attribute.StringValue(fmt.Sprintf("severity %d", severity)))
		})
	}
	spanContext, span := newTracer(tracers).Start(ctx, "span behind the logs")
	emit(spanContext, func(record *log.Record) {
		record.SetBody(attribute.StringValue("in a trace"))
		record.AddAttributes(everyAttributeType...)
	})
	emit(spanContext, func(record *log.Record) {
		record.SetEventName("client.event")
		record.AddAttributes(attribute.ByteSlice("bytes", nil), attribute.Slice("list.empty"))
	})
	span.End()
	deepList := attribute.SliceValue(attribute.IntValue(1), attribute.SliceValue(attribute.ByteSliceValue([]byte("4"))))
	for _, body := range []attribute.Value{
		attribute.StringValue(""), attribute.StringValue("ünï 水 \n"), attribute.BoolValue(true),
		attribute.Int64Value(1<<53 + 1), attribute.Float64Value(-0.5), attribute.ByteSliceValue([]byte{0, 1, 254, 255}),
		attribute.SliceValue(), deepList, attribute.MapValue(), attribute.MapValue(nested...), {},
	} {
		emit(ctx, func(record *log.Record) {
			record.SetSeverity(log.SeverityInfo)
			record.SetBody(body)
		})
	}
	emit(ctx, func(record *log.Record) {
		record.SetBody(attribute.StringValue("more than the limits allow"))
		record.AddAttributes(manyAttributes()...)
	})
}

func manyAttributes() []attribute.KeyValue {
	attributes := make([]attribute.KeyValue, 70)
	for number := range attributes {
		attributes[number] = attribute.Int(fmt.Sprintf("key%d", number), number)
	}
	return attributes
}
