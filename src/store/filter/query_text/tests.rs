//! What each form of the language stands for, what is said of errors, and that text and filter are one.

use proptest::prelude::*;

use super::*;

fn parsed(text: &str) -> Vec<Condition> {
    parse_query_text(text, Signal::Logs).unwrap_or_else(|error| panic!("{text}: {error}")).conditions
}

fn condition(field: Field, test: Test, negated: bool) -> Condition {
    Condition { field, test, negated }
}

fn attribute(key: &str) -> Field {
    Field::Attribute(key.to_owned())
}

#[test]
fn each_form_stands_for_its_test() {
    let equals = |text: &str| Test::Equals(text.to_owned());
    let contains = |text: &str| Test::Contains(text.to_owned());
    for (text, field, test, negated) in [
        ("timeout", Field::Body, contains("timeout"), false),
        ("\"connection refused\"", Field::Body, contains("connection refused"), false),
        ("-healthz", Field::Body, contains("healthz"), true),
        ("NOT healthz", Field::Body, contains("healthz"), true),
        ("NOT -healthz", Field::Body, contains("healthz"), false),
        ("service:cart", Field::Service, equals("cart"), false),
        ("\"service\":cart", attribute("service"), equals("cart"), false),
        ("http.route:\"/cart /{id}\"", attribute("http.route"), equals("/cart /{id}"), false),
        ("url:http://a/b?c=d", attribute("url"), equals("http://a/b?c=d"), false),
        ("-user.id:*", attribute("user.id"), Test::Exists, true),
        ("user.id:\"*\"", attribute("user.id"), equals("*"), false),
        ("user.name~an", attribute("user.name"), contains("an"), false),
        ("http.status_code>=500", attribute("http.status_code"), Test::AtLeast(500.0), false),
        ("http.status_code>499.5", attribute("http.status_code"), Test::Above(499.5), false),
        ("retries<3", attribute("retries"), Test::Below(3.0), false),
        ("offset<=-3e2", attribute("offset"), Test::AtMost(-300.0), false),
        ("duration>1.5s", Field::DurationMilliseconds, Test::Above(1500.0), false),
        ("duration>250", Field::DurationMilliseconds, Test::Above(250.0), false),
        ("duration<20us", Field::DurationMilliseconds, Test::Below(0.02), false),
        ("severity:ERROR", Field::Severity, equals("error"), false),
        ("severity>=warn", Field::Severity, Test::AtLeast(13.0), false),
        ("severity>warn", Field::Severity, Test::Above(16.0), false),
        ("severity<=info", Field::Severity, Test::AtMost(12.0), false),
        ("severity<info", Field::Severity, Test::Below(9.0), false),
        (
            "trace:0AF7651916CD43DD8448EB211C80319C",
            Field::TraceId,
            equals("0af7651916cd43dd8448eb211c80319c"),
            false,
        ),
    ] {
        assert_eq!(parsed(text), [condition(field, test, negated)], "{text}");
    }
}

#[test]
fn words_look_at_what_the_signal_has() {
    let field =
        |signal| parse_query_text("checkout", signal).map(|filter| filter.conditions[0].field.clone());
    assert_eq!(field(Signal::Traces), Ok(Field::Name));
    assert_eq!(field(Signal::Logs), Ok(Field::Body));
    let error = field(Signal::Metrics).unwrap_err().to_string();
    assert_eq!(error, "column 1: \"checkout\" has no key: write key:value");
}

#[test]
fn conditions_stand_one_after_the_other() {
    let conditions = parsed("  service:cart AND -kind:client\ttimeout ");
    let expected = [
        condition(Field::Service, Test::Equals("cart".to_owned()), false),
        condition(Field::Kind, Test::Equals("client".to_owned()), true),
        condition(Field::Body, Test::Contains("timeout".to_owned()), false),
    ];
    assert_eq!(conditions, expected);
    assert_eq!(parsed(" "), []);
}

