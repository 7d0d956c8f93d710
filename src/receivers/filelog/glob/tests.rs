//! What patterns match, by themselves and in a folder.

use super::*;

fn matches(pattern: &str, path: &str) -> bool {
    Glob::parse(pattern).unwrap().matches(Path::new(path))
}

#[test]
fn wildcards_stay_within_a_name() {
    for (pattern, path) in [
        ("/var/log/*.log", "/var/log/a.log"),
        ("/var/log/a?.log", "/var/log/aé.log"),
        ("/var/*/a.log", "/var/log/a.log"),
        ("a*b*c", "aXbYbZc"),
        ("*", ".hidden"),
        ("./a/*.log", "a/b.log"),
    ] {
        assert!(matches(pattern, path), "{pattern} {path}");
    }
    for (pattern, path) in [
        ("/var/log/*.log", "/var/log/a/b.log"),
        ("/var/log/*.log", "/var/log/a.logs"),
        ("/var/log/?.log", "/var/log/.log"),
        ("*.log", "/a.log"),
        ("a*b*c", "aXbYbZcd"),
    ] {
        assert!(!matches(pattern, path), "{pattern} {path}");
    }
}

#[test]
fn two_stars_are_any_number_of_folders() {
    for path in ["/v/a.log", "/v/x/a.log", "/v/x/y/a.log"] {
        assert!(matches("/v/**/a.log", path), "{path}");
        assert!(matches("/v/**", path), "{path}");
    }
    assert!(!matches("/v/**/a.log", "/w/a.log"));
    assert!(!matches("/v/x**/a.log", "/v/x/y/a.log"), "within a name they are one star");
    assert!(matches("/v/x**/a.log", "/v/xyz/a.log"));
    assert!(matches("/**/x/**/a", "/1/x/2/3/a"));
}

#[test]
fn classes_braces_and_escapes() {
    for (pattern, path) in [
        ("[a-c]1", "b1"),
        ("[^a-c]1", "d1"),
        ("[!a]1", "b1"),
        (r"[\]]", "]"),
        ("[a-]", "-"),
        ("{a,b}.log", "b.log"),
        ("/{a/b,c}/*.log", "/a/b/x.log"),
        ("/{a,{b,c}d}", "/cd"),
        ("x{,.1}", "x"),
        (r"\*", "*"),
        (r"\{a,b}", "{a,b}"),
        ("[{,}]", ","),
    ] {
        assert!(matches(pattern, path), "{pattern} {path}");
    }
    for (pattern, path) in [("[a-c]1", "d1"), ("[^a-c]1", "a1"), ("{a,b}.log", "c.log"), (r"\*", "a")] {
        assert!(!matches(pattern, path), "{pattern} {path}");
    }
}

#[test]
fn what_is_no_pattern_is_refused() {
    for pattern in ["[", "[]", "[a", "{a", "{a,b", r"a\", "a/[^]", r"[a\"] {
        assert_eq!(Glob::parse(pattern), Err(InvalidGlob), "{pattern}");
    }
    let bomb = "{a,b}".repeat(30);
    assert_eq!(Glob::parse(&bomb), Err(InvalidGlob));
}

#[test]
fn files_are_found_through_folders_and_links_but_not_in_circles() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    fs::create_dir_all(at("a/b")).unwrap();
    for name in ["1.log", "a/2.log", "a/b/3.log", "a/b/3.txt"] {
        fs::write(at(name), "x").unwrap();
    }
    fs::create_dir(at("folder.log")).unwrap();
    std::os::unix::fs::symlink(at("a/b/3.log"), at("link.log")).unwrap();
    std::os::unix::fs::symlink(directory.path(), at("a/circle")).unwrap();
    std::os::unix::fs::symlink(at("nowhere"), at("dangling.log")).unwrap();
    let found = |pattern: &str| {
        let mut found = Vec::new();
        let glob = Glob::parse(at(pattern).to_str().unwrap()).unwrap();
        glob.find(&mut found, &mut |path, error| panic!("{}: {error}", path.display()));
        found.sort();
        let names = found.iter().map(|path| path.strip_prefix(directory.path()).unwrap());
        names.map(|name| name.to_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found("*.log"), ["1.log", "link.log"]);
    assert_eq!(found("a/*/3.log"), ["a/b/3.log"]);
    assert_eq!(found("**/3.*"), ["a/b/3.log", "a/b/3.txt"]);
    assert_eq!(found("1.log"), ["1.log"]);
    assert_eq!(found("{1,2,9}.log"), ["1.log"]);
    assert_eq!(found("nothing/*"), Vec::<String>::new());
    assert_eq!(found("**"), ["1.log", "a/2.log", "a/b/3.log", "a/b/3.txt", "link.log"]);
}
