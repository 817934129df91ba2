//! Requests and frames made of the API's description: right ones, and such as are right but for one thing.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::description::{Description, Operation};

/// What fields and parameters can be about.
#[derive(Clone, Debug)]
pub struct Things {
    pub conversations: Vec<Uuid>,
    pub messages: Vec<Uuid>,
    pub calls: Vec<Uuid>,
    pub users: Vec<Uuid>,
    pub media: Vec<Uuid>,
}

#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// As it goes over the wire, with what stands behind the question mark.
    pub target: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl std::fmt::Display for Request {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let body = &self.body[..self.body.len().min(2_000)];
        write!(
            formatter,
            "{} {} {:?} {}",
            self.method,
            self.target.chars().take(300).collect::<String>(),
            self.headers,
            body.escape_ascii()
        )
    }
}

/// Stands in JSON for what serde_json would not write; followed by a place in [`ODD`].
const ODD_MARK: char = '\u{e000}';

/// Values that break some rule of every field, as bytes of JSON or of what is none.
fn odd() -> Vec<Vec<u8>> {
    let nested = |depth: usize| [b"[".repeat(depth), b"]".repeat(depth)].concat();
    let mut odd: Vec<Vec<u8>> = [
        "null",
        "true",
        "-1",
        "0.5",
        "101",
        "1e400",
        "-1e400",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775809",
        "123456789012345678901234567890123456789012345678901234567890",
        r#""""#,
        r#"" ""#,
        r#""\u0000""#,
        r#""a\u0000b""#,
        r#""\ud800""#,
        r#""\udc00\ud800""#,
        r#""\u202e\ufeff\ufffe""#,
        r#""nonsense""#,
        r#""00000000-0000-0000-0000-000000000000""#,
        r#""{01a1fc7d-6da2-71df-ba9d-18391997fcdd}""#,
        r#""'; drop schema chat; --""#,
        r#""-infinity""#,
        r#""294276-12-31T23:59:59Z""#,
        "[]",
        "{}",
        "[null]",
        r#"[[],{"":[{}]}]"#,
        r#"{"\u0000":1}"#,
        r#"{"a":1,"a":2}"#,
        r#"{"a":"\ud800"}"#,
        r#"{"__proto__":{"x":1},"constructor":null}"#,
        r#"{"n":1e1000000}"#,
        "nonsense",
        "NaN",
        "",
        "0x10",
        "'single'",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec();
    odd.push(b"\"\xff\xfe\"".to_vec());
    odd.push(b"{\"\xc3\x28\":1}".to_vec());
    odd.push(nested(100));
    odd.push(nested(20_000));
    odd.push(b"{\"a\":".repeat(200));
    odd.push(format!("\"{}\"", "x".repeat(100_000)).into_bytes());
    odd.push(format!("\"{}\"", "👍".repeat(4_001)).into_bytes());
    odd.push(format!("[{}1]", "1,".repeat(5_000)).into_bytes());
    odd.push(
        format!(
            "[{}null]",
            "\"00000000-0000-0000-0000-000000000000\",".repeat(1_001)
        )
        .into_bytes(),
    );
    odd
}

/// Values of a parameter that break some rule, as they stand in an address.
const ODD_PARAMETERS: [&str; 32] = [
    "x",
    "0",
    "-1",
    "101",
    "1e3",
    "0x10",
    "+5",
    "%20",
    "%00",
    "a%00b",
    "%ff",
    "%c3%28",
    "%ed%a0%80",
    "%",
    "%zz",
    "%2",
    "..%2f..%2f",
    "%2e%2e",
    "null",
    "me",
    "unread",
    "[]",
    "9223372036854775807",
    "9223372036854775808",
    "00000000-0000-0000-0000-000000000000",
    "%7B01a1fc7d-6da2-71df-ba9d-18391997fcdd%7D",
    "01A1FC7D-6DA2-71DF-BA9D-18391997FCDD",
    "2030-02-31",
    "99999-01-01T00:00:00Z",
    "%F0%9F%91%8D%F0%9F%91%8D",
    "'%20or%201=1--",
    "9999-12-31T23:59:59.999999Z_01a1fc7d-6da2-71df-ba9d-18391997fcdd",
];

const CONTENT_TYPES: [&str; 6] = [
    "text/plain",
    "application/xml",
    "application/json; charset=utf-16",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "nonsense",
];

/// What messages of some kinds say.
fn contents() -> Vec<Value> {
    vec![
        json!({"body": "plain"}),
        json!({"kind": null, "body": "null is none", "data": null}),
        json!({"kind": "text", "body": "with data @ada", "data": {"own": [1, {"x": null}], "preview": false}}),
        json!({"kind": "emoji", "body": "👍🏽👩‍🚀"}),
        json!({"kind": "image", "data": {"url": "https://e.org/a.png", "width": 1, "height": 100_000}}),
        json!({"kind": "video", "body": "look", "data": {"url": "http://e.org"}}),
        json!({"kind": "voice", "data": {"url": "https://e.org/a", "duration_ms": 0, "waveform": []}}),
        json!({"kind": "location", "data": {"latitude": -90, "longitude": 180.0}}),
        json!({"kind": "contact", "data": {"name": "Ann", "emails": ["a@e.org"]}}),
        json!({"kind": "sticker", "data": {"pack": "p", "name": "n"}}),
    ]
}

/// What names a conversation, a message or a call, wherever it stands.
const REFERENCES: [&str; 9] = [
    "call",
    "call_id",
    "conversation",
    "conversation_id",
    "conversation_ids",
    "group_id",
    "message",
    "message_id",
    "reply_to",
];

pub struct Generator<'a> {
    description: &'a Description,
    /// Whether every conversation, message and call that can be named is named.
    pub names_all: bool,
    runner: TestRunner,
    odd: Vec<Vec<u8>>,
}

