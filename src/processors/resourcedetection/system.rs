//! Detector `system`: what the files of a Linux system say of the host.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_yaml::Value;

use super::Detected;
use crate::config_section;

config_section! {
    /// What the system says of itself.
    pub struct SystemConfig {
        /// Where the host's name is from; the first that knows it. `os` is the name the kernel has, `dns` the full name
        /// that `/etc/hosts` has for it.
        pub hostname_sources: Vec<String> = Vec::new(),
        /// Which attributes are wanted: `host.name` and `os.type` in any case, and, where enabled, `host.arch`, `host.id`,
        /// `host.interface`, `host.mac`, `os.build.id`, `os.description`, `os.name`, `os.version`.
        pub resource_attributes: BTreeMap<String, AttributeSwitch> = BTreeMap::new(),
    }
    check(section, checking) {
        for source in &section.hostname_sources {
            if !HOSTNAME_SOURCES.contains(&source.as_str()) {
                checking.error_at("hostname_sources", format!("hostname_sources contains invalid value: {source:?}"));
            }
        }
        for key in section.resource_attributes.keys() {
            if !ATTRIBUTES.iter().any(|(known, _)| known == key) {
                let known: Vec<_> = ATTRIBUTES.iter().map(|(known, _)| *known).collect();
                checking.error_at("resource_attributes", format!("unknown resource attribute {key:?} (there are {})", known.join(", ")));
            }
        }
    }
}

config_section! {
    /// One attribute.
    pub struct AttributeSwitch {
        /// Whether it is wanted.
        pub enabled: bool = false,
    }
}

/// As the Collector tries them.
const HOSTNAME_SOURCES: [&str; 2] = ["dns", "os"];

/// Every attribute, and whether it is wanted where nothing is said.
const ATTRIBUTES: [(&str, bool); 10] = [
    ("host.name", true),
    ("os.type", true),
    ("host.arch", false),
    ("host.id", false),
    ("host.interface", false),
    ("host.mac", false),
    ("os.build.id", false),
    ("os.description", false),
    ("os.name", false),
    ("os.version", false),
];

impl SystemConfig {
    /// What is wanted and known of the system whose files are under `root`.
    pub(super) fn detect(&self, root: &Path) -> Result<Vec<Detected>, String> {
        let files = SystemFiles { root };
        let hostname = self.hostname(&files).ok_or("all hostname sources failed to get hostname")?;
        let mut detected = Vec::new();
        for (key, by_default) in ATTRIBUTES {
            let is_wanted = self.resource_attributes.get(key).map_or(by_default, |switch| switch.enabled);
            if !is_wanted {
                continue;
            }
            let value = match key {
                "host.name" => Some(Value::from(hostname.clone())),
                "os.type" => Some("linux".into()),
                "host.arch" => Some(architecture().into()),
                "host.id" => files.host_id().map(Value::from),
                "host.interface" => Some(files.interfaces().into()),
                "host.mac" => Some(files.hardware_addresses().into()),
                "os.build.id" => {
                    files.release("BUILD_ID").or_else(|| files.kernel("osrelease")).map(Value::from)
                }
                "os.description" => files.description().map(Value::from),
                "os.name" => files.release("ID").map(Value::from),
                _ => files.release("VERSION_ID").map(Value::from),
            };
            match value {
                Some(value) => detected.push((key.to_owned(), value)),
                None => tracing::warn!(attribute = key, "the system does not say what it is"),
            }
        }
        Ok(detected)
    }

    fn hostname(&self, files: &SystemFiles<'_>) -> Option<String> {
        let known: Vec<String> = HOSTNAME_SOURCES.map(str::to_owned).into();
        let sources = if self.hostname_sources.is_empty() { &known } else { &self.hostname_sources };
        let name = files.kernel("hostname")?;
        sources.iter().find_map(|source| match source.as_str() {
            "dns" => files.full_name(&name),
            _ => Some(name.clone()),
        })
    }
}

struct SystemFiles<'r> {
    root: &'r Path,
}

impl SystemFiles<'_> {
    /// A line of a file; none where there is no such file, or nothing in it.
    fn line(&self, path: &str) -> Option<String> {
        let text = fs::read_to_string(self.root.join(path)).ok()?;
        let line = text.trim();
        (!line.is_empty()).then(|| line.to_owned())
    }

    fn kernel(&self, name: &str) -> Option<String> {
        self.line(&format!("proc/sys/kernel/{name}"))
    }

    /// The name with a dot that the hosts file has in a line with `name`.
    fn full_name(&self, name: &str) -> Option<String> {
        let hosts = fs::read_to_string(self.root.join("etc/hosts")).ok()?;
        hosts.lines().find_map(|line| {
            let line = line.split_once('#').map_or(line, |(line, _)| line);
            let names: Vec<&str> = line.split_whitespace().skip(1).collect();
            let full = names.iter().find(|full| full.contains('.'))?;
            names.contains(&name).then(|| (*full).to_owned())
        })
    }

    fn host_id(&self) -> Option<String> {
        self.line("etc/machine-id").or_else(|| self.line("var/lib/dbus/machine-id"))
    }

    /// A value of `/etc/os-release`.
    fn release(&self, key: &str) -> Option<String> {
        let release = fs::read_to_string(self.root.join("etc/os-release")).ok()?;
        let value = release.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='))?;
        Some(value.trim_matches(['"', '\'']).to_owned())
    }

    /// The name of the distribution and what the kernel says of itself.
    fn description(&self) -> Option<String> {
        let (kernel, version) = (self.kernel("ostype")?, self.kernel("version")?);
        let (host, release) = (self.kernel("hostname")?, self.kernel("osrelease")?);
        let machine = std::env::consts::ARCH;
        let uname = format!("{kernel} {host} {release} {version} {machine}");
        Some(match self.release("PRETTY_NAME") {
            Some(name) => format!("{name} ({uname})"),
            None => uname,
        })
    }

    fn interfaces(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.root.join("sys/class/net")) else { return Vec::new() };
        let mut names: Vec<String> =
            entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort_unstable();
        names
    }

    /// In IEEE's form, of interfaces that are up and not the loopback.
    fn hardware_addresses(&self) -> Vec<String> {
        let interfaces = self.interfaces();
        let of_interface = |name: &String| {
            let state = self.line(&format!("sys/class/net/{name}/operstate"))?;
            let address = self.line(&format!("sys/class/net/{name}/address"))?;
            let is_loopback = address.bytes().all(|byte| matches!(byte, b'0' | b':'));
            (state != "down" && !is_loopback).then(|| address.to_uppercase().replace(':', "-"))
        };
        interfaces.iter().filter_map(of_interface).collect()
    }
}

/// The processor in the words of the semantic conventions.
const fn architecture() -> &'static str {
    match std::env::consts::ARCH.as_bytes() {
        b"x86_64" => "amd64",
        b"aarch64" => "arm64",
        b"arm" => "arm32",
        b"x86" => "x86",
        b"powerpc64" => "ppc64",
        b"s390x" => "s390x",
        _ => std::env::consts::ARCH,
    }
}
