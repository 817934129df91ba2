//! The server's own description of its API, as tests read it: operations, their schemas, and whether an answer is one
//! that they announce.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Mutex;

use jsonschema::Validator;
use serde_json::{Value, json};

/// In what a path item has besides operations there is nothing yet.
pub const METHODS: [&str; 5] = ["GET", "POST", "PUT", "DELETE", "PATCH"];

pub struct Description {
    pub document: Value,
    /// The same, where objects have no other fields than those described.
    closed: Value,
    validators: Mutex<HashMap<String, &'static Validator>>,
}

#[derive(Clone, Debug)]
pub struct Operation {
    pub method: String,
    pub path: String,
    pub spec: Value,
}

impl Operation {
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Parameters of a place: path, query or header.
    pub fn parameters(&self, place: &str) -> impl Iterator<Item = &Value> {
        let all = self.spec["parameters"].as_array().into_iter().flatten();
        all.filter(move |parameter| parameter["in"] == place)
    }

    /// Whether anybody may call it.
    pub fn is_open(&self) -> bool {
        self.spec["security"] == json!([{}])
    }

    /// Whether its answer goes on for as long as one listens.
    pub fn is_live(&self) -> bool {
        self.path.starts_with("/ws") || self.path == "/sse"
    }

    /// Schema of its JSON body.
    pub fn body(&self) -> Option<&Value> {
        let schema = &self.spec["requestBody"]["content"]["application/json"]["schema"];
        (!schema.is_null()).then_some(schema)
    }
}

impl Description {
    pub async fn read(address: SocketAddr) -> Self {
        let response = reqwest::get(format!("http://{address}/openapi.json")).await;
        let document: Value = response.unwrap().json().await.unwrap();
        let mut closed = document.clone();
        close(&mut closed);
        Self {
            document,
            closed,
            validators: Mutex::default(),
        }
    }

    pub fn operations(&self) -> Vec<Operation> {
        let mut operations = Vec::new();
        for (path, item) in self.document["paths"].as_object().unwrap() {
            for (method, spec) in item.as_object().unwrap() {
                operations.push(Operation {
                    method: method.to_uppercase(),
                    path: path.clone(),
                    spec: spec.clone(),
                });
            }
        }
        operations
    }

    pub fn operation(&self, method: &str, path: &str) -> Operation {
        self.operations()
            .into_iter()
            .find(|operation| operation.method == method && operation.path == path)
            .unwrap_or_else(|| panic!("{method} {path} is not described"))
    }

    /// What a reference refers to; anything else is itself.
    pub fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(reference) => self.document.pointer(&reference[1..]).unwrap(),
            None => schema,
        }
    }

    /// Schemas of the commands.
    pub fn commands(&self) -> Vec<Value> {
        let commands = &self.document["components"]["schemas"]["Command"]["oneOf"];
        commands.as_array().unwrap().clone()
    }

    /// Whether this is an answer of the operation's; else what is wrong with it. `media_type` of the answer's body.
    pub fn check(
        &self,
        operation: &Operation,
        status: u16,
        media_type: &str,
        body: &[u8],
    ) -> Result<(), String> {
        let pointer = |parts: &[&str]| -> String {
            let escaped = parts.iter().map(|part| {
                let part = part.replace('~', "~0").replace('/', "~1");
                format!("/{part}")
            });
            escaped.collect()
        };
        let method = operation.method.to_lowercase();
        let status = status.to_string();
        let place = ["paths", &operation.path, &method, "responses", &status];
        let Some(response) = self.document.pointer(&pointer(&place)) else {
            return Err(format!("status {status} is not described"));
        };
        let Some(content) = response.get("content") else {
            return Ok(()); // without a body
        };
        let media_type = media_type.split(';').next().unwrap_or_default();
        let is_any = content.get("*/*").is_some();
        if content.get(media_type).is_none() && !is_any {
            return Err(format!("{media_type:?} is not described for {status}"));
        }
        if !media_type.ends_with("json") {
            return Ok(());
        }
        let body: Value =
            serde_json::from_slice(body).map_err(|error| format!("it is no JSON: {error}"))?;
        let mut place = place.to_vec();
        place.extend(["content", media_type, "schema"]);
        let validator = self.validator(&pointer(&place));
        let errors: Vec<_> = validator
            .iter_errors(&body)
            .map(|error| format!("{}: {error}", error.instance_path))
            .collect();
        if errors.is_empty() {
            Ok(())
        } else {
            Err(format!("{}\n{body}", errors.join("\n")))
        }
    }

    fn validator(&self, pointer: &str) -> &'static Validator {
        let mut validators = self.validators.lock().unwrap();
        validators.entry(pointer.to_owned()).or_insert_with(|| {
            let schema = json!({
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "allOf": [self.closed.pointer(pointer).unwrap()],
                "components": self.closed["components"],
            });
            let validator = jsonschema::draft202012::options()
                .should_validate_formats(true)
                .build(&schema)
                .unwrap();
            // As many as there are operations, for as long as the tests run.
            Box::leak(Box::new(validator))
        })
    }
}

/// Forbids fields that are not described.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if fields.get("type") == Some(&json!("object")) && fields.contains_key("properties") {
                fields.insert("additionalProperties".to_owned(), json!(false));
            }
            fields.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}
