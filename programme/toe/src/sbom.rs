//! The software bill of materials: CycloneDX 1.6 in JSON, from what `cargo metadata` resolves for the firmware's packages and
//! what `Cargo.lock` says of their content.
//!
//! Cargo resolves the features of a workspace together, so an optional library that only another member switches on can
//! be listed although it is not linked: the list is never too short. The same inputs give the same bytes; the serial
//! number is made from them.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// The version of CycloneDX.
pub const SPEC_VERSION: &str = "1.6";

/// Why there is no SBOM.
#[derive(Debug, thiserror::Error)]
pub enum SbomError {
    /// What cargo gave.
    #[error("not the output of `cargo metadata --format-version 1`: {0}")]
    Metadata(serde_json::Error),
    /// The lock file.
    #[error("not a Cargo.lock: {0}")]
    Lock(#[from] toml::de::Error),
    /// A package that is not in the workspace.
    #[error("the workspace has no package `{name}`; its members are {}", members.join(", "))]
    NoPackage {
        /// What was asked for.
        name: String,
        /// What there is.
        members: Vec<String>,
    },
    /// Not the SBOM of a version that is known here.
    #[error("not a CycloneDX SBOM in JSON: {0}")]
    NoSbom(String),
}

/// A bill of materials. What is read may have more members, which are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sbom {
    /// `CycloneDX`.
    pub bom_format: String,
    /// `1.6`.
    pub spec_version: String,
    /// A URN with a UUID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial_number: Option<String>,
    /// Of the document.
    #[serde(default = "first")]
    pub version: u32,
    /// What it is about.
    #[serde(default)]
    pub metadata: Metadata,
    /// What is in it.
    #[serde(default)]
    pub components: Vec<Component>,
    /// What needs what.
    #[serde(default)]
    pub dependencies: Vec<Dependency>,
}

fn first() -> u32 {
    1
}

/// What an SBOM is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// The product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component: Option<Component>,
}

/// A component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Component {
    /// `firmware`, `library`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// How it is referred to in this document.
    #[serde(rename = "bom-ref", default, skip_serializing_if = "Option::is_none")]
    pub bom_ref: Option<String>,
    /// Its name.
    pub name: String,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// `required`, or `excluded` for what is only used to build.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Of its content.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hashes: Vec<Hash>,
    /// Its licences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub licenses: Vec<License>,
    /// Its package URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purl: Option<String>,
}

/// The hash of a component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hash {
    /// `SHA-256`.
    pub alg: String,
    /// In hex.
    pub content: String,
}

/// A licence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct License {
    /// As SPDX has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
}

/// What a component needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Dependency {
    /// The component.
    #[serde(rename = "ref")]
    pub of: String,
    /// What it needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<String>,
}

/// What is described.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The packages that it is made from.
    pub packages: Vec<String>,
}

#[derive(Deserialize)]
struct CargoMetadata {
    packages: Vec<Package>,
    workspace_members: Vec<String>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    source: Option<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Edge>,
}

#[derive(Deserialize)]
struct Edge {
    pkg: String,
    dep_kinds: Vec<EdgeKind>,
}

#[derive(Deserialize)]
struct EdgeKind {
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    checksum: Option<String>,
}

impl Edge {
    /// Whether it is linked into what needs it.
    fn is_linked(&self) -> bool {
        self.dep_kinds.iter().any(|kind| kind.kind.is_none())
    }

    /// Whether it runs when that is built.
    fn builds(&self) -> bool {
        self.dep_kinds.iter().any(|kind| kind.kind.as_deref() == Some("build"))
    }
}

