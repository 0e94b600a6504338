//! Reports of vulnerabilities as others write them: OSV and CVE (version 5), read as far as a report here needs it.

use crate::registry::Failure;
use dtsec_registry::domain::vulnerability::Severity;
use serde::Deserialize;
use serde_json::Value;

/// What a record says, as far as a report needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// Its id: `CVE-2030-1`, `GHSA-…`, `RUSTSEC-…`.
    pub id: String,
    /// How bad it is.
    pub severity: Severity,
    /// Components that it names, as `NAME-VERSION`.
    pub components: Vec<String>,
}

/// More versions of more packages than are looked up.
const MOST_COMPONENTS: usize = 200;

#[derive(Deserialize)]
struct Osv {
    id: String,
    #[serde(default)]
    severity: Vec<OsvScore>,
    #[serde(default)]
    affected: Vec<OsvAffected>,
    #[serde(default)]
    database_specific: Value,
}

#[derive(Deserialize)]
struct OsvScore {
    r#type: String,
    score: String,
}

#[derive(Deserialize)]
struct OsvAffected {
    package: Option<OsvPackage>,
    #[serde(default)]
    versions: Vec<String>,
}

#[derive(Deserialize)]
struct OsvPackage {
    name: String,
}

/// Reads an OSV record.
///
/// # Errors
/// For what is none.
pub fn osv(bytes: &[u8]) -> Result<Imported, Failure> {
    let record: Osv = crate::web::extract::json(bytes)?;
    let named = |affected: &OsvAffected| {
        let name = affected.package.as_ref().map(|package| package.name.clone());
        let versions = affected.versions.clone();
        name.into_iter().flat_map(move |name| {
            versions.clone().into_iter().map(move |version| format!("{name}-{version}"))
        })
    };
    let word = record.database_specific.get("severity").and_then(Value::as_str).and_then(of_word);
    let score = record
        .severity
        .iter()
        .filter(|one| one.r#type.starts_with("CVSS_V3"))
        .find_map(|one| score(&one.score));
    Ok(Imported {
        id: id(&record.id)?,
        severity: score.or(word).unwrap_or(Severity::High),
        components: record.affected.iter().flat_map(named).take(MOST_COMPONENTS).collect(),
    })
}

/// Reads a CVE record.
///
/// # Errors
/// For what is none, and for one that is not published.
pub fn cve(bytes: &[u8]) -> Result<Imported, Failure> {
    let record: Value = crate::web::extract::json(bytes)?;
    let text = |pointer: &str| record.pointer(pointer).and_then(Value::as_str);
    if text("/dataType") != Some("CVE_RECORD") {
        return Err(Failure::unfit("dataType", "a CVE record says `CVE_RECORD` here"));
    }
    if text("/cveMetadata/state") != Some("PUBLISHED") {
        return Err(Failure::unfit("cveMetadata.state", "only a published record is a report"));
    }
    let number =
        text("/cveMetadata/cveId").ok_or_else(|| Failure::unfit("cveMetadata.cveId", "it is missing"))?;
    let list = |pointer: &str| record.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
    let severity = list("/containers/cna/metrics").find_map(|metric| {
        ["cvssV4_0", "cvssV3_1", "cvssV3_0"]
            .iter()
            .find_map(|version| metric.get(*version)?.get("baseSeverity")?.as_str().and_then(of_word))
    });
    let mut components = Vec::new();
    for affected in list("/containers/cna/affected") {
        let Some(product) = affected.get("product").and_then(Value::as_str) else { continue };
        let versions = affected.get("versions").and_then(Value::as_array).into_iter().flatten();
        let versions = versions.filter(|one| one.get("status").and_then(Value::as_str) == Some("affected"));
        components
            .extend(versions.filter_map(|one| Some(format!("{product}-{}", one.get("version")?.as_str()?))));
    }
    components.truncate(MOST_COMPONENTS);
    Ok(Imported { id: id(number)?, severity: severity.unwrap_or(Severity::High), components })
}

fn id(text: &str) -> Result<String, Failure> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    if (1..=64).contains(&text.len()) && text.bytes().all(fits) {
        Ok(text.to_owned())
    } else {
        Err(Failure::unfit("id", "1 to 64 letters, digits, `.`, `-` and `_` are needed"))
    }
}

fn of_word(word: &str) -> Option<Severity> {
    Some(match word.to_ascii_uppercase().as_str() {
        "CRITICAL" | "HIGH" => Severity::High,
        "MEDIUM" | "MODERATE" => Severity::Medium,
        "LOW" | "NONE" => Severity::Low,
        _ => return None,
    })
}

