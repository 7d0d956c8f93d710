//! `docker-compose.yml` and the Dockerfiles, held to what can be seen without a container engine: what they name exists,
//! images have versions, the mounted configurations are valid, and the same programs work together as processes, with real
//! back ends behind them. `tests/compose-check` runs these and builds the images.

mod dockerfile;
mod file;
#[cfg(feature = "real-parts")]
mod processes;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use dockerfile::Dockerfile;
use file::{Compose, Service};

const SERVICES: [&str; 9] = [
    "agent",
    "customers",
    "gateway",
    "grafana",
    "jaeger",
    "prometheus",
    "shop-front",
    "shop-stock",
    "victoria-logs",
];

/// What our images are built from.
const CONTEXTS: [&str; 4] = [".", "examples/shop/customers", "examples/shop/front", "examples/shop/stock"];

#[test]
fn the_compose_file_names_only_what_there_is() {
    let compose = Compose::read();
    assert_eq!(compose.names(), SERVICES);
    let contexts: BTreeSet<&str> =
        compose.services.values().filter_map(|service| service.build.as_deref()).collect();
    assert_eq!(contexts, BTreeSet::from(CONTEXTS));
    let mut host_ports = Vec::new();
    for (name, service) in &compose.services {
        assert!(is_pinned(&service.image), "{name}: image {} has no version", service.image);
        for (needed, dependency) in &service.depends_on {
            let needed = compose.services.get(needed).unwrap_or_else(|| panic!("{name} needs {needed}"));
            let says_how_it_is =
                dockerfile_of(needed).is_some_and(|dockerfile| dockerfile.has("HEALTHCHECK"));
            let expected = if says_how_it_is { "service_healthy" } else { "service_started" };
            assert_eq!(dependency.condition, expected, "{name} waits for {}", needed.name);
        }
        for (host_port, container_port) in service.port_pairs() {
            if let Some(dockerfile) = dockerfile_of(service) {
                assert!(dockerfile.exposes(container_port), "{name}: {container_port} is not exposed");
            }
            assert!(!host_ports.contains(&host_port), "{host_port} is published twice");
            host_ports.push(host_port);
        }
        for (source, _target) in service.mounts() {
            if source.starts_with(['.', '/']) {
                assert!(root().join(&source).try_exists().unwrap(), "{name} mounts {source}");
            } else {
                assert!(
                    compose.volumes.contains_key(&source),
                    "{name} mounts the undeclared volume {source}"
                );
            }
        }
    }
}

#[test]
fn the_mounted_configurations_are_valid() {
    let compose = Compose::read();
    for name in ["agent", "gateway"] {
        let service = &compose.services[name];
        let config = service.mounted_at("/etc/weir/config.yaml");
        let output = Command::new(env!("CARGO_BIN_EXE_weir"))
            .args(["validate", "--config"])
            .arg(root().join(config))
            .envs(service.environment.iter().map(|(name, value)| (name, on_this_machine(service, value))))
            .output()
            .unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn the_dockerfiles_copy_what_there_is_from_images_with_versions() {
    for directory in CONTEXTS {
        let context = root().join(directory);
        let dockerfile = Dockerfile::read(&context);
        for image in dockerfile.images() {
            assert!(is_pinned(image), "{directory}: FROM {image} has no version");
        }
        let copied = dockerfile.copied();
        assert!(!copied.is_empty());
        for source in copied {
            assert!(context.join(source).try_exists().unwrap(), "{directory}: COPY {source}");
            assert!(reaches_the_builder(&context, source), "{directory}: .dockerignore keeps {source} back");
        }
        let user = dockerfile.last("USER").expect("a user is set");
        assert!(!user.starts_with('0') && !user.starts_with("root"), "{directory}: runs as {user}");
        for list in ["CMD", "ENTRYPOINT"].into_iter().filter_map(|name| dockerfile.last(name)) {
            serde_json::from_str::<Vec<String>>(list).unwrap_or_else(|error| panic!("{list}: {error}"));
        }
    }
}

/// Everything Cargo reads from the manifest is in the build's context, so the build begins at all.
#[test]
fn cargo_finds_its_package_in_the_build_context() {
    let context = tempfile::tempdir().unwrap();
    let dockerfile = Dockerfile::read(root());
    for source in dockerfile.copied() {
        let copy =
            Command::new("cp").arg("-r").arg(root().join(source)).arg(context.path()).status().unwrap();
        assert!(copy.success(), "{source}");
    }
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--offline", "--no-deps", "--format-version", "1"])
        .current_dir(context.path())
        .output()
        .unwrap();
    assert!(metadata.status.success(), "{}", String::from_utf8_lossy(&metadata.stderr));
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The Dockerfile of a service whose image is ours.
fn dockerfile_of(service: &Service) -> Option<Dockerfile> {
    service.build.as_ref().map(|context| Dockerfile::read(&root().join(context)))
}

/// A value of a service's environment; where that is the mounted root of the host, the root.
fn on_this_machine<'a>(service: &Service, value: &'a str) -> &'a str {
    if service.mounts().contains(&("/".to_owned(), value.to_owned())) { "/" } else { value }
}

/// Whether an image's tag is a version rather than something that moves, such as `latest` or nothing.
fn is_pinned(image: &str) -> bool {
    image.split_once(':').is_some_and(|(_, tag)| tag.split('-').next().unwrap().matches('.').count() >= 1)
}

/// Whether a context's `.dockerignore`, where there is one, lets a path of the top level through.
fn reaches_the_builder(context: &Path, source: &str) -> bool {
    let Ok(ignored) = std::fs::read_to_string(context.join(".dockerignore")) else { return true };
    let top = source.split('/').next().unwrap();
    ignored.lines().any(|line| line == format!("!{top}"))
}