impl<'a> Generator<'a> {
    /// The same for the same name, so that what fails can be looked at again.
    pub fn new(description: &'a Description, name: &str) -> Self {
        let seed: [u8; 32] = Sha256::digest(name).into();
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
        Self {
            description,
            names_all: false,
            runner: TestRunner::new_with_rng(Config::default(), rng),
            odd: odd(),
        }
    }

    pub fn draw<S: Strategy>(&mut self, strategy: S) -> S::Value {
        strategy.new_tree(&mut self.runner).unwrap().current()
    }

    pub fn chance(&mut self, percent: u32) -> bool {
        self.draw(0..100_u32) < percent
    }

    fn one<T: Clone + std::fmt::Debug + 'static>(&mut self, of: &[T]) -> T {
        self.draw(select(of.to_vec()))
    }

    /// A value that keeps a schema's rules, of a field of that name.
    pub fn right(&mut self, name: &str, schema: &Value, things: &Things) -> Value {
        let description = self.description;
        let schema = description.resolve(schema);
        if let Some(variants) = schema["oneOf"].as_array() {
            let variant = self.one(variants);
            return self.right(name, &variant, things);
        }
        if let Some(values) = schema["enum"].as_array() {
            return self.one(values);
        }
        let types: Vec<&str> = match &schema["type"] {
            Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
            one => one.as_str().into_iter().collect(),
        };
        let is_named = self.names_all && REFERENCES.contains(&name);
        if types.contains(&"null") && (types.len() == 1 || !is_named && self.chance(10)) {
            return Value::Null;
        }
        match types.first().copied() {
            Some("boolean") => self.draw(any::<bool>()).into(),
            Some("integer") => {
                let least = schema["minimum"].as_i64().unwrap_or(0);
                let greatest = schema["maximum"].as_i64().unwrap_or(i64::MAX);
                if self.chance(10) {
                    return greatest.into();
                }
                self.draw(least..=greatest.min(least + 9)).into()
            }
            Some("array") => {
                let least = schema["minItems"].as_u64().unwrap_or(0) as usize;
                let count = self.draw(least..=least.max(2));
                let items = &schema["items"];
                (0..count)
                    .map(|_| self.right(name, items, things))
                    .collect()
            }
            Some("object") => self.right_object(schema, things),
            Some("string") => self.right_text(name, schema, things),
            _ => json!({"any": [name]}),
        }
    }

    fn right_object(&mut self, schema: &Value, things: &Things) -> Value {
        let mut object = Map::new();
        let Some(properties) = schema["properties"].as_object() else {
            return json!({"own": true});
        };
        let required: Vec<_> = schema["required"].as_array().cloned().unwrap_or_default();
        for (name, property) in properties {
            let is_named = self.names_all && REFERENCES.contains(&name.as_str());
            if required.contains(&json!(name)) || is_named || self.chance(60) {
                object.insert(name.clone(), self.right(name, property, things));
            }
        }
        if properties.contains_key("kind") {
            let content = self.one(&contents());
            // A medium would have to be there, and to be of the kind.
            for name in ["kind", "body", "data", "media_id", "media_ids"] {
                object.remove(name);
            }
            object.extend(content.as_object().unwrap().clone());
        }
        Value::Object(object)
    }

    fn right_text(&mut self, name: &str, schema: &Value, things: &Things) -> Value {
        let of = match name {
            "before" => &things.messages,
            "call" | "call_id" => &things.calls,
            "conversation" | "conversation_id" | "conversation_ids" | "group_id" => {
                &things.conversations
            }
            "media" | "media_id" => &things.media,
            "message" | "message_id" | "reply_to" => &things.messages,
            _ => &things.users,
        };
        if schema["format"] == "uuid" {
            return self.one(of).to_string().into();
        }
        match name {
            "user" | "other" if self.chance(50) => "me".into(),
            "user" | "other" => self.one(of).to_string().into(),
            "emoji" => self.one(&["👍", "❤️", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "👨‍👩‍👧‍👦", "7️⃣"]).into(),
            "muted_until" => self
                .one(&[
                    "infinity",
                    "2100-01-31T08:00:00.5+02:00",
                    "2001-01-01T00:00:00z",
                ])
                .into(),
            "around" => self.one(&["unread", "0", "1", "999999999999"]).into(),
            "date" => self.one(&["2030-01-31", "1970-01-01T00:00:00Z"]).into(),
            "expires_at" => self
                .one(&["2100-01-31T08:00:00.5+02:00", "9998-12-31T23:59:59z"])
                .into(),
            // Of the right form, and of no link that there is.
            "invite" => self.draw("[A-Za-z0-9_-]{22}").into(),
            "query" => self.draw("[a-zß日本]{1,9}").into(),
            "from" => self.one(&["2001-01-31", "1970-01-01T00:00:00Z"]).into(),
            "until" => self.one(&["2100-01-31", "9999-12-31T23:59:59Z"]).into(),
            "q" => self.draw("[a-zß日本]{2,9}( \"[a-z ]{2,9}\")?").into(),
            "kind" => self.one(&["text", "file", "emoji"]).into(),
            "before" | "after" | "cursor" => "".into(),
            "render" => "html".into(),
            "username" => self.draw("[a-zäß_.]{3,12}").into(),
            _ => {
                let longest = schema["maxLength"].as_u64().unwrap_or(100) as usize;
                if self.chance(10) {
                    return "ß".repeat(longest).into();
                }
                let letters = vec(
                    any::<char>().prop_filter("PostgreSQL", |c| *c != '\0'),
                    0..30,
                );
                let text: String = self.draw(letters).into_iter().collect();
                // Something that is no space, within the length.
                let text: String = format!("x{text}").chars().take(longest).collect();
                text.into()
            }
        }
    }

    /// The bytes of a JSON body, right or with one thing wrong.
    pub fn body(&mut self, schema: &Value, things: &Things, is_right: bool) -> Vec<u8> {
        let mut body = self.right("", schema, things);
        if is_right {
            return body.to_string().into_bytes();
        }
        match self.draw(0..10_u32) {
            0 => self.broken(&body),
            1 => {
                if let Some(fields) = body.as_object_mut() {
                    let names: Vec<_> = fields
                        .keys()
                        .filter(|name| *name != "ref")
                        .cloned()
                        .collect();
                    if !names.is_empty() {
                        let name = self.one(&names);
                        fields.remove(&name);
                    }
                }
                body.to_string().into_bytes()
            }
            _ => {
                let place = self.draw(0..self.odd.len());
                self.spoil(&mut body, schema, place);
                self.written(&body)
            }
        }
    }

    /// Puts an odd value into one of the fields that there are or could be.
    fn spoil(&mut self, body: &mut Value, schema: &Value, place: usize) {
        let description = self.description;
        let schema = description.resolve(schema);
        let mut names: Vec<String> = match schema["properties"].as_object() {
            Some(properties) => properties.keys().cloned().collect(),
            None => body
                .as_object()
                .map(|fields| fields.keys().cloned().collect())
                .unwrap_or_default(),
        };
        names.retain(|name| name != "ref");
        if names.is_empty() {
            return;
        }
        let name = self.one(&names);
        let odd = Value::from(format!("{ODD_MARK}{place}"));
        match &mut body[&name] {
            Value::Array(items) if !items.is_empty() && place.is_multiple_of(2) => items[0] = odd,
            Value::Object(fields) if !fields.is_empty() && place.is_multiple_of(3) => {
                if let Some(first) = fields.values_mut().next() {
                    *first = odd;
                }
            }
            field => *field = odd,
        }
    }

    fn written(&self, body: &Value) -> Vec<u8> {
        let text = body.to_string();
        let mark = format!("\"{ODD_MARK}");
        let Some((before, rest)) = text.split_once(&mark) else {
            return text.into_bytes();
        };
        let (place, after) = rest.split_once('"').unwrap();
        let place: usize = place.parse().unwrap();
        [before.as_bytes(), &self.odd[place], after.as_bytes()].concat()
    }

    /// JSON that is wrong as a whole.
    fn broken(&mut self, body: &Value) -> Vec<u8> {
        let text = body.to_string();
        let bytes = text.as_bytes();
        match self.draw(0..10_u32) {
            0 => Vec::new(),
            1 => bytes[..self.draw(0..bytes.len())].to_vec(),
            2 => [bytes, b"}".as_slice()].concat(),
            3 => [bytes, bytes].concat(),
            4 => ["\u{feff}".as_bytes(), bytes].concat(),
            5 => [b"[".as_slice(), bytes, b"]"].concat(),
            6 => [bytes, b"\xff".as_slice()].concat(),
            7 => [b" \n\t".repeat(10_000), b"\0".to_vec(), bytes.to_vec()].concat(),
            8 => {
                let place = self.draw(0..self.odd.len());
                self.odd[place].clone()
            }
            // Every field twice.
            _ => {
                let inner = &text[1..text.len() - 1];
                format!("{{{inner},{inner}}}").into_bytes()
            }
        }
    }

    /// A request of an operation, right or with one thing wrong.
    pub fn request(&mut self, operation: &Operation, things: &Things, is_right: bool) -> Request {
        self.request_about(operation, things, things, is_right)
    }

    /// The same, whose address is about `things` and whose body about `others`.
    pub fn request_about(
        &mut self,
        operation: &Operation,
        things: &Things,
        others: &Things,
        is_right: bool,
    ) -> Request {
        let path_parameters: Vec<_> = operation.parameters("path").cloned().collect();
        let query_parameters: Vec<_> = operation.parameters("query").cloned().collect();
        let body = operation.body().cloned();
        // Of which part something is wrong.
        let mut parts = Vec::new();
        if !is_right {
            parts.extend((!path_parameters.is_empty()).then_some("path"));
            parts.extend((!query_parameters.is_empty()).then_some("query"));
            parts.extend(body.is_some().then_some("body"));
            parts.extend(body.is_some().then_some("body"));
            parts.push("headers");
        }
        let wrong = if parts.is_empty() {
            ""
        } else {
            self.one(&parts)
        };

        let mut target = operation.path.clone();
        let spoiled = self.draw(0..path_parameters.len().max(1));
        for (place, parameter) in path_parameters.iter().enumerate() {
            let name = parameter["name"].as_str().unwrap();
            let value = if wrong == "path" && place == spoiled {
                self.odd_parameter()
            } else {
                let value = self.right(name, &parameter["schema"], things);
                escaped(value.as_str().unwrap())
            };
            target = target.replace(&format!("{{{name}}}"), &value);
        }
        let mut pairs = Vec::new();
        let spoiled = self.draw(0..query_parameters.len().max(1));
        let mut has_place = false;
        for (place, parameter) in query_parameters.iter().enumerate() {
            let name = parameter["name"].as_str().unwrap();
            // Of these one at a time.
            let is_place = ["before", "after", "around", "date"].contains(&name);
            if wrong == "query" && place == spoiled {
                pairs.push(format!("{name}={}", self.odd_parameter()));
            } else if self.names_all && REFERENCES.contains(&name)
                || self.chance(40) && !(is_place && has_place)
            {
                has_place |= is_place;
                let value = self.right(name, &parameter["schema"], things);
                let text = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                pairs.push(format!("{name}={}", escaped(&text)));
            }
        }
        if wrong == "query" && self.chance(20) {
            pairs.push("&&=&%=%&limit=1&limit=2&x[y]=z".to_owned());
        }
        if !pairs.is_empty() {
            target = format!("{target}?{}", pairs.join("&"));
        }
        let mut headers = Vec::new();
        let mut bytes = Vec::new();
        if let Some(schema) = &body {
            headers.push(("content-type", "application/json".to_owned()));
            bytes = self.body(schema, others, wrong != "body");
        }
        if wrong == "headers" {
            headers.clear();
            if self.chance(80) {
                headers.push(("content-type", self.one(&CONTENT_TYPES).to_owned()));
            }
            if self.chance(30) {
                headers.push((
                    "accept",
                    self.one(&["text/html", "", "image/*;q=x"]).to_owned(),
                ));
            }
            if self.chance(30) {
                headers.push((
                    "origin",
                    self.one(&["null", "https://evil.example", "x"]).to_owned(),
                ));
            }
            if self.chance(30) {
                bytes = self.draw(vec(any::<u8>(), 0..200));
            }
        }
        Request {
            method: operation.method.clone(),
            target,
            headers,
            body: bytes,
        }
    }

    fn odd_parameter(&mut self) -> String {
        if self.chance(10) {
            return "9".repeat(5_000);
        }
        self.one(&ODD_PARAMETERS).to_owned()
    }
}

pub fn escaped(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
