//! Signed notes (C2SP `signed-note`): a text, and lines with signatures under it.

use base64ct::{Base64, Encoding as _};
use ed25519_dalek::{Signer as _, SigningKey, Verifier as _, VerifyingKey};
use sha2::{Digest as _, Sha256};
use std::fmt;
use zeroize::Zeroizing;

/// What is wrong with a note or a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is none.
    #[error("it is no signed note: {0}")]
    Form(&'static str),
    /// Nobody signed it who counts.
    #[error("it is not signed by {0}")]
    Unsigned(String),
    /// A signature of somebody who counts is wrong: worse than none.
    #[error("the signature of {0} does not verify")]
    Forged(String),
    /// It is no key.
    #[error("it is no key of the form NAME+ID+BASE64: {0}")]
    Key(&'static str),
}

/// What a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A note's text.
    Note,
    /// A checkpoint that a witness has found to continue the one before (C2SP `tlog-cosignature`, version 1), with the time.
    Cosignature,
}

impl Kind {
    const fn byte(self) -> u8 {
        match self {
            Kind::Note => 1,
            Kind::Cosignature => 4,
        }
    }
}

/// The most that a note has: more is refused before it is looked at.
pub const MOST_BYTES: usize = 64 << 10;

/// The most signatures on a note.
pub const MOST_SIGNATURES: usize = 100;

/// A public key with its name.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    name: String,
    kind: Kind,
    key: VerifyingKey,
}

impl Key {
    /// Whose it is.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it signs.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Four bytes by which a signature's line is told from others of that name.
    pub fn id(&self) -> [u8; 4] {
        let hash = Sha256::new().chain_update(&self.name).chain_update([b'\n', self.kind.byte()]);
        let hash = hash.chain_update(self.key.as_bytes()).finalize();
        [hash[0], hash[1], hash[2], hash[3]]
    }

    /// From `NAME+ID+BASE64`.
    ///
    /// # Errors
    /// [`NoteError::Key`].
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let mut parts = text.trim().splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::Key("it has three parts"));
        };
        check_name(name).map_err(NoteError::Key)?;
        let bytes = Base64::decode_vec(key).map_err(|_| NoteError::Key("its last part is not base64"))?;
        let (kind, key) = match bytes.split_first() {
            Some((1, key)) => (Kind::Note, key),
            Some((4, key)) => (Kind::Cosignature, key),
            _ => return Err(NoteError::Key("its algorithm is none that is known here")),
        };
        let key = key.try_into().ok().and_then(|key| VerifyingKey::from_bytes(key).ok());
        let key = key.ok_or(NoteError::Key("it is no point of Ed25519"))?;
        let made = Self { name: name.to_owned(), kind, key };
        if hex(&made.id()) != id {
            return Err(NoteError::Key("its ID is not that of name and key"));
        }
        Ok(made)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&[self.kind.byte()], &self.key.as_bytes()[..]].concat();
        write!(f, "{}+{}+{}", self.name, hex(&self.id()), Base64::encode_string(&bytes))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({self})")
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn check_name(name: &str) -> Result<(), &'static str> {
    let fits = !name.is_empty()
        && name.len() <= 255
        && !name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+');
    if fits { Ok(()) } else { Err("a name has neither white space nor `+`, and 1 to 255 bytes") }
}

/// A private key with its name. Never shown.
pub struct NoteSigner {
    key: SigningKey,
    public: Key,
}

impl NoteSigner {
    /// From the seed of Ed25519.
    ///
    /// # Errors
    /// [`NoteError::Key`] for a name that is none.
    pub fn new(name: &str, kind: Kind, seed: &Zeroizing<[u8; 32]>) -> Result<Self, NoteError> {
        check_name(name).map_err(NoteError::Key)?;
        let key = SigningKey::from_bytes(seed);
        let public = Key { name: name.to_owned(), kind, key: key.verifying_key() };
        Ok(Self { key, public })
    }

    /// The public half.
    pub fn public(&self) -> &Key {
        &self.public
    }

