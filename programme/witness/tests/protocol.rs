//! A witness over HTTP: what it signs, how it says what it does not sign, and who asks it when it lies.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use dtsec_log::witness::{MOST_BYTES, Submission, answered};
use dtsec_log::{Checkpoint, Hash, Kind, Note, NoteError, NoteSigner, Tiles, tile, tree as merkle};
use dtsec_publish::tree::Tree;
use dtsec_publish::witness::{LocalWitness, Witness as _};
use dtsec_witness::{HttpWitness, Service};
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::sync::oneshot;
use url::Url;
use zeroize::Zeroizing;

fn signer(name: &str, kind: Kind, seed: u8) -> NoteSigner {
    NoteSigner::new(name, kind, &Zeroizing::new([seed; 32])).unwrap()
}

fn log() -> NoteSigner {
    signer("list.example", Kind::Note, 1)
}

fn witness() -> NoteSigner {
    signer("witness.example", Kind::Cosignature, 2)
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into()
}

/// Something that answers on a port of its own, until it is dropped.
struct Server {
    url: Url,
    end: Option<oneshot::Sender<()>>,
    runs: Option<std::thread::JoinHandle<()>>,
}

impl Server {
    fn of(router: Router) -> Self {
        let (end, ended) = oneshot::channel::<()>();
        let (tell, told) = std::sync::mpsc::channel();
        let runs = std::thread::spawn(move || {
            tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap()
                .block_on(async {
                    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                    tell.send(listener.local_addr().unwrap()).unwrap();
                    let ended = async {
                        let _ = ended.await;
                    };
                    axum::serve(listener, router).with_graceful_shutdown(ended).await.unwrap();
                });
        });
        let url = format!("http://{}/", told.recv().unwrap()).parse().unwrap();
        Self { url, end: Some(end), runs: Some(runs) }
    }

    /// A witness that remembers in this file.
    fn witness(state: &Path) -> Self {
        let local = LocalWitness::new(witness(), log().public().clone(), state.to_owned());
        Self::of(Arc::new(Service::new(local)).router())
    }

    /// One that always answers so.
    fn saying(status: u16, body: impl Into<String>) -> Self {
        let (status, body) = (StatusCode::from_u16(status).unwrap(), body.into());
        Self::of(Router::new().route("/add-checkpoint", post(move || async move { (status, body) })))
    }

    /// Status, kind and text of the answer.
    fn asked(&self, body: &[u8]) -> (u16, String, String) {
        let mut answer = agent().post(format!("{}add-checkpoint", self.url)).send(body).unwrap();
        let kind = answer.headers().get("content-type").map_or("", |kind| kind.to_str().unwrap()).to_owned();
        (answer.status().as_u16(), kind, answer.body_mut().read_to_string().unwrap())
    }

    /// Has a log signed, as a publisher does.
    fn cosign(&self, log: &mut Log) -> Result<(), String> {
        let note = log.note();
        let mut asks = HttpWitness::new(agent(), &self.url, vec![witness().public().clone()]);
        let signature = asks.cosign(&note, &mut |from| log.proof(from))?;
        let mut note = note;
        note.add(signature);
        note.verify(witness().public()).map(|_| ()).map_err(|error| error.to_string())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.end.take().map(|end| end.send(()));
        self.runs.take().unwrap().join().unwrap();
    }
}

/// A log of these entries.
struct Log {
    folder: TempDir,
    size: u64,
}

impl Log {
    fn of(entries: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let entries: Vec<_> = entries.iter().map(|entry| entry.as_bytes().to_vec()).collect();
        tile::append(&Tree::new(folder.path()), 0, &entries).unwrap();
        Self { folder, size: entries.len() as u64 }
    }

    fn unsigned(&self) -> Note {
        let root =
            merkle::root(&mut Tiles::new(&Tree::new(self.folder.path()), self.size), self.size).unwrap();
        Checkpoint { origin: "list.example".to_owned(), size: self.size, root }.note().unwrap()
    }

    fn note(&self) -> Note {
        let mut note = self.unsigned();
        note.add(log().sign(note.text(), 0));
        note
    }

