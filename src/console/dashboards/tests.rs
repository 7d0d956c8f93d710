//! Dashboards from files: what is taken, and where it is said to be wrong.

use super::*;

fn read(files: &[(&str, &str)]) -> Result<Vec<DashboardConfig>, String> {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(directory.path().join(name), text).unwrap();
    }
    let path = directory.path().to_str().unwrap();
    read_dashboards(path, &[]).map_err(|errors| errors.to_string().replace(&format!("{path}/"), ""))
}

const GOOD: &str = "title: Checkout\nrows:\n  - panels:\n      - {title: Orders, queries: [{metric: orders, aggregation: rate}]}\n";

#[test]
fn a_file_is_a_dashboard_called_like_it() {
    let dashboards = read(&[("shop.yaml", GOOD), ("notes.txt", "no dashboard")]).unwrap();
    assert_eq!(dashboards.len(), 1);
    assert_eq!((dashboards[0].id.as_str(), dashboards[0].title.as_str()), ("shop", "Checkout"));
    assert_eq!(dashboards[0].rows[0].panels[0].width, 8);
}

#[test]
fn everything_wrong_is_said_with_its_place() {
    let values = "title: Checkout\nrows:\n  - panels:\n      - title: Orders\n        width: 25\n        queries:\n          - {metric: orders, aggregation: median}\n          - {metric: orders, q: words}\n      - kind: gauge\n";
    let errors =
        read(&[("a.yaml", values), ("b.yaml", "titel: Checkout\nrows: [{panels: [{kind: pie}]}]\n")])
            .unwrap_err();
    let expected = [
        "a.yaml:5:16: rows::0::panels::0: width must be from 1 to 24",
        "a.yaml:7:43: rows::0::panels::0::queries::0: aggregation must be one of rate, increase, sum, average, minimum, maximum, last, series, p50, p90, p95, p99, heatmap, not \"median\"",
        "a.yaml:8:33: rows::0::panels::0::queries::1: the query cannot be read: column 1: \"words\" has no key: write key:value",
        "a.yaml:9:9: rows::0::panels::1: a panel of the kind gauge needs queries",
        "b.yaml:1:1: '' has invalid keys: titel (did you mean \"title\"? valid keys: id, title, description, rows)",
    ];
    let found: Vec<&str> = errors.lines().collect();
    for expected in expected {
        assert!(found.contains(&expected), "{expected}\nis not in\n{errors}");
    }
    assert!(errors.contains("b.yaml:2:25: "), "{errors}");
}

#[test]
fn an_id_is_one_dashboards() {
    let error = read(&[("a.yaml", &format!("id: b\n{GOOD}")), ("b.yaml", GOOD)]).unwrap_err();
    assert_eq!(error, "two dashboards have the id \"b\"");
}
