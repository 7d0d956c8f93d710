//! The parts of a compose file that ours uses; anything else in it is an error.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_yaml::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compose {
    #[serde(rename = "name")]
    _name: String,
    pub services: BTreeMap<String, Service>,
    pub volumes: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    #[serde(skip)]
    pub name: String,
    /// The context that the image is built from; without one it is somebody else's image.
    pub build: Option<String>,
    pub image: String,
    #[serde(default, rename = "command")]
    _command: Vec<String>,
    #[serde(default, rename = "pid")]
    _pid: Option<String>,
    #[serde(default)]
    ports: Vec<String>,
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    #[serde(default)]
    volumes: Vec<String>,
    #[serde(default)]
    pub depends_on: BTreeMap<String, Dependency>,
    #[serde(default, rename = "stop_grace_period")]
    _stop_grace_period: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dependency {
    pub condition: String,
}

impl Compose {
    pub fn read() -> Self {
        let text = std::fs::read_to_string(super::root().join("docker-compose.yml")).unwrap();
        let mut compose: Self = serde_yaml::from_str(&text).unwrap();
        for (name, service) in &mut compose.services {
            service.name.clone_from(name);
        }
        compose
    }

    pub fn names(&self) -> Vec<&str> {
        self.services.keys().map(String::as_str).collect()
    }
}

impl Service {
    /// Each published port as (on the host, in the container).
    pub fn port_pairs(&self) -> Vec<(u16, u16)> {
        let pair = |text: &String| {
            let (host, container) = text.split_once(':').expect("ports are written HOST:CONTAINER");
            (host.parse().unwrap(), container.parse().unwrap())
        };
        self.ports.iter().map(pair).collect()
    }

    /// Each mount as (what, where).
    pub fn mounts(&self) -> Vec<(String, String)> {
        let mount = |text: &String| {
            let mut parts = text.split(':');
            let (source, target) =
                (parts.next().unwrap(), parts.next().expect("mounts are written SOURCE:TARGET"));
            assert!(matches!(parts.next(), None | Some("ro")), "{text}");
            (source.to_owned(), target.to_owned())
        };
        self.volumes.iter().map(mount).collect()
    }

    /// What is mounted at `target`.
    pub fn mounted_at(&self, target: &str) -> String {
        let mut mounts = self.mounts().into_iter();
        mounts.find(|(_, at)| at == target).unwrap_or_else(|| panic!("nothing is mounted at {target}")).0
    }
}
