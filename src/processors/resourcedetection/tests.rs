//! What is detected, and what becomes of resources.

use std::fs;

use tempfile::TempDir;

use super::system::AttributeSwitch;
use super::*;

const FILES: [(&str, &str); 12] = [
    ("proc/sys/kernel/hostname", "web-1\n"),
    ("proc/sys/kernel/ostype", "Linux\n"),
    ("proc/sys/kernel/osrelease", "6.1.0\n"),
    ("proc/sys/kernel/version", "#1 SMP\n"),
    ("etc/hosts", "127.0.0.1 localhost.localdomain localhost\n10.0.0.5 web-1.shop.example web-1 # here\n"),
    ("etc/machine-id", "0123456789abcdef0123456789abcdef\n"),
    ("etc/os-release", "PRETTY_NAME=\"Debian GNU/Linux 12\"\nID=debian\nVERSION_ID=\"12\"\n"),
    ("sys/class/net/eth0/operstate", "up\n"),
    ("sys/class/net/eth0/address", "02:42:ac:11:00:02\n"),
    ("sys/class/net/eth1/operstate", "down\n"),
    ("sys/class/net/eth1/address", "02:42:ac:11:00:03\n"),
    ("sys/class/net/lo/address", "00:00:00:00:00:00\n"),
];

fn host() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in FILES {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    root
}

fn detected(detectors: &[&str], system: SystemConfig, environment: &str) -> Result<Vec<String>, String> {
    let detectors = detectors.iter().map(|detector| (*detector).to_owned()).collect();
    let config = ResourceDetectionConfig { detectors, system, ..ResourceDetectionConfig::default() };
    let variable = |name: &str| (name == "OTEL_RESOURCE_ATTRIBUTES").then(|| environment.to_owned());
    let found = config.detect(variable, host().path())?;
    let line = |(key, value): (String, serde_yaml::Value)| {
        format!(
            "{key}={}",
            serde_yaml::to_string(&value).unwrap().trim_end().replace("- ", "").replace('\n', ",")
        )
    };
    Ok(found.into_iter().map(line).collect())
}

#[test]
fn the_system_says_the_hosts_name_and_what_else_is_wanted() {
    let system = SystemConfig::default();
    assert_eq!(detected(&["system"], system, "").unwrap(), ["host.name=web-1.shop.example", "os.type=linux"]);
    let mut system = SystemConfig { hostname_sources: vec!["os".to_owned()], ..SystemConfig::default() };
    for key in
        ["host.id", "host.interface", "host.mac", "os.build.id", "os.description", "os.name", "os.version"]
    {
        system.resource_attributes.insert(key.to_owned(), AttributeSwitch { enabled: true });
    }
    system.resource_attributes.insert("os.type".to_owned(), AttributeSwitch { enabled: false });
    let description = format!("Debian GNU/Linux 12 (Linux web-1 6.1.0 #1 SMP {})", std::env::consts::ARCH);
    assert_eq!(
        detected(&["system"], system, "").unwrap(),
        [
            "host.name=web-1".to_owned(),
            "host.id=0123456789abcdef0123456789abcdef".to_owned(),
            "host.interface=eth0,eth1,lo".to_owned(),
            "host.mac=02-42-AC-11-00-02".to_owned(),
            "os.build.id=6.1.0".to_owned(),
            format!("os.description='{description}'"),
            "os.name=debian".to_owned(),
            "os.version='12'".to_owned(),
        ]
    );
}

#[test]
fn the_environment_says_what_its_variable_holds() {
    let found = |text| detected(&["env"], SystemConfig::default(), text);
    assert_eq!(
        found(" service.name=shop , a=b%20c%3D,empty=,").unwrap(),
        ["service.name=shop", "a=b c=", "empty=''"]
    );
    assert_eq!(found("").unwrap(), Vec::<String>::new());
    assert_eq!(found("a").unwrap_err(), "invalid resource format, invalid text: \"a\"");
    assert_eq!(
        found("a=%2").unwrap_err(),
        "invalid resource format in attribute: \"a=%2\", err: invalid URL escape"
    );
}

#[test]
fn of_an_attribute_found_twice_the_first_detectors_value_holds() {
    let both = |detectors: &[&str]| {
        detected(detectors, SystemConfig::default(), "host.name=named,os.type=other").unwrap()
    };
    assert_eq!(both(&["env", "system"]), ["host.name=named", "os.type=other"]);
    assert_eq!(both(&["system", "env"]), ["host.name=web-1.shop.example", "os.type=linux"]);
    assert_eq!(
        detected(&["env", "system"], SystemConfig::default(), "broken").unwrap(),
        ["host.name=web-1.shop.example", "os.type=linux"]
    );
}
