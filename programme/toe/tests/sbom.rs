//! The SBOM, from small metadata and from this repository's own.

#![forbid(unsafe_code)]

use dtsec_toe::sbom::{Product, Sbom, SbomError};
use std::path::Path;
use std::process::Command;

const LOCK: &str = r#"
version = 4
[[package]]
name = "app"
version = "0.1.0"
[[package]]
name = "linked"
version = "1.2.3"
checksum = "aa11"
[[package]]
name = "tool"
version = "2.0.0"
checksum = "bb22"
[[package]]
name = "tests-only"
version = "3.0.0"
checksum = "cc33"
"#;

fn metadata() -> String {
    let package = |name: &str, version: &str, source: Option<&str>| serde_json::json!({"id": name, "name": name, "version": version, "license": "MIT/Apache-2.0", "source": source});
    let edge =
        |name: &str, kind: Option<&str>| serde_json::json!({"pkg": name, "dep_kinds": [{"kind": kind}]});
    let registry = Some("registry");
    serde_json::json!({
        "packages": [package("app", "0.1.0", None), package("linked", "1.2.3", registry),
                     package("tool", "2.0.0", registry), package("tests-only", "3.0.0", registry)],
        "workspace_members": ["app"],
        "resolve": {"nodes": [
            {"id": "app", "deps": [edge("linked", None), edge("tool", Some("build")), edge("tests-only", Some("dev"))]},
            {"id": "linked", "deps": []}, {"id": "tool", "deps": []}, {"id": "tests-only", "deps": []},
        ]},
    })
    .to_string()
}

fn product(package: &str) -> Product {
    Product { name: "my-platform".into(), version: "0.1.0+0".into(), packages: vec![package.into()] }
}

#[test]
fn what_is_linked_is_required_what_builds_is_excluded_and_what_tests_is_not_there() {
    let sbom = Sbom::make(&product("app"), &metadata(), LOCK).unwrap();
    let found: Vec<_> = sbom.components.iter().map(|c| (&*c.name, c.scope.as_deref().unwrap())).collect();
    assert_eq!(found, [("app", "required"), ("linked", "required"), ("tool", "excluded")]);
    let linked = &sbom.components[1];
    assert_eq!(
        (linked.hashes[0].content.as_str(), linked.purl.as_deref()),
        ("aa11", Some("pkg:cargo/linked@1.2.3"))
    );
    assert_eq!(linked.licenses[0].expression.as_deref(), Some("MIT OR Apache-2.0"));
    assert!(sbom.components[0].hashes.is_empty(), "its own code has no checksum in a registry");
    assert_eq!(sbom.dependencies[0].depends_on, ["pkg:cargo/app@0.1.0"]);
}

#[test]
fn it_is_read_as_it_was_written_and_is_the_same_each_time() {
    let sbom = Sbom::make(&product("app"), &metadata(), LOCK).unwrap();
    assert_eq!(Sbom::from_json(&sbom.to_json()).unwrap(), sbom);
    assert_eq!(Sbom::make(&product("app"), &metadata(), LOCK).unwrap().to_json(), sbom.to_json());
    let json: serde_json::Value = serde_json::from_str(&sbom.to_json()).unwrap();
    assert_eq!((json["bomFormat"].as_str(), json["specVersion"].as_str()), (Some("CycloneDX"), Some("1.6")));
    let serial = json["serialNumber"].as_str().unwrap();
    assert!(
        serial.starts_with("urn:uuid:") && serial.len() == 45 && serial.as_bytes()[23] == b'8',
        "{serial}"
    );
}

#[test]
fn a_package_that_is_not_there_and_a_document_that_is_none_are_refused() {
    let error = Sbom::make(&product("linked"), &metadata(), LOCK).unwrap_err();
    assert!(matches!(&error, SbomError::NoPackage { members, .. } if members == &["app"]), "{error}");
    assert!(matches!(Sbom::make(&product("app"), "{}", LOCK), Err(SbomError::Metadata(_))));
    assert!(matches!(
        Sbom::from_json(r#"{"bomFormat": "SPDX", "specVersion": "3"}"#),
        Err(SbomError::NoSbom(_))
    ));
}

#[test]
fn the_platforms_own_sbom_has_its_cryptography_with_checksums_and_no_host_tools() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args([
        "metadata",
        "--format-version",
        "1",
        "--locked",
        "--offline",
        "--filter-platform",
        "thumbv8m.main-none-eabi",
    ]);
    let output = cargo.current_dir(&root).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lock = std::fs::read_to_string(root.join("Cargo.lock")).unwrap();
    let packages = ["mps2-an505-boot", "mps2-an505-platform"].map(str::to_owned).to_vec();
    let product = Product { name: "cdd-platform".into(), version: "0.1.0+0".into(), packages };
    let sbom = Sbom::make(&product, &String::from_utf8(output.stdout).unwrap(), &lock).unwrap();
    let find = |name: &str| sbom.components.iter().find(|component| component.name == name);
    for name in ["aes", "sha2", "p256-cortex-m4-sys", "chacha20poly1305", "curve25519-dalek"] {
        let component = find(name).unwrap_or_else(|| panic!("{name}"));
        assert_eq!((component.scope.as_deref(), component.hashes.len()), (Some("required"), 1), "{name}");
    }
    for name in ["clap", "proptest", "dtsec", "dtsec-evaluate"] {
        assert!(find(name).is_none(), "{name}");
    }
    for component in sbom.components.iter().filter(|component| !component.hashes.is_empty()) {
        assert!(!component.licenses.is_empty(), "{}", component.name);
    }
}