    fn proof(&self, from: u64) -> Option<Vec<Hash>> {
        let tree = Tree::new(self.folder.path());
        let path = |size| merkle::consistency(&mut Tiles::new(&tree, size), from, size).unwrap();
        (from <= self.size).then(|| path(self.size))
    }

    fn submission(&self, old: u64) -> Submission {
        Submission { old, proof: self.proof(old).unwrap(), note: self.note() }
    }
}

#[test]
fn a_witness_signs_a_log_that_grows_and_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.json");
    let server = Server::witness(&state);
    server.cosign(&mut Log::of(&["a"])).unwrap();
    server.cosign(&mut Log::of(&["a", "b", "c"])).unwrap();
    server.cosign(&mut Log::of(&["a", "b", "c"])).expect("the same once more");
    drop(server);
    let server = Server::witness(&state);
    let (status, kind, body) = server.asked(Log::of(&["a"]).submission(0).to_string().as_bytes());
    assert_eq!((status, &*kind, &*body), (409, "text/x.tlog.size", "3\n"));
    server.cosign(&mut Log::of(&["a", "b", "c", "d"])).unwrap();
}

#[test]
fn what_is_not_signed_is_refused_by_the_status_of_the_protocol() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::witness(&folder.path().join("state.json"));
    server.cosign(&mut Log::of(&["a", "b"])).unwrap();
    let grown = Log::of(&["a", "b", "c", "d", "e"]);
    let good = grown.submission(2);
    let status = |submission: &Submission| server.asked(submission.to_string().as_bytes()).0;
    let with = |change: &dyn Fn(&mut Submission)| {
        let mut submission = good.clone();
        change(&mut submission);
        status(&submission)
    };
    assert_eq!(server.asked(b"old two\n\nx\n").0, 400);
    assert_eq!(server.asked(b"").0, 400);
    // One byte too many: it is read to its end, so that the answer is not lost on the way.
    assert_eq!(server.asked(&vec![b'x'; MOST_BYTES + 1]).0, 413);
    assert_eq!(with(&|one| one.old = 6), 400, "from more than there is");
    let other = signer("other.example", Kind::Note, 1);
    let mut note = Checkpoint { origin: "other.example".to_owned(), size: 1, root: [7; 32] }.note().unwrap();
    note.add(other.sign(note.text(), 0));
    assert_eq!(with(&|one| one.note = note.clone()), 404);
    let mut unsigned = grown.unsigned();
    unsigned.add(witness().sign(unsigned.text(), 0));
    assert_eq!(with(&|one| one.note = unsigned.clone()), 403);
    let mut forged = grown.unsigned();
    forged.add(log().sign("something else\n", 0));
    assert_eq!(with(&|one| one.note = forged.clone()), 403);
    assert_eq!(status(&grown.submission(1)), 409, "from elsewhere");
    let fork = Log::of(&["a", "x"]);
    let (code, _, body) = server.asked(fork.submission(2).to_string().as_bytes());
    assert_eq!((code, &*body), (409, "2\n"), "of the same size, and another");
    assert_eq!(with(&|one| one.proof[0][0] ^= 1), 422);
    assert_eq!(with(&|one| _ = one.proof.pop()), 422);
    assert_eq!(status(&Log::of(&["a", "x", "c", "d", "e"]).submission(2)), 422, "another past");
    let (code, _, body) = server.asked(good.to_string().as_bytes());
    assert_eq!(code, 200, "the control");
    answered(&good.note, &body, &[witness().public().clone()]).unwrap();
}

#[test]
fn a_log_that_goes_back_or_shows_another_past_is_told_so_and_the_honest_one_is_signed() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::witness(&folder.path().join("state.json"));
    server.cosign(&mut Log::of(&["a", "b"])).unwrap();
    let told = server.cosign(&mut Log::of(&["a"])).unwrap_err();
    assert!(told.contains("seen the log with 2 entries, and there are 1"), "{told}");
    let told = server.cosign(&mut Log::of(&["a", "x"])).unwrap_err();
    assert!(told.contains("another log with 2 entries"), "{told}");
    let told = server.cosign(&mut Log::of(&["a", "x", "c"])).unwrap_err();
    assert!(told.contains("it answers 422"), "{told}");
    server.cosign(&mut Log::of(&["a", "b", "c"])).expect("the control");
}

