//! Random log lines of the formats that parsers read, some of them broken.

use serde_json::{Value, json};

use crate::random::Random;

pub const LEVELS: [&str; 10] =
    ["info", "WARN", "error", "Debug", "fatal2", "trace", "notice", "critical", "17", "no level"];
pub const TEXTS: [&str; 8] =
    ["order 42 accepted", "", "a \\\"quoted\\\" word", "ünïcode ☃", "x=1, y=2", "/cart?id=7", "a  b", "100%"];

/// Some lines, each of which is one of `line`'s.
pub fn some(random: &mut Random, line: fn(&mut Random) -> String) -> Vec<String> {
    (0..random.count(1, 12)).map(|_| line(random)).collect()
}

/// An object of JSON, or something that is none.
pub fn json_object(random: &mut Random) -> String {
    if random.chance(0.1) {
        return random.pick(&["{\"open\": ", "[1, 2]", "\"text\"", "no json", "17", "null", "{}"]).to_owned();
    }
    let mut object = json!({"level": random.pick(&LEVELS), "message": random.pick(&TEXTS)});
    if random.chance(0.7) {
        object["time"] = json!(random.pick(&[
            "2024-02-29T23:59:59.123Z",
            "2024-01-02T03:04:05Z",
            "2024-01-02 03:04:05,678",
            "1700000000",
            "1700000000.25",
            "yesterday",
        ]));
    }
    if random.chance(0.6) {
        object["n"] = random.pick(&[json!(1), json!(-7), json!(2.5), json!(1e21), json!(0), json!("3")]);
    }
    if random.chance(0.5) {
        object["nested"] = json!({"a": {"b": random.number(0, 9)}, "list": [1, "two", null, {"x": true}]});
    }
    if random.chance(0.3) {
        object["flag"] = json!(random.chance(0.5));
    }
    if random.chance(0.2) {
        object["nothing"] = Value::Null;
    }
    if random.chance(0.3) {
        object["trace_id"] = json!(random.identifier(16));
        object["span_id"] = json!(random.identifier(8));
        object["trace_flags"] = json!(random.pick(&["01", "00"]));
    }
    object.to_string()
}

/// A list of JSON, or something that is none. No number has a fraction: the Collector makes 0 of 3.5.
pub fn json_array(random: &mut Random) -> String {
    random
        .pick(&["[]", "[1, \"two\", null, true]", "[{\"a\": 1}, [2]]", "{\"a\": 1}", "none", "[1, ", "[-7]"])
        .to_owned()
}

/// A line of an access log, or another one.
pub fn access(random: &mut Random) -> String {
    if random.chance(0.2) {
        return random.pick(&TEXTS).to_owned();
    }
    format!(
        "10.0.0.{} - {} [29/Feb/2024:23:59:{:02} +0100] \"{} {} HTTP/1.1\" {} {}",
        random.number(1, 254),
        random.pick(&["anna", "-"]),
        random.number(0, 59),
        random.pick(&["GET", "POST"]),
        random.pick(&["/", "/cart/7?x=1", "/ü"]),
        random.pick(&["200", "404", "500"]),
        random.pick(&["-", "17", "1048576"])
    )
}

/// Pairs of keys and values, with the delimiters of `operators::key_value`.
pub fn pairs(random: &mut Random) -> String {
    random
        .pick(&[
            "a=1 b=two c=",
            "name=\"quoted value\" level=info",
            "a=b=c d=1",
            "key",
            "",
            "a=1  b=2 ",
            "x:1,y:2",
            "x: 1 , y : two ",
            "one='single quoted' two=2",
            "a=1 a=2",
            "c=1 b",
        ])
        .to_owned()
}

/// Values with commas between them.
pub fn values(random: &mut Random) -> String {
    random
        .pick(&[
            "1,two,3",
            "\"quoted, comma\",2,3",
            "a,b",
            "a,b,c,d",
            ",,",
            "",
            "a;b;c",
            "\"doubled \"\"quotes\"\"\",x,y",
            "bare \"quote\" here,x,y",
            " spaced , x ,y ",
            "\"open,x,y",
            "a|b,c|d,e",
        ])
        .to_owned()
}

/// A message of syslog, of either format. Each has a time: the Collector fails where it is `-`, though RFC 5424 allows it.
pub fn syslog(random: &mut Random) -> String {
    let priority = random.number(0, 191);
    random
        .pick(&[
            format!("<{priority}>Oct 11 22:14:15 mymachine su[230]: 'su root' failed for lonvick on /dev/pts/8"),
            format!("<{priority}>Feb  5 17:32:18 10.0.0.99 sshd: Use the BFG!"),
            format!("<{priority}>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog 111 ID47 [exampleSDID@32473 iut=\"3\" eventSource=\"Application\"] An application event"),
            format!("<{priority}>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - It's time"),
            "no syslog".to_owned(),
            "<999>1 - - - - - - x".to_owned(),
            String::new(),
        ])
}

/// An address.
pub fn uri(random: &mut Random) -> String {
    random
        .pick(&[
            "https://anna:secret@example.com:8443/cart/7?x=1&y=2&x=3#part",
            "http://example.com",
            "/path/only?q=",
            "?a=1&b=two%20words&c",
            "mailto:anna@example.com",
            "http://[::1]:80/",
            "not a uri",
            "",
            "http://%zz/",
            "https://example.com/%C3%BC?%C3%BC=%E2%98%83",
        ])
        .to_owned()
}

/// What a container runtime writes, of either format.
pub fn container(random: &mut Random) -> String {
    let message = random.pick(&["order accepted", "", "with : colon", "{\\\"a\\\": 1}"]);
    match random.number(0, 9) {
        0..=3 => format!("2024-02-29T23:59:59.123456789Z {} F {message}", random.pick(&["stdout", "stderr"])),
        4 => format!(
            "2024-02-29T23:59:59.123456789Z stdout P {message}\n2024-02-29T23:59:59.123456789Z stdout F and the rest"
        ),
        5..=6 => format!("2024-02-29T23:59:59.1+01:00 stdout F {message}"),
        7..=8 => format!(
            "{{\"log\":\"{message}\\n\",\"stream\":\"stderr\",\"time\":\"2024-02-29T23:59:59.123456789Z\"}}"
        ),
        _ => random.pick(&["no container", "", "{\"log\": 1}"]).to_owned(),
    }
}

/// A line that begins a record, or goes on with one.
pub fn of_a_trace(random: &mut Random) -> String {
    random
        .pick(&["ERROR it broke", "  at cart (cart.js:7)", "  at main (main.js:1)", "INFO well", "end", ""])
        .to_owned()
}