    /// A signature on a text, as of a time in seconds since 1970: a cosignature says when, a signature does not.
    pub fn sign(&self, text: &str, at: u64) -> Signature {
        let bytes = match self.public.kind {
            Kind::Note => self.key.sign(text.as_bytes()).to_vec(),
            Kind::Cosignature => {
                let signature = self.key.sign(&cosigned(text, at)).to_bytes();
                [&at.to_be_bytes()[..], &signature].concat()
            }
        };
        Signature { name: self.public.name.clone(), id: self.public.id(), bytes }
    }
}

impl fmt::Debug for NoteSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoteSigner({}, …)", self.public)
    }
}

/// What a witness signs: that at this time it had seen nothing that speaks against the text.
fn cosigned(text: &str, at: u64) -> Vec<u8> {
    format!("cosignature/v1\ntime {at}\n{text}").into_bytes()
}

/// A line with a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Whose, as he calls himself.
    pub name: String,
    /// Of which of his keys.
    pub id: [u8; 4],
    /// The signature itself; of a cosignature, with the time before it.
    pub bytes: Vec<u8>,
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\u{2014} {} {}", self.name, Base64::encode_string(&[&self.id[..], &self.bytes].concat()))
    }
}

/// A text with signatures. Nothing is said of them before [`Note::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

impl Note {
    /// A text without signatures. It ends with a newline and holds no control characters.
    ///
    /// # Errors
    /// [`NoteError::Form`].
    pub fn new(text: String) -> Result<Self, NoteError> {
        if !text.ends_with('\n') {
            return Err(NoteError::Form("its text ends with a newline"));
        }
        if text.chars().any(|c| c.is_control() && c != '\n') {
            return Err(NoteError::Form("it holds control characters"));
        }
        Ok(Self { text, signatures: Vec::new() })
    }