/// The severity of a CVSS 3 vector, by the base score of its specification.
fn score(vector: &str) -> Option<Severity> {
    let metric = |name: &str| {
        vector
            .split('/')
            .find_map(|part| part.split_once(':').filter(|(key, _)| *key == name).map(|(_, value)| value))
    };
    let changed = metric("S")? == "C";
    let impact = |name| {
        Some(match metric(name)? {
            "H" => 0.56,
            "L" => 0.22,
            "N" => 0.0,
            _ => return None,
        })
    };
    let (c, i, a): (f64, f64, f64) = (impact("C")?, impact("I")?, impact("A")?);
    let vector_of = match metric("AV")? {
        "N" => 0.85,
        "A" => 0.62,
        "L" => 0.55,
        "P" => 0.2,
        _ => return None,
    };
    let complexity = match metric("AC")? {
        "L" => 0.77,
        "H" => 0.44,
        _ => return None,
    };
    let privileges = match (metric("PR")?, changed) {
        ("N", _) => 0.85,
        ("L", false) => 0.62,
        ("L", true) => 0.68,
        ("H", false) => 0.27,
        ("H", true) => 0.5,
        _ => return None,
    };
    let user = match metric("UI")? {
        "N" => 0.85,
        "R" => 0.62,
        _ => return None,
    };
    let sub = 1.0 - (1.0 - c) * (1.0 - i) * (1.0 - a);
    let impact = if changed { 7.52 * (sub - 0.029) - 3.25 * f64::powi(sub - 0.02, 15) } else { 6.42 * sub };
    let exploitability = 8.22 * vector_of * complexity * privileges * user;
    let base = if impact <= 0.0 {
        0.0
    } else {
        ((impact + exploitability) * if changed { 1.08 } else { 1.0 }).min(10.0)
    };
    Some(if base >= 6.95 {
        Severity::High
    } else if base >= 3.95 {
        Severity::Medium
    } else {
        Severity::Low
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_osv_record_gives_id_severity_and_components() {
        let record = json!({
            "id": "GHSA-aaaa-bbbb-cccc",
            "severity": [{ "type": "CVSS_V3", "score": "CVSS:3.1/AV:A/AC:H/PR:N/UI:N/S:U/C:L/I:L/A:N" }],
            "affected": [{ "package": { "name": "radio", "ecosystem": "x" }, "versions": ["1.0", "1.1"] }],
        });
        let imported = osv(record.to_string().as_bytes()).unwrap();
        assert_eq!(imported.id, "GHSA-aaaa-bbbb-cccc");
        assert_eq!(imported.severity, Severity::Medium);
        assert_eq!(imported.components, ["radio-1.0", "radio-1.1"]);
    }

    #[test]
    fn a_score_is_that_of_the_specification() {
        let of = |vector: &str| score(&format!("CVSS:3.1/{vector}"));
        assert_eq!(of("AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"), Some(Severity::High));
        assert_eq!(of("AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N"), Some(Severity::Medium));
        assert_eq!(of("AV:P/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N"), Some(Severity::Low));
        assert_eq!(of("AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N"), Some(Severity::Low));
        assert_eq!(of("AV:X"), None);
    }

    #[test]
    fn a_published_cve_record_is_read_and_another_one_is_not() {
        let record = |state: &str| {
            json!({
                "dataType": "CVE_RECORD", "dataVersion": "5.1",
                "cveMetadata": { "cveId": "CVE-2030-1000", "state": state },
                "containers": { "cna": {
                    "affected": [{ "vendor": "v", "product": "radio", "versions": [
                        { "version": "1.0", "status": "affected" }, { "version": "2.0", "status": "unaffected" },
                    ] }],
                    "metrics": [{ "cvssV3_1": { "baseSeverity": "LOW" } }],
                } },
            })
            .to_string()
        };
        let imported = cve(record("PUBLISHED").as_bytes()).unwrap();
        assert_eq!((imported.id.as_str(), imported.severity), ("CVE-2030-1000", Severity::Low));
        assert_eq!(imported.components, ["radio-1.0"]);
        assert!(matches!(cve(record("REJECTED").as_bytes()), Err(Failure::Unfit { .. })));
    }

    #[test]
    fn what_is_no_record_is_refused() {
        for bytes in [&b"[]"[..], b"{}", b"{\"id\": \"a b\"}", b"\xff", b"{\"id\": \"a\"} x"] {
            assert!(osv(bytes).is_err());
            assert!(cve(bytes).is_err());
        }
    }
}
