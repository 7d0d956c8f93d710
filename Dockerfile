# Builds the release binary from this repository and puts it, alone, into a small image that runs as nobody in
# particular. `docker build --tag weir .`; `docker run --publish 4317:4317 --publish 4318:4318 weir` is a gateway
# with pipelines/gateway.yaml.
FROM rust:1.95.0-slim-trixie AS build
WORKDIR /weir
# Benches and tests are declared in Cargo.toml, so Cargo wants to see them.
COPY Cargo.toml Cargo.lock build.rs ./
COPY proto proto
COPY pipelines pipelines
COPY benches benches
COPY tests tests
COPY src src
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/weir/target \
    cargo build --locked --release --bin weir && cp target/release/weir /usr/local/bin/weir

FROM debian:13.1-slim
# For back ends with certificates of public authorities.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /usr/local/bin/weir /usr/local/bin/weir
COPY pipelines/gateway.yaml /etc/weir/config.yaml
# For configurations that write files; a volume mounted here takes over the owner.
RUN mkdir /data && chown 10001:10001 /data
USER 10001:10001
WORKDIR /data
# OTLP over gRPC and over HTTP, own metrics, health.
EXPOSE 4317 4318 8888 13133
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/localhost/13133 && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 && head -n 1 <&3 | grep --quiet ' 200 '"]
# A stop takes as long as delivering what was accepted; see docs/operations.md.
STOPSIGNAL SIGTERM
ENTRYPOINT ["weir"]
CMD ["--config", "/etc/weir/config.yaml"]
