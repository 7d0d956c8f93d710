use proptest::prelude::*;

use super::*;
use crate::log_operators::JsonNumbers;

fn entry() -> LogEntry {
    let map = |text: &str| match json(text) {
        Value::Map(map) => map,
        other => panic!("{other:?} is no map"),
    };
    LogEntry {
        body: json(
            r#"{"message": "user login failed", "status": 500, "ratio": 0.5, "ok": true, "none": null,
                "tags": ["a", "b", "c"], "items": [{"n": 3}, {"n": 1}, {"n": 2}], "user": {"name": "Ada", "id": 7}}"#,
        ),
        attributes: map(r#"{"log.file.name": "a.log", "level": "warn"}"#),
        resource: map(r#"{"host": "h1"}"#),
        time_unix_nano: Some(1_700_000_000_500_000_000),
        severity: 13,
        severity_text: "WARN".into(),
        ..LogEntry::new(1, Value::Empty)
    }
}

fn json(text: &str) -> Value {
    Value::from_json(text, JsonNumbers::IntsWherePossible).unwrap()
}

fn evaluate(text: &str) -> String {
    match Expression::compile(text) {
        Ok(expression) => match expression.evaluate(&entry()) {
            Ok(value) => value.to_json(),
            Err(error) => format!("fails: {error}"),
        },
        Err(error) => format!("invalid: {error}"),
    }
}

fn check(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(evaluate(text), *expected, "{text}");
    }
}