#[test]
fn errors_say_where_and_what_to_write() {
    for (text, expected) in [
        ("a \"b c", "column 3: the quote that opens here is never closed"),
        ("a:", "column 3: there is no value; write a:* for everything that has the key, or a value"),
        (":b", "column 1: there is no key before the comparison; write text in \"quotes\""),
        ("-", "column 1: - stands before nothing"),
        ("a NOT", "column 6: NOT stands before nothing"),
        ("a>b", "column 3: \"b\" is not a number"),
        (
            "duration>long",
            "column 10: \"long\" is not a number: durations are written like 250, 250ms or 1.5s",
        ),
        (
            "a OR b",
            "column 3: OR is not understood: all conditions must hold; for the word itself write \"OR\"",
        ),
        ("\"a\"b", "column 4: a blank is missing after the closing quote"),
        (
            "a\"b",
            "column 2: a quote stands within a word; put the whole of it in quotes and write \\\" there",
        ),
        ("\"\\n\"", "column 3: within quotes a backslash stands before \" or \\ only"),
        ("größe>viel", "column 7: \"viel\" is not a number"),
    ] {
        let error = parse_query_text(text, Signal::Logs).unwrap_err();
        assert_eq!(error.to_string(), expected, "{text}");
    }
}

#[test]
fn fields_are_named_as_in_queries() {
    assert_eq!(parse_field("service"), Ok(Field::Service));
    assert_eq!(parse_field(" http.route "), Ok(attribute("http.route")));
    assert_eq!(parse_field("\"name\""), Ok(attribute("name")));
    assert_eq!(parse_field("a:b").unwrap_err().to_string(), "column 2: only a key is expected here");
    assert_eq!(parse_field("").unwrap_err().to_string(), "column 1: a key is missing here");
}

fn any_field() -> impl Strategy<Value = Field> {
    let special = proptest::sample::select(SPECIAL_KEYS.map(|(_, field)| field).to_vec());
    prop_oneof![special, "[a-z.]{1,8}|service|-a|\\PC{0,6}".prop_map(Field::Attribute)]
}

fn any_test() -> impl Strategy<Value = Test> {
    let text = "[a-z]{1,6}|\\*|AND|OR|NOT|-a|\\PC{0,8}|[\"\\\\ :<>~a-]{0,6}";
    let number = -1e12..1e12_f64;
    prop_oneof![
        Just(Test::Exists),
        text.prop_map(Test::Equals),
        text.prop_map(Test::Contains),
        number.clone().prop_map(Test::Below),
        number.clone().prop_map(Test::AtMost),
        number.clone().prop_map(Test::Above),
        number.prop_map(Test::AtLeast),
    ]
}

/// A condition as the language has it: in the form in which values of the field are kept.
fn any_condition() -> impl Strategy<Value = Condition> {
    (any_field(), any_test(), any::<bool>()).prop_map(|(field, test, negated)| {
        let test = match test {
            Test::Equals(text) => Test::Equals(compared_text(&field, text)),
            test => test,
        };
        Condition { field, test, negated }
    })
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_within_it(text in "\\PC{0,40}|[a-zNOT:<>=~\"\\\\ *-]{0,40}") {
        for signal in Signal::ALL {
            if let Err(error) = parse_query_text(&text, signal) {
                prop_assert!(error.column <= text.chars().count() + 1);
            }
        }
    }

    #[test]
    fn a_filter_is_read_back_from_its_text(
        conditions in proptest::collection::vec(any_condition(), 0..5),
        signal in proptest::sample::select(Signal::ALL.to_vec()),
    ) {
        let filter = Filter { conditions };
        let text = filter_text(&filter, signal);
        prop_assert_eq!(parse_query_text(&text, signal), Ok(filter), "{}", text);
    }

    #[test]
    fn a_field_is_read_back_from_its_text(field in any_field()) {
        prop_assert_eq!(parse_field(&field_text(&field)), Ok(field));
    }
}