#[test]
fn of_two_logs_that_are_handed_in_at_once_one_is_signed() {
    for _ in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state.json");
        // Two processes with one key and one file.
        let servers = [Server::witness(&state), Server::witness(&state)];
        let signed = std::thread::scope(|scope| {
            let ask =
                |server, entry| scope.spawn(move || Server::cosign(server, &mut Log::of(&[entry])).is_ok());
            let both = [ask(&servers[0], "a"), ask(&servers[1], "b")];
            both.map(|one| one.join().unwrap()).into_iter().filter(|signed| *signed).count()
        });
        assert_eq!(signed, 1);
    }
}

#[test]
fn a_witness_whose_memory_is_damaged_signs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.json");
    let server = Server::witness(&state);
    server.cosign(&mut Log::of(&["a"])).expect("the control");
    std::fs::write(&state, "{}").unwrap();
    let told = server.cosign(&mut Log::of(&["a", "b"])).unwrap_err();
    assert!(told.contains("it answers 500") && told.contains("damaged"), "{told}");
}

#[test]
fn a_witness_that_lies_gives_a_reason_and_no_signature() {
    let mut log = Log::of(&["a"]);
    let note = log.note();
    let line = |by: &NoteSigner, text: &str| format!("{}\n", by.sign(text, 7));
    let stranger = signer("stranger.example", Kind::Cosignature, 9);
    let impostor = signer("witness.example", Kind::Cosignature, 9);
    for (status, body, says) in [
        (200, line(&witness(), "something else\n"), "the signature of witness.example does not verify"),
        (200, line(&stranger, note.text()), "not signed by"),
        (200, line(&impostor, note.text()), "not signed by"),
        (200, "yes".to_owned(), "no signed note"),
        (200, String::new(), "no signed note"),
        (409, "0\n".to_owned(), "another log with 0 entries"),
        (409, "18446744073709551615\n".to_owned(), "seen the log with 18446744073709551615 entries"),
        (409, "many\n".to_owned(), "it answers 409: many"),
        (500, "\u{1b}[31mred\nmore".to_owned(), "it answers 500: [31mred"),
        (302, String::new(), "it answers 302"),
    ] {
        let told = Server::saying(status, body).cosign(&mut log).unwrap_err();
        assert!(told.contains(says), "{told}");
    }
    let other = line(&stranger, note.text());
    let both = Server::saying(200, other + &line(&witness(), note.text()));
    both.cosign(&mut log).expect("the control: signatures of others beside it do not matter");
}

#[test]
fn a_witness_that_is_not_there_is_said_to_be_so() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url: Url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    // Every connection ends at once.
    std::thread::spawn(move || listener.incoming().for_each(drop));
    let log = Log::of(&["a"]);
    let mut asks = HttpWitness::new(agent(), &url, vec![witness().public().clone()]);
    let told = asks.cosign(&log.note(), &mut |from| log.proof(from)).unwrap_err();
    assert!(told.starts_with(url.as_str()), "{told}");
}

#[test]
fn a_submission_reads_back_and_what_is_none_is_refused() {
    let good = Log::of(&["a", "b", "c"]).submission(2);
    let text = good.to_string();
    assert_eq!(Submission::parse(text.as_bytes()), Ok(good.clone()));
    assert_eq!(
        Submission::parse(Log::of(&["a"]).submission(0).to_string().as_bytes()).unwrap().proof,
        [] as [Hash; 0]
    );
    let hash = text.lines().nth(1).unwrap();
    for (from, to) in [
        ("old 2", "old 02"),
        ("old 2", "old -2"),
        ("old 2", "new 2"),
        ("old 2\n", "old 2\r\n"),
        (hash, "AAAA"),
        (hash, "!"),
        ("\n\n", "\n"),
    ] {
        assert!(
            matches!(Submission::parse(text.replacen(from, to, 1).as_bytes()), Err(NoteError::Form(_))),
            "{to}"
        );
    }
    let long = text.replacen(hash, &[hash; 64].join("\n"), 1);
    assert!(Submission::parse(long.as_bytes()).is_err());
    assert!(
        Submission::parse(text.replacen(hash, &[hash; 63].join("\n"), 1).as_bytes()).is_ok(),
        "the control"
    );
}
