//! A report in SARIF 2.1.0, as code-review tools take it in.

use crate::report::Report;
use serde_json::{Value, json};

impl Report {
    /// One SARIF log with one run.
    pub fn sarif(&self) -> Value {
        let rules: Vec<Value> = crate::rules()
            .map(|rule| {
                json!({
                    "id": rule.id,
                    "shortDescription": { "text": rule.title },
                    "fullDescription": { "text": rule.explanation },
                    "help": { "text": rule.remedy },
                    "defaultConfiguration": { "level": rule.severity.name() },
                    "properties": { "clause": rule.clause },
                })
            })
            .collect();
        let results: Vec<Value> = self
            .findings
            .iter()
            .map(|row| {
                let value =
                    if row.value.is_empty() { String::new() } else { format!(" (\"{}\")", row.value) };
                json!({
                    "ruleId": row.rule,
                    "ruleIndex": crate::rules().position(|rule| rule.id == row.rule),
                    "level": row.severity.name(),
                    "message": { "text": format!("{}{value}. {}", row.message, row.remedy) },
                    "locations": [{
                        "physicalLocation": {
                            "artifactLocation": { "uri": uri(&self.file) },
                            "region": { "startLine": row.line },
                        },
                        "logicalLocations": [{ "fullyQualifiedName": row.pointer, "kind": "member" }],
                    }],
                })
            })
            .collect();
        json!({
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [{
                "tool": { "driver": {
                    "name": "dtsec st check",
                    "version": env!("CARGO_PKG_VERSION"),
                    "rules": rules,
                } },
                "results": results,
            }],
        })
    }
}

/// A path as a URI reference: what has a meaning there is escaped.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => {
                uri.push(char::from(byte))
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}