#[test]
fn literals_and_names_have_their_values() {
    check(&[
        ("1", "1"),
        ("1_000 + 0x1f + 0b11 + 0o17", "1049"),
        ("1.5e2", "150.0"),
        (".5", "0.5"),
        (r#""a\tb\x41\u00e9\101""#, r#""a\tbAéA""#),
        (r"'it\'s'", r#""it's""#),
        (r"`a\d`", r#""a\\d""#),
        ("[1, 'a', nil, true,]", r#"[1,"a",null,true]"#),
        ("{a: 1, 'b c': [2], (\"d\"): {}}", r#"{"a":1,"b c":[2],"d":{}}"#),
        ("body.message", r#""user login failed""#),
        ("$.status", "500"),
        ("attributes['log.file.name']", r#""a.log""#),
        ("resource.host", r#""h1""#),
        ("severity", "13"),
        ("severity_text", r#""WARN""#),
        ("nothing", "null"),
        ("1 /* one */ + 2 // two", "3"),
        ("timestamp.Unix()", "1700000000"),
        ("timestamp.UnixMilli()", "1700000000500"),
        ("string(timestamp)", r#""2023-11-14 22:13:20.5 +0000 UTC""#),
    ]);
}

#[test]
fn operators_bind_as_in_expr() {
    check(&[
        ("1 + 2 * 3 ** 2", "19.0"),
        ("2 ^ 3 ** 2", "512.0"),
        ("-2 ** 2", "-4.0"),
        ("(1 + 2) * 3", "9"),
        ("7 / 2", "3.5"),
        ("-7 % 3", "-1"),
        ("1 + 2.5", "3.5"),
        ("'a' + 'b'", r#""ab""#),
        ("1 == 1.0 and not false or false", "true"),
        ("false && false || true", "true"),
        ("true || false && false", "true"),
        ("1 < 2 == true", "true"),
        ("1 < 2 < 3", "true"),
        ("1 < 2 > 5", "false"),
        ("'a' < 'b'", "true"),
        ("1 in [1, 2]", "true"),
        ("1 not in [1, 2]", "false"),
        ("'host' in resource", "true"),
        ("'x' in nothing", "false"),
        ("not ('a' in body.tags)", "false"),
        ("!body.ok", "false"),
        ("body.ok ? 'y' : 'n'", r#""y""#),
        ("false ? 1 : true ? 2 : 3", "2"),
        ("false ?: 4", "4"),
        ("if body.ok { 1 } else if true { 2 } else { 3 }", "1"),
        ("let x = 2; let y = x * 3; x + y", "8"),
        ("1; 2", "2"),
        ("1..3", "[1,2,3]"),
        ("3..1", "[]"),
        ("nothing ?? body.status", "500"),
        ("body.none ?? nothing ?? 'z'", r#""z""#),
        ("1 + (nothing ?? 2)", "3"),
    ]);
}

#[test]
fn texts_are_tested() {
    check(&[
        (r#"body.message matches "^user .*d$""#, "true"),
        (r#"body.message not matches "^x""#, "true"),
        (r#"body.message matches ("lo" + "gin")"#, "true"),
        ("body.message contains 'login'", "true"),
        ("body.message not contains 'login'", "false"),
        ("body.message startsWith 'user' and body.message endsWith 'failed'", "true"),
        ("nothing matches 'a'", "false"),
        ("nothing contains 'a'", "false"),
        ("body.status matches '5'", "fails: expected string, but got int"),
    ]);
}

#[test]
fn members_are_reached_by_name_index_and_slice() {
    check(&[
        ("body.user.name", r#""Ada""#),
        ("body['user']['id']", "7"),
        ("body.tags[0] + body.tags[-1]", r#""ac""#),
        ("body.tags[1:]", r#"["b","c"]"#),
        ("body.tags[:-1]", r#"["a","b"]"#),
        ("body.message[5:10]", r#""login""#),
        ("body.missing", "null"),
        ("body.missing?.deep.deeper", "null"),
        ("body.missing?.[0]", "null"),
        ("body.missing.deep", "fails: cannot fetch deep from <nil>"),
        ("body.status.deep", "fails: cannot fetch deep from int"),
        ("body.tags[3]", "fails: index out of range: 3 (array length is 3)"),
        ("body.tags[-4]", "fails: index out of range: -1 (array length is 3)"),
        ("{a: [1, {b: 2}]}.a[1].b", "2"),
    ]);
}

#[test]
fn functions_do_as_in_expr() {
    check(&[
        ("len('héé') + len(body.tags) + len(body.user)", "8"),
        ("int('42') + int(2.9)", "44"),
        ("float('1.5')", "1.5"),
        ("string(1.0) + string(nil) + string([1, 'a'])", r#""1<nil>[1 a]""#),
        ("string({b: 1, a: 2})", r#""map[a:2 b:1]""#),
        ("string(1e21) + ' ' + string(0.00001)", r#""1e+21 1e-05""#),
        ("upper(trim('  a ')) + lower('B') + trim('xxaxx', 'x')", r#""Aba""#),
        ("trimPrefix('abc', 'ab') + trimSuffix('abc', 'c')", r#""cab""#),
        ("split('a,b,c', ',')", r#"["a","b","c"]"#),
        ("split('a,b,c', ',', 2)", r#"["a","b,c"]"#),
        ("splitAfter('a,b', ',')", r#"["a,","b"]"#),
        ("split('ab', '')", r#"["a","b"]"#),
        ("replace('aaa', 'a', 'b') + replace('aaa', 'a', 'b', 1)", r#""bbbbaa""#),
        ("repeat('ab', 2)", r#""abab""#),
        ("join(split('a b', ' '), '-')", r#""a-b""#),
        ("indexOf('abcb', 'b') * 10 + lastIndexOf('abcb', 'b')", "13"),
        ("indexOf('abc', 'x')", "-1"),
        ("hasPrefix('abc', 'ab') and hasSuffix('abc', 'bc')", "true"),
        ("abs(-5) + max(1, 7, [3]) + min([4, 2])", "14"),
        ("ceil(1.2) + floor(1.8) + round(2.5)", "6.0"),
        ("mean(1, 2, 3)", "2.0"),
        (
            "type(1) + type('') + type(nil) + type([]) + type({}) + type(1.5) + type(true)",
            r#""intstringnilarraymapfloatbool""#,
        ),
        ("fromJSON('{\"a\": [1]}').a[0]", "1.0"),
        ("toJSON({a: 1})", r#""{\n  \"a\": 1\n}""#),
        ("fromBase64(toBase64('hi'))", r#""hi""#),
        ("keys(body.user)", r#"["name","id"]"#),
        ("values(body.user)", r#"["Ada",7]"#),
        ("fromPairs(toPairs(body.user))", r#"{"name":"Ada","id":7}"#),
        ("get(body, 'missing')", "null"),
        ("get(body.tags, 9)", "null"),
        ("first(body.tags) + last(body.tags)", r#""ac""#),
        ("take(body.tags, 2)", r#"["a","b"]"#),
        ("reverse(body.tags)", r#"["c","b","a"]"#),
        ("uniq([1, 1.0, 2])", "[1,2]"),
        ("concat([1], [2, 3])", "[1,2,3]"),
        ("flatten([1, [2, [3]]])", "[1,2,3]"),
        ("sort([3, 1, 2])", "[1,2,3]"),
        ("sort(['a', 'b'], 'desc')", r#"["b","a"]"#),
        ("sort([1, 'a'])", "fails: invalid operation: string < int"),
        ("body.message | upper() | split(' ')", r#"["USER","LOGIN","FAILED"]"#),
        ("env('A_VARIABLE_THAT_IS_NOT_SET')", r#""""#),
        ("env('')", r#""""#),
    ]);
}

#[test]
fn predicates_see_each_element() {
    check(&[
        ("filter(body.items, .n > 1)", r#"[{"n":3},{"n":2}]"#),
        ("filter(body.items, {#.n > 1})", r#"[{"n":3},{"n":2}]"#),
        ("map(1..3, # * #index)", "[0,2,6]"),
        ("all(body.items, .n > 0) and any(body.items, .n == 3)", "true"),
        ("none(body.items, .n > 5) and one(body.items, .n == 1)", "true"),
        ("find(body.items, .n < 3).n", "1"),
        ("findIndex(body.items, .n < 3)", "1"),
        ("findLastIndex(body.items, .n < 3)", "2"),
        ("findLast(body.items, .n < 3).n", "2"),
        ("find(body.items, .n > 9)", "null"),
        ("count(body.items, .n > 1)", "2"),
        ("count([true, false, true])", "2"),
        ("sum(body.items, .n)", "6"),
        ("sum([1, 2.5])", "3.5"),
        ("groupBy(1..4, # % 2)", r#"{"1":[1,3],"0":[2,4]}"#),
        ("sortBy(body.items, .n)", r#"[{"n":1},{"n":2},{"n":3}]"#),
        ("sortBy(body.items, .n, 'desc')", r#"[{"n":3},{"n":2},{"n":1}]"#),
        ("reduce(1..4, #acc + #, 10)", "20"),
        ("reduce(1..4, #acc * #)", "24"),
        ("body.tags | filter(# != 'b') | join('')", r#""ac""#),
        ("map(body.tags, let t = #; map(1..2, t + string(#)))", r#"[["a1","a2"],["b1","b2"],["c1","c2"]]"#),
        ("all(1, true)", "fails: invalid argument for a predicate (type int)"),
    ]);
}

#[test]
fn what_does_not_go_together_fails() {
    check(&[
        ("1 + 'a'", "fails: invalid operation: int + string"),
        ("nothing + 1", "fails: invalid operation: <nil> + int"),
        ("'a' < 1", "fails: invalid operation: string < int"),
        ("not 1", "fails: expected bool, but got int"),
        ("nothing and true", "fails: expected bool, but got <nil>"),
        ("1 % 0", "fails: integer divide by zero"),
        ("1 in 'abc'", "fails: operator \"in\" not defined on string"),
        ("-'a'", "fails: invalid operation: - string"),
        ("int('x')", "fails: invalid operation: int(\"x\") is no whole number"),
        ("upper(1)", "fails: expected string, but got int"),
        ("body.message.Unix()", "fails: cannot fetch Unix from string"),
    ]);
}

#[test]
fn what_is_no_expression_is_refused_with_its_place() {
    check(&[
        ("", "invalid: unexpected token EOF (1:1)"),
        ("body.", "invalid: expected name (1:6)"),
        ("1 +", "invalid: unexpected token EOF (1:4)"),
        ("a b", "invalid: unexpected token Identifier(\"b\") (1:3)"),
        ("(1", "invalid: unexpected token EOF (1:3)"),
        ("true and\n and", "invalid: unexpected token Identifier(\"and\") (2:2)"),
        ("'abc", "invalid: literal not terminated (1:1)"),
        ("uper('a')", "invalid: unknown function uper, did you mean upper? (1:1)"),
        ("len()", "invalid: invalid number of arguments for len (expected 1, got 0) (1:1)"),
        ("body matches '('", "invalid: error parsing regexp: missing closing ): `(` (1:14)"),
        ("1 ~ 2", "invalid: unexpected token Operator(\"~\") (1:3)"),
        (
            "1 ?? 2 + 3",
            "invalid: operators and coalesce expressions (??) cannot be mixed. Wrap either by parentheses. (1:8)",
        ),
        ("#", "invalid: unexpected token Operator(\"#\") (1:1)"),
        ("12abc", "invalid: bad number syntax: \"12\" (1:1)"),
        ("99999999999999999999", "invalid: bad number syntax: \"99999999999999999999\" (1:1)"),
    ]);
    for text in ["1", "'a'", "[true]", "1 + 2", "nil"] {
        assert!(
            Condition::compile(text).unwrap_err().problem.starts_with("expected bool, but got "),
            "{text}"
        );
    }
}

#[test]
fn conditions_are_true_or_false() {
    let holds = |text: &str| Condition::compile(text).unwrap().holds(&entry());
    assert_eq!(holds("body.status >= 500"), Ok(true));
    assert_eq!(holds("attributes.level == 'info'"), Ok(false));
    assert_eq!(holds("attributes.missing").unwrap_err().to_string(), "expected bool, but got <nil>");
}

#[test]
fn templates_put_expressions_into_texts() {
    let render = |text: &str| Template::compile(text).unwrap().render(&entry());
    assert_eq!(render("plain").unwrap(), "plain");
    assert_eq!(render("EXPR(resource.host)").unwrap(), "h1");
    assert_eq!(render("a-EXPR(upper(resource.host))-EXPR('x')-b").unwrap(), "a-H1-x-b");
    assert_eq!(render("EXPR(unclosed").unwrap(), "EXPR(unclosed");
    assert_eq!(
        render("EXPR(body.status)").unwrap_err().to_string(),
        "embedded expression returned non-string 500"
    );
    assert_eq!(Template::compile("a EXPR(1 +)").unwrap_err().to_string(), "unexpected token EOF (1:4)");
}

#[test]
fn nesting_is_bounded() {
    for text in [
        format!("{}1{}", "(".repeat(50_000), ")".repeat(50_000)),
        format!("{}1", "-".repeat(50_000)),
        format!("{}true", "not ".repeat(50_000)),
        format!("1{}", " + 1".repeat(50_000)),
        format!("1{}", " ** 1".repeat(50_000)),
        format!("{}1{}", "[".repeat(50_000), "]".repeat(50_000)),
        "true ? 1 : ".repeat(50_000) + "2",
        "let a = 1; ".repeat(50_000) + "a",
        "if true { 1 } else ".repeat(50_000) + "{ 2 }",
        format!("body{}", "[0".repeat(50_000)),
    ] {
        let problem = Expression::compile(&text).unwrap_err().problem;
        assert_eq!(problem, "expression is nested deeper than 100 levels");
    }
}

#[test]
fn long_expressions_need_not_nest() {
    let chain = vec!["body.status == 1"; 5_000].join(" or ");
    assert_eq!(evaluate(&chain), "false");
    let path = format!("body{}", "?.a".repeat(5_000));
    assert_eq!(evaluate(&path), "null");
}

#[test]
fn what_an_evaluation_makes_is_bounded() {
    for text in [
        "1..2000000",
        "-9223372036854775807..9223372036854775807",
        "map(1..1000, map(1..1000, map(1..1000, #)))",
        "repeat(repeat('a', 1000), 1000000)",
        "reduce(1..1000, concat(#acc, #acc), [1])",
        "reduce(1..1000, replace(#acc, 'a', 'aa'), 'a')",
        "reduce(1..100000, [#acc, #acc], 1)",
        "reduce(1..1000, #acc + #acc, 'a')",
    ] {
        assert_eq!(evaluate(text), "fails: memory budget exceeded", "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_text_stops_the_compiler(text in ".{0,60}") {
        let _ = Expression::compile(&text);
        let _ = Template::compile(&text);
    }

    #[test]
    fn no_expression_stops_the_evaluation(words in prop::collection::vec(prop::sample::select(WORDS), 1..14)) {
        let text = words.join(" ");
        if let Ok(expression) = Expression::compile(&text) {
            let _ = expression.evaluate(&entry());
        }
    }
}

const WORDS: &[&str] = &[
    "body",
    ".status",
    "['user']",
    "[0]",
    "?.",
    "?.name",
    "$",
    "attributes",
    "nothing",
    "1",
    "-1",
    "0",
    "2.5",
    "'a'",
    "''",
    "true",
    "nil",
    "+",
    "-",
    "*",
    "/",
    "%",
    "**",
    "==",
    "<",
    ">=",
    "and",
    "or",
    "not",
    "in",
    "matches",
    "contains",
    "??",
    "?",
    ":",
    "..",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    "|",
    "#",
    "#acc",
    ".n",
    "let x =",
    ";",
    "x",
    "filter(",
    "map(body.items,",
    "reduce(body.tags,",
    "sortBy(",
    "upper(",
    "len(",
    "split(",
    "slice",
    "take(",
    "max(",
    "keys(",
    "string(",
    "int(",
    "timestamp",
    ".Unix()",
    "severity",
    "9223372036854775807",
    "toJSON(",
];
