//! What a language's catalog does not say yet, as JSON to be filled in: `cargo run -p webchat-views --example missing_words -- de`.
//! Without a language, the keys of all there is to say.

#[path = "../tests/scan/mod.rs"]
mod scan;

use std::collections::BTreeMap;
use std::{env, fs};

use serde_json::{Value, json};

fn main() {
    let scan::Found { keys, counted, .. } = scan::scan();
    let Some(code) = env::args().nth(1) else {
        println!("{:#}", json!(keys));
        return;
    };
    let path = format!("{}/languages/{code}.json", env!("CARGO_MANIFEST_DIR"));
    let catalog = fs::read_to_string(&path).unwrap_or_else(|_| "{}".to_owned());
    let catalog: BTreeMap<String, Value> =
        serde_json::from_str(&catalog).expect("a catalog is one JSON object");
    let missing: BTreeMap<&str, Value> = keys
        .iter()
        .filter(|key| !catalog.contains_key(*key))
        .map(|key| {
            (
                key.as_str(),
                if counted.contains(key) {
                    json!({})
                } else {
                    json!("")
                },
            )
        })
        .collect();
    println!("{:#}", json!(missing));
}
