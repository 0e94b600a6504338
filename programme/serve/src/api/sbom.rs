//! Lists of components (CycloneDX, JSON), read as far as the programme needs it: which of them it knows.

use crate::registry::Failure;
use serde::Deserialize;

/// A component of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its package URL.
    pub purl: Option<String>,
}

impl Component {
    /// What the programme would call it as a shared component.
    pub fn shared(&self) -> String {
        format!("{}-{}", self.name, self.version)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bom {
    bom_format: String,
    spec_version: String,
    #[serde(default)]
    components: Vec<BomComponent>,
}

#[derive(Deserialize)]
struct BomComponent {
    name: String,
    #[serde(default)]
    version: String,
    purl: Option<String>,
    #[serde(default)]
    components: Vec<BomComponent>,
}

/// More components than a device has.
pub const MOST: usize = 20_000;

/// Every component of a list, those inside others too, by name.
///
/// # Errors
/// For what is no list, one of another version of the format, and one that is too long.
pub fn components(bytes: &[u8]) -> Result<Vec<Component>, Failure> {
    let bom: Bom = crate::web::extract::json(bytes)?;
    if bom.bom_format != "CycloneDX" {
        return Err(Failure::unfit("bomFormat", "`CycloneDX` is needed"));
    }
    if !["1.4", "1.5", "1.6", "1.7"].contains(&bom.spec_version.as_str()) {
        return Err(Failure::unfit("specVersion", "1.4 to 1.7 are read"));
    }
    let mut all = Vec::new();
    let mut open = bom.components;
    while let Some(one) = open.pop() {
        if all.len() == MOST {
            return Err(Failure::unfit("components", format!("more than {MOST}")));
        }
        open.extend(one.components);
        all.push(Component { name: one.name, version: one.version, purl: one.purl });
    }
    all.sort_by(|one, other| (&one.name, &one.version).cmp(&(&other.name, &other.version)));
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn components_are_read_with_those_inside_them() {
        let bom = json!({
            "bomFormat": "CycloneDX", "specVersion": "1.6",
            "components": [{ "type": "firmware", "name": "stack", "version": "2", "components": [
                { "type": "library", "name": "radio", "version": "1.0", "purl": "pkg:generic/radio@1.0" },
            ] }],
        });
        let found = components(bom.to_string().as_bytes()).unwrap();
        assert_eq!(found.iter().map(Component::shared).collect::<Vec<_>>(), ["radio-1.0", "stack-2"]);
        assert_eq!(found[0].purl.as_deref(), Some("pkg:generic/radio@1.0"));
    }

    #[test]
    fn another_format_or_version_is_named() {
        let field = |bom: serde_json::Value| match components(bom.to_string().as_bytes()) {
            Err(Failure::Unfit { field, .. }) => field,
            other => panic!("{other:?}"),
        };
        assert_eq!(field(json!({ "bomFormat": "SPDX", "specVersion": "1.6" })), "bomFormat");
        assert_eq!(field(json!({ "bomFormat": "CycloneDX", "specVersion": "0.9" })), "specVersion");
        assert_eq!(
            field(json!({ "bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{}] })),
            "components[0]"
        );
    }
}
