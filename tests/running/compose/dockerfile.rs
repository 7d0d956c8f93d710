//! A Dockerfile as a list of instructions.

use std::path::Path;

pub struct Dockerfile {
    /// Name and arguments of each.
    instructions: Vec<(String, String)>,
}

/// What may stand at the beginning of a line.
const INSTRUCTIONS: [&str; 13] = [
    "FROM",
    "WORKDIR",
    "COPY",
    "RUN",
    "USER",
    "EXPOSE",
    "HEALTHCHECK",
    "STOPSIGNAL",
    "ENTRYPOINT",
    "CMD",
    "ENV",
    "ARG",
    "LABEL",
];

impl Dockerfile {
    pub fn read(context: &Path) -> Self {
        let text = std::fs::read_to_string(context.join("Dockerfile")).unwrap();
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
        let joined = lines.join("\n").replace("\\\n", " ");
        let instruction = |line: &str| {
            let (name, arguments) =
                line.split_once(' ').unwrap_or_else(|| panic!("{line:?} has no arguments"));
            assert!(INSTRUCTIONS.contains(&name), "{name} is no instruction");
            (name.to_owned(), arguments.trim().to_owned())
        };
        Self { instructions: joined.lines().filter(|line| !line.is_empty()).map(instruction).collect() }
    }

    pub fn has(&self, name: &str) -> bool {
        self.last(name).is_some()
    }

    /// The arguments of the last instruction of a name, the one that holds.
    pub fn last(&self, name: &str) -> Option<&str> {
        self.all(name).last()
    }

    /// The images it starts from.
    pub fn images(&self) -> Vec<&str> {
        self.all("FROM").map(|arguments| arguments.split_whitespace().next().unwrap()).collect()
    }

    /// The paths it copies from its context.
    pub fn copied(&self) -> Vec<&str> {
        let from_context = self.all("COPY").filter(|arguments| !arguments.starts_with("--from="));
        from_context
            .flat_map(|arguments| {
                let mut paths: Vec<&str> = arguments.split_whitespace().collect();
                paths.pop();
                paths
            })
            .collect()
    }

    pub fn exposes(&self, port: u16) -> bool {
        self.all("EXPOSE").flat_map(str::split_whitespace).any(|exposed| exposed == port.to_string())
    }

    fn all(&self, wanted: &str) -> impl Iterator<Item = &str> {
        let matching = self.instructions.iter().filter(move |(name, _)| name == wanted);
        matching.map(|(_, arguments)| arguments.as_str())
    }
}
