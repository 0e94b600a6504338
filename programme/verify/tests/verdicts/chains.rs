//! Keys that certificates endorse.

use crate::made::{Claims, public_key, signing_key};
use crate::support::*;
use dtsec_list::endorse::{Endorsements, Revocation, Revoked};
use dtsec_list::{Authority, Chain, Fingerprint};
use dtsec_verify::{Evidence, Expected, Finding, Verifier};
use jiff::Timestamp;
use p256::pkcs8::EncodePrivateKey;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

/// A manufacturer's authority.
struct Ca(CertifiedIssuer<'static, KeyPair>);

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params.not_before = rcgen::date_time_ymd(2026, 1, 1);
    params.not_after = rcgen::date_time_ymd(2027, 1, 1);
    params
}

impl Ca {
    fn new(name: &str) -> Ca {
        let mut params = params(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Ca(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn authority(&self) -> Authority {
        Authority::new("ACME", self.0.der().to_vec()).unwrap()
    }

    /// The certificate of the key with this number.
    fn certify(&self, number: u8, change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
        let key = KeyPair::try_from(signing_key(number).to_pkcs8_der().unwrap().as_bytes()).unwrap();
        let mut params = params("an attestation key");
        change(&mut params);
        params.signed_by(&key, &*self.0).unwrap().der().to_vec()
    }
}

fn verifier(authorities: &[&Ca]) -> Verifier {
    let mut endorsements = Endorsements::new();
    authorities.iter().for_each(|ca| endorsements.authorise(ca.authority()));
    Verifier::new(full_list(), endorsements).unwrap()
}

fn found_with(verifier: &Verifier, chain: Vec<Vec<u8>>, at: Timestamp) -> Finding {
    let (token, chain) = (Claims::full().token(), Chain::new(chain).unwrap());
    verifier.verify(&Evidence::new(&token).with_chain(&chain), Expected::Nonce(&NONCE), at).finding
}

#[test]
fn a_certificate_of_an_endorsed_authority_endorses_the_key_and_no_other_does() {
    let [acme, other] = ["ACME", "other"].map(Ca::new);
    let chain = || vec![acme.certify(1, |_| ())];
    assert_eq!(found_with(&verifier(&[&acme]), chain(), now()), Finding::ListedAndClean);
    assert_eq!(found_with(&verifier(&[&other, &acme]), chain(), now()), Finding::ListedAndClean);
    assert_eq!(found_with(&verifier(&[&other]), chain(), now()), Finding::NotAcceptedChain);
    assert_eq!(found_with(&verifier(&[]), chain(), now()), Finding::NotAcceptedChain);
    assert_eq!(found(&verifier(&[&acme]), &Claims::full().token()), Finding::NotEndorsed);
}

#[test]
fn a_certificate_counts_in_its_time_only() {
    let acme = Ca::new("ACME");
    let verifier = verifier(&[&acme]);
    let chain = || vec![acme.certify(1, |params| params.not_after = rcgen::date_time_ymd(2026, 11, 22))];
    assert_eq!(found_with(&verifier, chain(), now()), Finding::NotAcceptedChain);
    assert_eq!(found_with(&verifier, vec![acme.certify(1, |_| ())], now()), Finding::ListedAndClean);
}

#[test]
fn a_certificate_made_for_a_server_is_not_one_of_an_attestation_key() {
    let acme = Ca::new("ACME");
    let chain = vec![acme.certify(1, |params| {
        params.extended_key_usages.push(rcgen::ExtendedKeyUsagePurpose::ServerAuth);
    })];
    assert_eq!(found_with(&verifier(&[&acme]), chain, now()), Finding::NotAcceptedChain);
}

#[test]
fn the_certificate_of_another_instance_does_not_help() {
    let acme = Ca::new("ACME");
    let verifier = verifier(&[&acme]);
    assert_eq!(found_with(&verifier, vec![acme.certify(2, |_| ())], now()), Finding::WrongInstance);
    assert_eq!(found_with(&verifier, vec![acme.certify(1, |_| ())], now()), Finding::ListedAndClean);
    assert_ne!(public_key(1), public_key(2));
}

#[test]
fn a_certificate_that_is_revoked_takes_everything_with_it_that_it_leads_to() {
    let acme = Ca::new("ACME");
    let leaf = acme.certify(1, |_| ());
    let with = |revoked: Option<[u8; 32]>| {
        let mut endorsements = Endorsements::new();
        endorsements.authorise(acme.authority());
        if let Some(sha256) = revoked {
            let revoked = Revoked::Certificate { sha256: Fingerprint::try_from(&sha256[..]).unwrap() };
            endorsements.revoke(Revocation { revoked, since: now(), because: "lost".into() });
        }
        let verifier = Verifier::new(full_list(), endorsements).unwrap();
        found_with(&verifier, vec![leaf.clone()], now())
    };
    let own = Chain::new(vec![leaf.clone()]).unwrap().fingerprints().next().unwrap();
    assert_eq!(with(None), Finding::ListedAndClean, "the control");
    assert_eq!(with(Some([7; 32])), Finding::ListedAndClean, "another one");
    assert_eq!(with(Some(own)), Finding::RevokedKey);
    assert_eq!(with(Some(acme.authority().fingerprint())), Finding::RevokedKey);
}

#[test]
fn a_key_that_was_enrolled_by_a_certificate_goes_with_the_certificate() {
    let acme = Ca::new("ACME");
    let pem = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        base64(&acme.certify(1, |_| ()))
    );
    let line = format!("{{\"chain\": {pem:?}}}\n");
    let with = |revoked: bool| {
        let mut endorsements = Endorsements::new();
        endorsements.authorise(acme.authority());
        let form = dtsec_list::enrol::Form::JsonLines;
        let enrolled = endorsements.enrol("ACME", form, line.as_bytes(), now());
        assert_eq!((enrolled.new, &enrolled.refused[..]), (1, &[][..]));
        if revoked {
            let sha256 = Fingerprint::try_from(&acme.authority().fingerprint()[..]).unwrap();
            let revoked = Revoked::Certificate { sha256 };
            endorsements.revoke(Revocation { revoked, since: now(), because: "lost".into() });
        }
        found(&Verifier::new(full_list(), endorsements).unwrap(), &Claims::full().token())
    };
    assert_eq!(with(false), Finding::ListedAndClean, "no chain comes with the token");
    assert_eq!(with(true), Finding::RevokedKey);
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