    /// From its bytes.
    ///
    /// # Errors
    /// [`NoteError::Form`].
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > MOST_BYTES {
            return Err(NoteError::Form("it is longer than 64 KiB"));
        }
        let all = std::str::from_utf8(bytes).map_err(|_| NoteError::Form("it is no UTF-8"))?;
        // The last empty line: a text may hold others.
        let at = all.rfind("\n\n").ok_or(NoteError::Form("no empty line stands before its signatures"))?;
        let (text, lines) = (&all[..at + 1], &all[at + 2..]);
        let mut note = Self::new(text.to_owned())?;
        if lines.is_empty() || !lines.ends_with('\n') {
            return Err(NoteError::Form("it has no signature, or no newline at its end"));
        }
        for line in lines.lines() {
            if note.signatures.len() == MOST_SIGNATURES {
                return Err(NoteError::Form("it has more than 100 signatures"));
            }
            note.signatures.push(parse_signature(line)?);
        }
        Ok(note)
    }

    /// What was signed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// All signatures, of whomever.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Puts a signature under it, in the place of one of the same key.
    pub fn add(&mut self, signature: Signature) {
        self.signatures.retain(|one| (&one.name, one.id) != (&signature.name, signature.id));
        self.signatures.push(signature);
    }

    /// Whether a key's holder signed it; of a cosignature, when.
    ///
    /// # Errors
    /// [`NoteError::Unsigned`] where he did not; [`NoteError::Forged`] where it is claimed and not so.
    pub fn verify(&self, key: &Key) -> Result<Option<u64>, NoteError> {
        let (name, id) = (key.name(), key.id());
        let own = self.signatures.iter().find(|one| one.name == name && one.id == id);
        let Some(own) = own else { return Err(NoteError::Unsigned(name.to_owned())) };
        let forged = || NoteError::Forged(name.to_owned());
        let (time, message, bytes) = match key.kind {
            Kind::Note => (None, self.text.as_bytes().to_vec(), &own.bytes[..]),
            Kind::Cosignature => {
                let (time, bytes) = own.bytes.split_first_chunk().ok_or_else(forged)?;
                let time = u64::from_be_bytes(*time);
                (Some(time), cosigned(&self.text, time), bytes)
            }
        };
        let signature = ed25519_dalek::Signature::from_slice(bytes).map_err(|_| forged())?;
        key.key.verify(&message, &signature).map_err(|_| forged())?;
        Ok(time)
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

fn parse_signature(line: &str) -> Result<Signature, NoteError> {
    let form = || NoteError::Form("a line of a signature is `\u{2014} NAME BASE64`");
    let (name, signature) =
        line.strip_prefix("\u{2014} ").and_then(|rest| rest.split_once(' ')).ok_or_else(form)?;
    check_name(name).map_err(|_| form())?;
    let bytes = Base64::decode_vec(signature).map_err(|_| form())?;
    let (id, bytes) = bytes.split_first_chunk().ok_or_else(form)?;
    Ok(Signature { name: name.to_owned(), id: *id, bytes: bytes.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of C2SP's `signed-note`.
    const GO: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const NOTE: &str = "If you think cryptography is the answer to your problem,\n\
                        then you don't know what your problem is.\n\n\
                        \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    fn signer(name: &str, kind: Kind) -> NoteSigner {
        NoteSigner::new(name, kind, &Zeroizing::new([7; 32])).unwrap()
    }

    #[test]
    fn the_published_example_verifies_and_a_changed_one_does_not() {
        let key = Key::parse(GO).unwrap();
        assert_eq!(key.to_string(), GO);
        let note = Note::parse(NOTE.as_bytes()).unwrap();
        assert_eq!(note.verify(&key), Ok(None));
        assert_eq!(note.to_string(), NOTE);
        let changed = Note::parse(NOTE.replace("answer", "enemy.").as_bytes()).unwrap();
        assert_eq!(changed.verify(&key), Err(NoteError::Forged("PeterNeumann".to_owned())));
        let other = signer("PeterNeumann", Kind::Note);
        assert_eq!(note.verify(other.public()), Err(NoteError::Unsigned("PeterNeumann".to_owned())));
    }

    #[test]
    fn a_cosignature_says_when_and_is_no_signature_of_the_log() {
        let (log, witness) =
            (signer("list.example", Kind::Note), signer("witness.example", Kind::Cosignature));
        let mut note = Note::new("list.example\n1\nAAAA\n".to_owned()).unwrap();
        note.add(log.sign(note.text(), 0));
        note.add(witness.sign(note.text(), 1_800_000_000));
        let note = Note::parse(note.to_string().as_bytes()).unwrap();
        assert_eq!(note.verify(log.public()), Ok(None));
        assert_eq!(note.verify(witness.public()), Ok(Some(1_800_000_000)));
        let mut moved = note.clone();
        moved.signatures[1].bytes[7] ^= 1;
        assert_eq!(moved.verify(witness.public()), Err(NoteError::Forged("witness.example".to_owned())));
        assert_eq!(moved.verify(log.public()), Ok(None));
    }

    #[test]
    fn a_key_with_another_s_id_or_another_algorithm_is_none() {
        for (text, what) in [
            (GO.replace("c74f20a3", "c74f20a4"), "its ID is not that of name and key"),
            (GO.replace("Peter", "Pater"), "its ID is not that of name and key"),
            (GO.replace("+ARpc", "+ERpc"), "its algorithm is none that is known here"),
            ("PeterNeumann".to_owned(), "it has three parts"),
        ] {
            assert_eq!(Key::parse(&text), Err(NoteError::Key(what)), "{text}");
        }
        assert!(NoteSigner::new("two words", Kind::Note, &Zeroizing::new([7; 32])).is_err());
    }

    #[test]
    fn what_is_no_note_is_refused() {
        let long = format!("{}{NOTE}", "x\n".repeat(MOST_BYTES / 2));
        let many = format!("{NOTE}{}", "\u{2014} a AAAAAAA=\n".repeat(MOST_SIGNATURES));
        for text in [
            "",
            "\n\n",
            "text\n",
            "text\n\n",
            "text\n\n\u{2014} a\n",
            "text\n\n- a AAAAAAA=\n",
            "a\tb\n\n\u{2014} a AAAAAAA=\n",
            &long,
            &many,
        ] {
            assert!(matches!(Note::parse(text.as_bytes()), Err(NoteError::Form(_))), "{text:.40}");
        }
        assert!(Note::parse("text\n\n\u{2014} a AAAAAAA=\n".as_bytes()).is_ok());
    }

    #[test]
    fn a_signer_does_not_show_its_key() {
        let shown = format!("{:?}", signer("a", Kind::Note));
        assert!(!shown.contains("7, 7") && !shown.contains("0707"), "{shown}");
    }
}
