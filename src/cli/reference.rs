//! The hidden command `reference`: Markdown about every component, made from its section.

use std::fmt::Write;

use serde_yaml::Value;

use crate::alarms::actions::ActionConfig;
use crate::components::{CONNECTORS, EXPORTERS, EXTENSIONS, PROCESSORS, RECEIVERS};
use crate::config::{FieldDocs, SectionDocs, TypeDocs};
use crate::log_operators::{OPERATORS, OperatorType};
use crate::pipeline::ComponentKind;
use crate::pipeline::factory::{Factory, TypeInfo};

/// The reference of every component in the registry.
pub fn component_reference() -> String {
    let mut text = "# Components\n\nEvery component and every field, with its default. Made by `weir \
                    reference` from the code; a test holds the two together.\n"
        .to_owned();
    append_kind(&mut text, "Receivers", RECEIVERS);
    append_kind(&mut text, "Processors", PROCESSORS);
    append_kind(&mut text, "Connectors", CONNECTORS);
    append_kind(&mut text, "Exporters", EXPORTERS);
    append_kind(&mut text, "Extensions", EXTENSIONS);
    append_operators(&mut text);
    append_actions(&mut text);
    text
}

/// The operators, which are no components, but are configured like some.
fn append_operators(text: &mut String) {
    append(
        text,
        format_args!(
            "\n## Log operators\n\nWhat `operators` of a receiver of logs lists, each with its `type`. A field is \
             written `body`, `body.user.name`, `attributes[\"http.method\"]` or `resource.host`. Expressions are \
             those of [expr](https://expr-lang.org/docs/language-definition) over `body`, `attributes`, \
             `resource`, `timestamp`, `severity` and `severity_text`, with `env(\"NAME\")` for variables of the \
             environment.\n"
        ),
    );
    let mut operators: Vec<&OperatorType> = OPERATORS.iter().collect();
    operators.sort_by_key(|operator| operator.type_name);
    for operator in operators {
        append(text, format_args!("\n### operator `{}`\n\n", operator.type_name));
        append_section(text, &(operator.docs)(), &[]);
    }
}

/// The actions of alarms, which are no components either.
fn append_actions(text: &mut String) {
    append(
        text,
        format_args!(
            "\n## Actions of alarms\n\nWhat `actions` of the connector `alarms` has by name, each with its `type`.\n"
        ),
    );
    for (type_name, docs) in ActionConfig::reference() {
        append(text, format_args!("\n### action `{type_name}`\n\n"));
        append_section(text, &docs, &[]);
    }
}

fn append_kind<F: Factory>(text: &mut String, heading: &str, factories: &[F]) {
    if factories.is_empty() {
        return;
    }
    append(text, format_args!("\n## {heading}\n"));
    let mut infos: Vec<&TypeInfo> = factories.iter().map(Factory::info).collect();
    infos.sort_by_key(|info| info.type_name);
    for info in infos {
        append_component(text, F::KIND, info);
    }
}

fn append_component(text: &mut String, kind: ComponentKind, info: &TypeInfo) {
    append(text, format_args!("\n### {} `{}`\n\n", kind.name(), info.type_name));
    append_section(text, &(info.docs)(), info.aliases);
}

fn append_section(text: &mut String, docs: &SectionDocs, aliases: &[&str]) {
    append(text, format_args!("{}\n", one_line(docs.text)));
    if !aliases.is_empty() {
        append(text, format_args!("\nAlso written `{}`.\n", aliases.join("`, `")));
    }
    if docs.fields.is_empty() {
        return append(text, format_args!("\nIt has no fields.\n"));
    }
    append(text, format_args!("\n| field | type | default | meaning |\n| --- | --- | --- | --- |\n"));
    for field in &docs.fields {
        append_field(text, "", field, &field.default);
    }
}

/// One row, and the rows of the fields below. Below a section its own default decides, not its type's.
fn append_field(text: &mut String, prefix: &str, field: &FieldDocs, default: &Value) {
    let path = format!("{prefix}{}", field.name);
    let shown = match &field.kind {
        TypeDocs::Optional(_) if default["enabled"] == false => "off".to_owned(),
        TypeDocs::Optional(_) => "on".to_owned(),
        TypeDocs::Section(_) => String::new(),
        _ => format!("`{}`", compact(default)),
    };
    let meaning = one_line(&field.text).replace('|', "\\|");
    append(text, format_args!("| `{path}` | {} | {shown} | {meaning} |\n", type_name(&field.kind)));
    let (TypeDocs::Section(section), below) = section_below(&field.kind, &path) else {
        return;
    };
    for nested in &section.fields {
        append_field(text, &below, nested, default.get(nested.name).unwrap_or(&nested.default));
    }
}

/// The innermost type, and the path its fields stand under.
fn section_below<'a>(kind: &'a TypeDocs, path: &str) -> (&'a TypeDocs, String) {
    match kind {
        TypeDocs::Optional(inner) => section_below(inner, path),
        TypeDocs::List(inner) => section_below(inner, &format!("{path}[]")),
        TypeDocs::Map(inner) => section_below(inner, &format!("{path}.*")),
        _ => (kind, format!("{path}.")),
    }
}

fn type_name(kind: &TypeDocs) -> String {
    match kind {
        TypeDocs::Scalar(name) => (*name).to_owned(),
        TypeDocs::OneOf(words) => {
            let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
            quoted.join(", ")
        }
        TypeDocs::List(inner) => format!("list of {}", type_name(inner)),
        TypeDocs::Map(inner) => format!("map to {}", type_name(inner)),
        TypeDocs::Optional(inner) => type_name(inner),
        TypeDocs::Section(_) => "section".to_owned(),
    }
}

/// A default on one line, as JSON, which is also YAML; texts without quotes.
fn compact(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        Value::String(text) => text.clone(),
        _ => serde_json::to_string(value).unwrap_or_default(),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn append(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = text.write_fmt(arguments);
}