impl Sbom {
    /// Makes it from the output of `cargo metadata --format-version 1 --filter-platform TARGET` and from `Cargo.lock`.
    pub fn make(product: &Product, metadata: &str, lock: &str) -> Result<Sbom, SbomError> {
        let metadata: CargoMetadata = serde_json::from_str(metadata).map_err(SbomError::Metadata)?;
        let lock: Lock = toml::from_str(lock)?;
        let packages: BTreeMap<&str, &Package> = metadata.packages.iter().map(|p| (&*p.id, p)).collect();
        let nodes: BTreeMap<&str, &Node> =
            metadata.resolve.nodes.iter().map(|node| (&*node.id, node)).collect();
        let members = || metadata.workspace_members.iter().filter_map(|id| packages.get(&**id));
        let mut roots = Vec::new();
        for name in &product.packages {
            let found = members().find(|package| package.name == *name);
            roots.push(
                &*found
                    .ok_or_else(|| SbomError::NoPackage {
                        name: name.clone(),
                        members: members().map(|package| package.name.clone()).collect(),
                    })?
                    .id,
            );
        }
        let linked = reached(&roots, &nodes, Edge::is_linked);
        let all = reached(&roots, &nodes, |edge| edge.is_linked() || edge.builds());
        let known = |id: &&str| packages.get(*id).copied();
        let mut components: Vec<Component> =
            all.iter().filter_map(|id| Some(component(known(id)?, linked.contains(id), &lock))).collect();
        components.sort_by(|a, b| a.bom_ref.cmp(&b.bom_ref));
        let own = Component {
            kind: "firmware".into(),
            bom_ref: Some(format!("{}@{}", product.name, product.version)),
            name: product.name.clone(),
            version: Some(product.version.clone()),
            scope: None,
            hashes: Vec::new(),
            licenses: Vec::new(),
            purl: None,
        };
        let refs = |ids: &mut dyn Iterator<Item = &str>| {
            let refs: BTreeSet<String> = ids.filter_map(|id| known(&id)).map(purl).collect();
            refs.into_iter().collect::<Vec<_>>()
        };
        let mut dependencies: Vec<Dependency> = all
            .iter()
            .filter_map(|id| Some((known(id)?, nodes.get(id)?)))
            .map(|(package, node)| {
                let needed = node.deps.iter().filter(|edge| edge.is_linked() || edge.builds());
                Dependency { of: purl(package), depends_on: refs(&mut needed.map(|edge| &*edge.pkg)) }
            })
            .collect();
        dependencies.sort_by(|a, b| a.of.cmp(&b.of));
        let root = own.bom_ref.clone().unwrap_or_default();
        dependencies.insert(0, Dependency { of: root, depends_on: refs(&mut roots.iter().copied()) });
        let mut sbom = Sbom {
            bom_format: "CycloneDX".into(),
            spec_version: SPEC_VERSION.into(),
            serial_number: None,
            version: 1,
            metadata: Metadata { component: Some(own) },
            components,
            dependencies,
        };
        sbom.serial_number = Some(serial(&sbom));
        Ok(sbom)
    }

    /// Reads one, of any tool, in CycloneDX's JSON.
    pub fn from_json(text: &str) -> Result<Sbom, SbomError> {
        let sbom: Sbom = serde_json::from_str(text).map_err(|error| SbomError::NoSbom(error.to_string()))?;
        if sbom.bom_format != "CycloneDX" {
            return Err(SbomError::NoSbom(format!("its bomFormat is `{}`", sbom.bom_format)));
        }
        Ok(sbom)
    }

    /// Its JSON.
    pub fn to_json(&self) -> String {
        // String keys only, and no serializer that fails.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

/// Everything that is reached over such edges, the roots included.
fn reached<'m>(
    roots: &[&'m str],
    nodes: &BTreeMap<&'m str, &'m Node>,
    over: impl Fn(&Edge) -> bool,
) -> BTreeSet<&'m str> {
    let mut found = BTreeSet::new();
    let mut waiting: Vec<&str> = roots.to_vec();
    while let Some(id) = waiting.pop() {
        if found.insert(id) {
            let deps = nodes.get(id).map_or(&[][..], |node| &node.deps);
            waiting.extend(deps.iter().filter(|edge| over(edge)).map(|edge| &*edge.pkg));
        }
    }
    found
}

fn purl(package: &Package) -> String {
    format!("pkg:cargo/{}@{}", package.name, package.version.replace('+', "%2B"))
}

fn component(package: &Package, linked: bool, lock: &Lock) -> Component {
    let locked =
        lock.package.iter().find(|locked| locked.name == package.name && locked.version == package.version);
    // A package of this repository has no checksum: the commit identifies it.
    let checksum = locked.and_then(|locked| locked.checksum.clone()).filter(|_| package.source.is_some());
    Component {
        kind: "library".into(),
        bom_ref: Some(purl(package)),
        name: package.name.clone(),
        version: Some(package.version.clone()),
        scope: Some(if linked { "required" } else { "excluded" }.into()),
        hashes: checksum.into_iter().map(|content| Hash { alg: "SHA-256".into(), content }).collect(),
        // Old manifests write a slash for "or".
        licenses: package
            .license
            .iter()
            .map(|license| License { expression: Some(license.replace('/', " OR ")) })
            .collect(),
        purl: Some(purl(package)),
    }
}

/// A UUID (RFC 9562, version 8) from the content.
fn serial(sbom: &Sbom) -> String {
    let digest = Sha256::digest(sbom.to_json());
    let mut bytes: [u8; 16] = digest.first_chunk().copied().unwrap_or_default();
    bytes[6] = bytes[6] & 0x0F | 0x80;
    bytes[8] = bytes[8] & 0x3F | 0x80;
    let hex = hex::encode(bytes);
    let field = |range: std::ops::Range<usize>| hex.get(range).unwrap_or_default();
    format!("urn:uuid:{}-{}-{}-{}-{}", field(0..8), field(8..12), field(12..16), field(16..20), field(20..32))
}
