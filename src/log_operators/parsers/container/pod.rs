//! The pod and container of a log file, from its path: `.../NAMESPACE_POD_UID/CONTAINER/RESTARTS.log`.

/// What a path says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pod<'t> {
    /// The namespace of the pod.
    pub namespace: &'t str,
    /// The name of the pod.
    pub name: &'t str,
    /// The identity of the pod, in hexadecimal with hyphens.
    pub uid: &'t str,
    /// The container within.
    pub container_name: &'t str,
    /// How often the container was started again.
    pub restart_count: &'t str,
}

const SEPARATORS: [char; 2] = ['/', '\\'];

/// The pod of a path; none where the path is no log file of a pod. The file may be rotated.
pub fn pod_of_path(path: &str) -> Option<Pod<'_>> {
    let path = without_rotation(path).strip_suffix(".log")?;
    let (path, restart_count) = path.rsplit_once(SEPARATORS)?;
    if restart_count.is_empty() || !restart_count.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (path, behind) = path.rsplit_once('_')?;
    let (uid, container_name) = behind.split_once(SEPARATORS)?;
    let is_uid = |byte: u8| matches!(byte, b'a'..=b'f' | b'0'..=b'9' | b'-');
    if uid.is_empty() || !uid.bytes().all(is_uid) || container_name.is_empty() || container_name.contains('.')
    {
        return None;
    }
    let (path, name) = path.rsplit_once('_')?;
    let namespace = namespace_at_the_end(path)?;
    if name.is_empty() || namespace.contains('_') {
        return None;
    }
    Some(Pod { namespace, name, uid, container_name, restart_count })
}

/// What is behind the last separator that has something behind it and no line break before it. As in the documented
/// expression, whose `.` is no line break, a namespace then has the separators that cannot end the folder.
fn namespace_at_the_end(path: &str) -> Option<&str> {
    let (last, _) = path.char_indices().next_back()?;
    let end_of_line = path.find('\n').unwrap_or(last);
    let (folder, _) = path[..last.min(end_of_line)].rsplit_once(SEPARATORS)?;
    path.get(folder.len() + 1..)
}

/// The path without a suffix such as `.20240131-235959`.
fn without_rotation(path: &str) -> &str {
    let Some((rest, suffix)) = path.rsplit_once('.') else {
        return path;
    };
    let is_moment = suffix.len() == 15
        && suffix
            .bytes()
            .enumerate()
            .all(|(at, byte)| if at == 8 { byte == b'-' } else { byte.is_ascii_digit() });
    if is_moment { rest } else { path }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::compile_go_regexp;
    use crate::log_operators::parsers::regex::NamedGroups;
    use crate::log_operators::{Value, ValueMap};

    const DOCUMENTED: &str = r"^.*(\/|\\)(?P<namespace>[^_]+)_(?P<pod_name>[^_]+)_(?P<uid>[a-f0-9\-]+)(\/|\\)(?P<container_name>[^\._]+)(\/|\\)(?P<restart_count>\d+)\.log(\.\d{8}-\d{6})?$";

    #[test]
    fn the_path_of_a_pod_is_taken_apart() {
        let expected = Pod {
            namespace: "some-ns",
            name: "kube-controller.kind",
            uid: "49cc7c1f-d370",
            container_name: "kube-controller",
            restart_count: "12",
        };
        for path in [
            "/var/log/pods/some-ns_kube-controller.kind_49cc7c1f-d370/kube-controller/12.log",
            "/var/log/pods/some-ns_kube-controller.kind_49cc7c1f-d370/kube-controller/12.log.20240131-235959",
            "C:\\var\\some-ns_kube-controller.kind_49cc7c1f-d370\\kube-controller\\12.log",
        ] {
            assert_eq!(pod_of_path(path), Some(expected), "{path}");
        }
        let in_a_folder_of_two_lines = pod_of_path("/var/\n/some-ns_pod_1f/container/0.log").unwrap();
        assert_eq!(in_a_folder_of_two_lines.namespace, "\n/some-ns");
        let ending_in_a_separator = pod_of_path("/var/some-ns/_pod_1f/container/0.log").unwrap();
        assert_eq!(ending_in_a_separator.namespace, "some-ns/");
        for path in [
            "some-ns_pod_1f/container/0.log",
            "/var/some-ns_pod_xyz/container/0.log",
            "/var/some-ns_pod_1f/container/a.log",
            "/var/some-ns_pod_1f/container/0.log.gz",
            "/var/log/messages",
        ] {
            assert_eq!(pod_of_path(path), None, "{path}");
        }
    }

    proptest! {
        #[test]
        fn paths_are_those_of_the_documented_expression(
            path in "(/|\n|p|\\\\|_){0,3}/?(n|m|_|/){1,2}_(p|_|\\.){1,2}_(a|g|-){1,2}/(c|_|/c|\\.){1,2}/(0|x)(\\.log)(\\.20240131-235959|\\.1)?",
        ) {
            let groups = NamedGroups::new(compile_go_regexp(DOCUMENTED).unwrap());
            let pod = pod_of_path(&path).map(|pod| -> ValueMap {
                let parts = [pod.namespace, pod.name, pod.uid, pod.container_name, pod.restart_count];
                let names = ["namespace", "pod_name", "uid", "container_name", "restart_count"];
                names.into_iter().zip(parts.map(Value::from)).collect()
            });
            prop_assert_eq!(pod, groups.of(&path).ok());
        }
    }
}
