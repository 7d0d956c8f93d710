package main

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploggrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

type exporters struct {
	span             sdktrace.SpanExporter
	cumulativeMetric metric.Exporter
	deltaMetric      metric.Exporter
	log              sdklog.Exporter
}

func newExporters(ctx context.Context, endpoint, protocol string, gzip bool) (made exporters, err error) {
	var newMetricExporter func(metric.TemporalitySelector) (metric.Exporter, error)
	switch protocol {
	case "grpc":
		spanOptions := []otlptracegrpc.Option{otlptracegrpc.WithEndpointURL(endpoint)}
		metricOptions := []otlpmetricgrpc.Option{otlpmetricgrpc.WithEndpointURL(endpoint)}
		logOptions := []otlploggrpc.Option{otlploggrpc.WithEndpointURL(endpoint)}
		if gzip {
			spanOptions = append(spanOptions, otlptracegrpc.WithCompressor("gzip"))
			metricOptions = append(metricOptions, otlpmetricgrpc.WithCompressor("gzip"))
			logOptions = append(logOptions, otlploggrpc.WithCompressor("gzip"))
		}
		newMetricExporter = func(selector metric.TemporalitySelector) (metric.Exporter, error) {
			return otlpmetricgrpc.New(ctx, append(metricOptions, otlpmetricgrpc.WithTemporalitySelector(selector))...)
		}
		if made.span, err = otlptracegrpc.New(ctx, spanOptions...); err != nil {
			return made, err
		}
		if made.log, err = otlploggrpc.New(ctx, logOptions...); err != nil {
			return made, err
		}
	case "http/protobuf":
		spanOptions := []otlptracehttp.Option{otlptracehttp.WithEndpointURL(endpoint + "/v1/traces")}
		metricOptions := []otlpmetrichttp.Option{otlpmetrichttp.WithEndpointURL(endpoint + "/v1/metrics")}
		logOptions := []otlploghttp.Option{otlploghttp.WithEndpointURL(endpoint + "/v1/logs")}
		if gzip {
			spanOptions = append(spanOptions, otlptracehttp.WithCompression(otlptracehttp.GzipCompression))
			metricOptions = append(metricOptions, otlpmetrichttp.WithCompression(otlpmetrichttp.GzipCompression))
			logOptions = append(logOptions, otlploghttp.WithCompression(otlploghttp.GzipCompression))
		}
		newMetricExporter = func(selector metric.TemporalitySelector) (metric.Exporter, error) {
			return otlpmetrichttp.New(ctx, append(metricOptions, otlpmetrichttp.WithTemporalitySelector(selector))...)
		}
		if made.span, err = otlptracehttp.New(ctx, spanOptions...); err != nil {
			return made, err
		}
		if made.log, err = otlploghttp.New(ctx, logOptions...); err != nil {
			return made, err
		}
	default:
		return made, fmt.Errorf("the Go SDK has no exporter for protocol %q; use grpc or http/protobuf", protocol)
	}
	if made.cumulativeMetric, err = newMetricExporter(always(metricdata.CumulativeTemporality)); err != nil {
		return made, err
	}
	made.deltaMetric, err = newMetricExporter(always(metricdata.DeltaTemporality))
	return made, err
}

func always(temporality metricdata.Temporality) metric.TemporalitySelector {
	return func(metric.InstrumentKind) metricdata.Temporality { return temporality }
}
