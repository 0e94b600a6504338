//! The interface of a server, asked over HTTP.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use serde_json::{Value, json};

use super::read;
use crate::output::Exit;

/// How long a server may take to take a connection.
const CONNECTED: Duration = Duration::from_secs(10);

/// How long everything may take: documents are large, and lines slow.
const PATIENCE: Duration = Duration::from_secs(600);

/// More than this is sent when the server wants it: it would refuse too much, and who still sends does not hear why.
const ANNOUNCED: usize = 64 << 10;

/// How long the server may take to say that it wants it.
const WANTED: Duration = Duration::from_secs(60);

/// The most that an answer has.
const MOST: u64 = 80 << 20;

/// What is sent with a request, and as what.
pub(super) struct Sent<'a> {
    pub(super) media: &'a str,
    pub(super) bytes: &'a [u8],
    /// A number under which it is carried out once.
    pub(super) once: Option<&'a str>,
}

pub(super) struct Client {
    agent: ureq::Agent,
    server: url::Url,
    token: Option<String>,
}

type Reply = ureq::http::Response<ureq::Body>;

impl Client {
    pub(super) fn new(server: &url::Url, token: Option<&Path>) -> anyhow::Result<Self> {
        let token = match token {
            Some(path) => Some(String::from_utf8(read(path)?).context("the token")?.trim().to_owned()),
            None => std::env::var("DTSEC_TOKEN").ok().filter(|token| !token.is_empty()),
        };
        let client = Self::at(server, token)?;
        if client.token.is_some() {
            client.keeps_secrets("a token")?;
        }
        Ok(client)
    }

    /// A client that sends no token, whatever the environment has.
    pub(super) fn without_token(server: &url::Url) -> anyhow::Result<Self> {
        Self::at(server, None)
    }

    fn at(server: &url::Url, token: Option<String>) -> anyhow::Result<Self> {
        if !matches!(server.scheme(), "http" | "https") || server.host_str().is_none() {
            bail!("`{server}` is no address of a server; give one such as https://registry.example.org");
        }
        Ok(Self { agent: dtsec_serve::web_client(), server: server.clone(), token })
    }

    /// Refuses to send a secret where others on the way could read it.
    pub(super) fn keeps_secrets(&self, what: &str) -> anyhow::Result<()> {
        let local = matches!(self.server.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        if self.server.scheme() != "https" && !local {
            bail!("{what} is sent to another machine by https only; give an address that begins with https");
        }
        Ok(())
    }

    fn address(&self, path: &str, query: &[(String, String)]) -> anyhow::Result<String> {
        let mut address = self.server.join(&format!("/api/{path}")).context("the server's address")?;
        if !query.is_empty() {
            address.query_pairs_mut().extend_pairs(query);
        }
        Ok(address.into())
    }

    pub(super) fn get(&self, path: &str, query: &[(String, String)]) -> anyhow::Result<(Exit, Value)> {
        let (status, bytes) = self.fetch(path, query)?;
        self.answer(status, &bytes)
    }

    /// The status and the bytes of what is asked for, whatever they are.
    pub(super) fn fetch(&self, path: &str, query: &[(String, String)]) -> anyhow::Result<(u16, Vec<u8>)> {
        let request = self.with_token(self.agent.get(self.address(path, query)?));
        self.whole(request.call())
    }

    pub(super) fn post(
        &self,
        path: &str,
        query: &[(String, String)],
        sent: &Sent<'_>,
    ) -> anyhow::Result<(Exit, Value)> {
        let request = self.with_token(self.agent.post(self.address(path, query)?));
        let mut request = request.header("Content-Type", sent.media);
        if sent.bytes.len() > ANNOUNCED {
            request = request.header("Expect", "100-continue");
        }
        if let Some(once) = sent.once {
            request = request.header("Idempotency-Key", once);
        }
        let (status, bytes) = self.whole(request.send(sent.bytes))?;
        self.answer(status, &bytes)
    }

    pub(super) fn post_json(&self, path: &str, body: &Value) -> anyhow::Result<(Exit, Value)> {
        let bytes = body.to_string();
        self.post(path, &[], &Sent { media: "application/json", bytes: bytes.as_bytes(), once: None })
    }

    fn with_token<B>(&self, request: ureq::RequestBuilder<B>) -> ureq::RequestBuilder<B> {
        let patient = request
            .config()
            .timeout_connect(Some(CONNECTED))
            .timeout_global(Some(PATIENCE))
            .timeout_await_100(Some(WANTED))
            .build();
        match &self.token {
            Some(token) => patient.header("Authorization", format!("Bearer {token}")),
            None => patient,
        }
    }

    fn whole(&self, reply: Result<Reply, ureq::Error>) -> anyhow::Result<(u16, Vec<u8>)> {
        let mut reply = reply.map_err(|error| self.unreachable(error))?;
        let bytes = reply.body_mut().with_config().limit(MOST).read_to_vec();
        Ok((reply.status().as_u16(), bytes.map_err(|error| self.unreachable(error))?))
    }

    /// What to do about a server that does not answer.
    fn unreachable(&self, error: ureq::Error) -> anyhow::Error {
        let server = &self.server;
        let other = "name another address with --server or DTSEC_SERVER";
        match &error {
            ureq::Error::Io(cause) if cause.kind() == ErrorKind::ConnectionRefused => {
                anyhow!("no server answers at {server}: start it with `dtsec serve`, or {other}")
            }
            ureq::Error::HostNotFound => anyhow!("no machine has the name in {server}: {other}"),
            ureq::Error::Timeout(_) => {
                anyhow!("{server} does not answer in time: see that it runs, or {other}")
            }
            _ => anyhow!(error).context(format!("{server} cannot be asked; see that it runs, or {other}")),
        }
    }

    pub(super) fn answer(&self, status: u16, bytes: &[u8]) -> anyhow::Result<(Exit, Value)> {
        let value = match (status, bytes) {
            (200..300, []) => json!({ "done": true }),
            _ => serde_json::from_slice(bytes).ok().filter(|_| !(300..400).contains(&status)).ok_or_else(
                || {
                    let server = &self.server;
                    anyhow!(
                        "what answers at {server} is no registry (status {status}): name its address with --server"
                    )
                },
            )?,
        };
        match status {
            200..300 => Ok((Exit::Success, value)),
            401 => Ok((Exit::No, self.signed_out(value))),
            400..500 => Ok((Exit::No, value)),
            status => bail!(
                "the server answers {status}: {} {}",
                value["detail"].as_str().unwrap_or_default(),
                value["remedy"].as_str().unwrap_or_default()
            ),
        }
    }

    /// The server does not say what is wrong with a token; from here it can be said what to do.
    fn signed_out(&self, mut problem: Value) -> Value {
        let remedy = if self.token.is_some() {
            "The token is over, was revoked, or is another registry's: make one with `dtsec registry sign-in`."
        } else {
            "Give a token with --token or DTSEC_TOKEN; `dtsec registry sign-in` makes one from a sign-in link."
        };
        if problem.is_object() {
            problem["remedy"] = json!(remedy);
        }
        problem
    }
}
