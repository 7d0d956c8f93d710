//! Which requests are let in.

use super::*;
use crate::config::Secret;

fn parts(method: Method, uri: &str, fields: &[(&'static str, &str)]) -> Parts {
    let mut request = http::Request::builder().method(method).uri(uri);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

fn open() -> Security {
    Security::new(None, &["weir.example".to_owned()], "localhost:4320", false).unwrap()
}

fn guarded() -> Security {
    let auth = ConsoleAuthConfig {
        token: Secret::new("s3cret+/=".to_owned()),
        username: "operator".to_owned(),
        password: Secret::new("pass:word".to_owned()),
    };
    Security::new(Some(&auth), &[], "0.0.0.0:4320", true).unwrap()
}

fn status(security: &Security, request: &Parts) -> u16 {
    security.refuse(request).map_or(200, |response| response.status().as_u16())
}

#[test]
fn without_authentication_only_names_of_the_loopback_are_answered() {
    for (host, expected) in [
        ("localhost:4320", 200),
        ("LOCALHOST", 200),
        ("127.0.0.1:4320", 200),
        ("127.1.2.3", 200),
        ("[::1]:4320", 200),
        ("weir.localhost:1", 200),
        ("weir.example:4320", 200),
        ("attacker.example:4320", 421),
        ("127.0.0.1.attacker.example", 421),
        ("10.0.0.1:4320", 421),
        ("", 421),
    ] {
        assert_eq!(status(&open(), &parts(Method::GET, "/", &[("host", host)])), expected, "{host}");
    }
    assert_eq!(status(&open(), &parts(Method::GET, "/", &[])), 421);
    let twice = [("host", "localhost"), ("host", "attacker.example")];
    assert_eq!(status(&open(), &parts(Method::GET, "/", &twice)), 421);
}

#[test]
fn other_origins_get_nothing_from_the_api_and_change_nothing() {
    let api = "/api/v1/services";
    let host = ("host", "localhost:4320");
    for (method, path, fields, expected) in [
        (Method::GET, api, vec![host], 200),
        (Method::GET, api, vec![host, ("sec-fetch-site", "same-origin")], 200),
        (Method::GET, api, vec![host, ("sec-fetch-site", "none")], 200),
        (Method::GET, api, vec![host, ("sec-fetch-site", "cross-site")], 403),
        (Method::GET, api, vec![host, ("sec-fetch-site", "same-site")], 403),
        (Method::GET, api, vec![host, ("origin", "http://localhost:4320")], 200),
        (Method::GET, api, vec![host, ("origin", "http://localhost:3000")], 403),
        (Method::GET, api, vec![host, ("origin", "null")], 403),
        (Method::GET, "/", vec![host, ("sec-fetch-site", "cross-site")], 200),
        (Method::POST, api, vec![host], 200),
        (Method::POST, api, vec![host, ("sec-fetch-site", "none")], 403),
        (Method::POST, api, vec![host, ("origin", "http://attacker.example")], 403),
        (Method::POST, "/", vec![host, ("sec-fetch-site", "cross-site")], 403),
    ] {
        assert_eq!(
            status(&open(), &parts(method.clone(), path, &fields)),
            expected,
            "{method} {path} {fields:?}"
        );
    }
}

#[test]
fn credentials_are_a_token_a_password_or_the_cookie_of_a_login() {
    let security = guarded();
    let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
    for (authorization, expected) in [
        ("Bearer s3cret+/=".to_owned(), 200),
        ("bearer s3cret+/=".to_owned(), 200),
        ("Bearer s3cret".to_owned(), 401),
        ("Bearer ".to_owned(), 401),
        (basic("operator:pass:word"), 200),
        (basic("operator:"), 401),
        (basic("s3cret+/="), 401),
        ("Basic not base64".to_owned(), 401),
        (String::new(), 401),
    ] {
        let request = parts(Method::GET, "/", &[("authorization", &authorization)]);
        assert_eq!(status(&security, &request), expected, "{authorization}");
    }
    let login = security.refuse(&parts(Method::GET, "/logs?token=s3cret%2B%2F%3D&q=a%20b", &[])).unwrap();
    assert_eq!(login.status(), StatusCode::SEE_OTHER);
    assert_eq!(login.headers()[header::LOCATION], "/logs?q=a%20b");
    let cookie = login.headers()[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict; Secure"), "{cookie}");
    let cookie = format!("theme=dark; {}", cookie.split(';').next().unwrap());
    assert_eq!(status(&security, &parts(Method::GET, "/", &[("cookie", &cookie)])), 200);
    assert_eq!(status(&security, &parts(Method::GET, "/", &[("cookie", &format!("{cookie}0"))])), 401);
    assert_eq!(status(&security, &parts(Method::GET, "/?token=wrong", &[])), 401);
    // A token in the address of the API would end up in logs.
    assert_eq!(status(&security, &parts(Method::GET, "/api/v1/status?token=s3cret%2B%2F%3D", &[])), 401);
}

#[test]
fn a_login_leads_nowhere_else() {
    for path in ["//attacker.example/", "/\\attacker.example/", "/\\/attacker.example/"] {
        let request = parts(Method::GET, &format!("{path}?token=s3cret%2B%2F%3D"), &[]);
        let login = guarded().refuse(&request).unwrap();
        assert_eq!(login.headers()[header::LOCATION], "/attacker.example/", "{path}");
    }
}

#[test]
fn other_machines_reach_it_with_authentication_only() {
    assert!(open().check_address("tcp", "127.0.0.1:4320").is_ok());
    assert!(open().check_address("tcp", "[::1]:4320").is_ok());
    assert!(open().check_address("unix", "/run/weir.sock").is_ok());
    assert!(open().check_address("unix", "weir.sock").is_ok());
    let error = open().check_address("tcp", "0.0.0.0:4320").unwrap_err().to_string();
    assert_eq!(error, format!("0.0.0.0:4320 can be reached from other machines: {WHAT_TO_DO_ABOUT_ADDRESS}"));
    assert!(guarded().check_address("tcp", "0.0.0.0:4320").is_ok());
}
