//! Reads `openapi.yaml` and holds values against its schemas: the part of JSON Schema that the file uses.

use std::collections::BTreeMap;

use serde_json::Value;

/// The description of the API.
pub struct Description {
    document: Value,
}

impl Description {
    pub fn read() -> Self {
        let document: serde_yaml::Value = serde_yaml::from_str(include_str!("../openapi.yaml")).unwrap();
        Self { document: serde_json::to_value(document).unwrap() }
    }

    /// `GET /path` with the names of its parameters in the query.
    pub fn endpoints(&self) -> BTreeMap<String, Vec<String>> {
        let mut endpoints = BTreeMap::new();
        for (path, methods) in self.document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let listed = operation["parameters"].as_array().cloned().unwrap_or_default();
                let resolved = listed.iter().map(|parameter| self.resolve(parameter));
                let in_query = resolved.filter(|parameter| parameter["in"] == "query");
                let names = in_query.map(|parameter| parameter["name"].as_str().unwrap().to_owned());
                endpoints.insert(format!("{} {path}", method.to_uppercase()), names.collect());
            }
        }
        endpoints
    }

    /// Fails where `value` is not what the endpoint is said to answer.
    pub fn expect(&self, path: &str, method: &str, status: &str, value: &Value) {
        let response = &self.document["paths"][path][method]["responses"][status];
        let schema = &response["content"]["application/json"]["schema"];
        assert!(schema.is_object(), "{method} {path} {status} is not described");
        if let Err(difference) = self.check(schema, value, path) {
            panic!("{difference}");
        }
    }

    /// Fails where `value` is not as the schema of this name says.
    pub fn expect_schema(&self, name: &str, value: &Value) {
        if let Err(difference) = self.check(&self.document["components"]["schemas"][name], value, name) {
            panic!("{difference}");
        }
    }

    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(reference) => self.document.pointer(reference.trim_start_matches('#')).unwrap(),
            None => schema,
        }
    }

    fn check(&self, schema: &Value, value: &Value, place: &str) -> Result<(), String> {
        let schema = self.resolve(schema);
        if let Some(alternatives) = schema["anyOf"].as_array() {
            let fits = alternatives.iter().any(|one| self.check(one, value, place).is_ok());
            return if fits { Ok(()) } else { Err(format!("{place}: {value} fits none of {schema}")) };
        }
        if let Some(words) = schema["enum"].as_array() {
            return if words.contains(value) {
                Ok(())
            } else {
                Err(format!("{place}: {value} is none of {words:?}"))
            };
        }
        let is_of_type = |name: &Value| match name.as_str().unwrap() {
            "null" => value.is_null(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "number" => value.is_number(),
            "integer" => value.is_i64() || value.is_u64(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            other => panic!("{other}"),
        };
        let is_right = match &schema["type"] {
            Value::Null => true,
            Value::Array(names) => names.iter().any(is_of_type),
            name => is_of_type(name),
        };
        if !is_right {
            return Err(format!("{place}: {value} is not of type {}", schema["type"]));
        }
        match value {
            Value::Object(fields) => self.check_fields(schema, fields, place),
            Value::Array(items) => self.check_items(schema, items, place),
            _ => Ok(()),
        }
    }

    fn check_fields(
        &self,
        schema: &Value,
        fields: &serde_json::Map<String, Value>,
        place: &str,
    ) -> Result<(), String> {
        for name in schema["required"].as_array().into_iter().flatten() {
            if !fields.contains_key(name.as_str().unwrap()) {
                return Err(format!("{place}: {name} is missing"));
            }
        }
        for (name, field) in fields {
            let place = format!("{place}.{name}");
            match (schema["properties"].get(name), &schema["additionalProperties"]) {
                (Some(described), _) => self.check(described, field, &place)?,
                (None, Value::Bool(false)) => return Err(format!("{place} is not described")),
                (None, Value::Null) => {}
                (None, described) => self.check(described, field, &place)?,
            }
        }
        Ok(())
    }

    fn check_items(&self, schema: &Value, items: &[Value], place: &str) -> Result<(), String> {
        let count = items.len() as u64;
        if schema["minItems"].as_u64().is_some_and(|least| count < least)
            || schema["maxItems"].as_u64().is_some_and(|most| count > most)
        {
            return Err(format!("{place} has {count} items"));
        }
        let first = schema["prefixItems"].as_array().map(Vec::as_slice).unwrap_or_default();
        for (index, item) in items.iter().enumerate() {
            let described = first.get(index).unwrap_or(&schema["items"]);
            self.check(described, item, &format!("{place}[{index}]"))?;
        }
        Ok(())
    }
}
