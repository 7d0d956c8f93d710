// Command send sends one rich set of traces, metrics and logs with the OpenTelemetry Go SDK.
//
// What the telemetry has to contain is listed in ../README.md. This SDK has OTLP over gRPC and HTTP/protobuf; it has no
// exporter for HTTP/JSON, so that protocol is refused here.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/exemplar"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

const scopeSchemaURL = "https://opentelemetry.io/schemas/1.29.0"

var scopeAttributes = []attribute.KeyValue{
	attribute.String("scope.text", "client"),
	attribute.Int("scope.number", 7),
	attribute.StringSlice("scope.list", []string{"a", "b"}),
}

var nested = []attribute.KeyValue{
	attribute.String("text", "inner"),
	attribute.ByteSlice("bytes", everyByte()),
	{Key: "nothing"},
	attribute.Slice("list",
		attribute.IntValue(1), attribute.StringValue("two"), attribute.Float64Value(3), attribute.BoolValue(true),
		attribute.Value{}, attribute.ByteSliceValue([]byte{0, 255}),
		attribute.SliceValue(attribute.SliceValue(), attribute.MapValue()),
		attribute.MapValue(attribute.Map("deep", attribute.StringSlice("deeper", []string{"deepest"}))),
	),
	attribute.Map("map.empty"),
}

var everyAttributeType = []attribute.KeyValue{
	attribute.String("text", "plain"),
	attribute.String("text.empty", ""),
	attribute.String("text.unicode", "Füße 水 🏞 \u0000\u001f\"\\/\u2028"),
	attribute.String("text.long", strings.Repeat("0123456789abcdef", 1250)),
	attribute.Bool("bool.true", true),
	attribute.Bool("bool.false", false),
	attribute.Int64("int.zero", 0),
	attribute.Int64("int.largest", math.MaxInt64),
	attribute.Int64("int.smallest", math.MinInt64),
	attribute.Float64("double", 0.1),
	attribute.Float64("double.zero", 0),
	attribute.Float64("double.negative_zero", math.Copysign(0, -1)),
	attribute.Float64("double.tiny", math.SmallestNonzeroFloat64),
	attribute.Float64("double.huge", math.MaxFloat64),
	attribute.Float64("double.nan", math.NaN()),
	attribute.Float64("double.infinite", math.Inf(1)),
	attribute.Float64("double.minus_infinite", math.Inf(-1)),
	attribute.StringSlice("list.text", []string{"", "b", "水"}),
	attribute.BoolSlice("list.bool", []bool{true, false}),
	attribute.Int64Slice("list.int", []int64{0, -1, 1<<53 + 1}),
	attribute.Float64Slice("list.double", []float64{0, 1.5}),
	attribute.StringSlice("list.empty", nil),
	attribute.ByteSlice("bytes", everyByte()),
	attribute.Map("nested", nested...),
}

func main() {
	endpoint := flag.String("endpoint", "", "base URL, such as http://127.0.0.1:4317")
	protocol := flag.String("protocol", "", "grpc or http/protobuf")
	runID := flag.String("run-id", "", "put into the resource of everything sent")
	compression := flag.String("compression", "none", "none or gzip")
	flag.Parse()

	if err := run(*endpoint, *protocol, *compression, *runID); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run returns every failed export: those of the batch processors reach it through the SDK's global error handler.
func run(endpoint, protocol, compression, runID string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var reported []error
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { reported = append(reported, err) }))

	exporters, err := newExporters(ctx, endpoint, protocol, compression == "gzip")
	if err != nil {
		return err
	}
	clientResource, err := resource.New(ctx, resource.WithTelemetrySDK(), resource.WithAttributes(
		attribute.String("service.name", "go-client"),
		attribute.String("test.run.id", runID),
		attribute.Bool("resource.bool", true),
		attribute.Int("resource.int", -42),
		attribute.Float64("resource.double", 2.5),
		attribute.StringSlice("resource.list", []string{"x", "y", ""}),
	))
	if err != nil {
		return err
	}
	spanLimits := sdktrace.NewSpanLimits()
	spanLimits.AttributeCountLimit, spanLimits.EventCountLimit, spanLimits.LinkCountLimit = 64, 4, 3
	tracerProvider := sdktrace.NewTracerProvider(
		sdktrace.WithResource(clientResource),
		sdktrace.WithRawSpanLimits(spanLimits),
		sdktrace.WithBatcher(exporters.span),
	)
	meterProvider := newMeterProvider(clientResource, exporters)
	loggerProvider := sdklog.NewLoggerProvider(
		sdklog.WithResource(clientResource),
		sdklog.WithAttributeCountLimit(64),
		sdklog.WithProcessor(sdklog.NewBatchProcessor(exporters.log)),
	)

	sendSpans(ctx, tracerProvider)
	if err := sendMetrics(ctx, tracerProvider, meterProvider); err != nil {
		return err
	}
	sendLogs(ctx, tracerProvider, loggerProvider)
	for _, shutdown := range []func(context.Context) error{
		tracerProvider.Shutdown, meterProvider.Shutdown, loggerProvider.Shutdown,
	} {
		reported = append(reported, shutdown(ctx))
	}
	return errors.Join(reported...)
}

// newMeterProvider has two readers: the same measurements leave as cumulative and as delta streams.
func newMeterProvider(clientResource *resource.Resource, exporters exporters) *metric.MeterProvider {
	never := metric.WithInterval(time.Hour)
	return metric.NewMeterProvider(
		metric.WithResource(clientResource),
		metric.WithReader(metric.NewPeriodicReader(exporters.cumulativeMetric, never, metric.WithProducer(summaryProducer{}))),
		metric.WithReader(metric.NewPeriodicReader(exporters.deltaMetric, never)),
		metric.WithExemplarFilter(exemplar.TraceBasedFilter),
		metric.WithView(
			metric.NewView(metric.Instrument{Name: "client.histogram"}, metric.Stream{
				Aggregation: metric.AggregationExplicitBucketHistogram{Boundaries: []float64{-5, 0, 0.5, 10, 1000}},
				// The attribute left out of the stream is the one an exemplar has to carry.
				AttributeFilter: attribute.NewAllowKeysFilter("route"),
			}),
			metric.NewView(metric.Instrument{Name: "client.exponential_histogram"}, metric.Stream{
				Aggregation: metric.AggregationBase2ExponentialHistogram{MaxSize: 40, MaxScale: 20},
			}),
		),
	)
}

func everyByte() []byte {
	bytes := make([]byte, 256)
	for index := range bytes {
		bytes[index] = byte(index)
	}
	return bytes
}
