//! The first start: an empty registry, a link for its first member, and a server that ends when it is asked to.

use crate::fixtures;
use crate::site::{As, Site, TestClock};
use axum::body::Body;
use axum::http::{Request, header};
use dtsec_serve::access::session;
use dtsec_serve::access::table::SMALL;
use dtsec_serve::registry::{Query, Replayed};
use dtsec_serve::{Config, Server};
use dtsec_store::Settings;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::oneshot;

#[tokio::test]
async fn the_first_member_signs_in_with_his_link_once() {
    let site = Site::empty().await;
    let page = site.get(&As::Nobody, &format!("/sign-in/link?token={}", site.first.1)).await.is(200);
    let guest = page.cookie();
    let send = || {
        let body = format!("token={}&csrf={}", site.first.1, session::mark(&guest));
        let request =
            Request::builder().method("POST").uri("/sign-in/link").header("sec-fetch-site", "same-origin");
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        site.send(request.header(header::COOKIE, format!("dtsec={guest}")).body(Body::from(body)).unwrap())
    };
    let cookie = send().await.is(303).cookie();
    assert_ne!(cookie, guest, "a browser that somebody else prepared would be signed in with his number");
    let me = site.get(&As::Cookie(cookie), "/api/v1/me").await.is(200).json();
    assert_eq!(me["person"], site.first.0.as_str());
    assert_eq!(me["roles"].as_array().unwrap().len(), 3);
    send().await.is(403);
}

#[tokio::test]
async fn only_an_empty_registry_has_a_first_member() {
    let site = Site::empty().await;
    assert_eq!(site.registry.first_member().await.unwrap(), None);
}

fn config(folder: &tempfile::TempDir) -> Config {
    Config {
        listen: "127.0.0.1:0".parse().unwrap(),
        settings: Settings::new(folder.path()),
        origin: None,
        proxies: Vec::new(),
        provider: None,
    }
}

/// The start of what is answered to a form of which only the head was sent.
async fn answer_to_head(address: std::net::SocketAddr, origin: &str, length: usize) -> String {
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /sign-in/link HTTP/1.1\r\nHost: {address}\r\nOrigin: {origin}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\
         Expect: 100-continue\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut start = [0; 12];
    stream.read_exact(&mut start).await.unwrap();
    String::from_utf8(start.to_vec()).unwrap()
}

#[tokio::test]
async fn who_announces_too_much_is_refused_before_he_sends_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(config(&folder)).await.unwrap();
    let address = server.address().unwrap();
    let origin = server.origin().as_str().trim_end_matches('/').to_owned();
    let (end, ended) = oneshot::channel::<()>();
    let running = tokio::spawn(server.run(async { drop(ended.await) }));
    assert_eq!(answer_to_head(address, &origin, SMALL).await, "HTTP/1.1 100");
    assert_eq!(answer_to_head(address, &origin, SMALL + 1).await, "HTTP/1.1 413");
    end.send(()).unwrap();
    running.await.unwrap();
}

#[tokio::test]
async fn a_server_answers_over_the_wire_and_ends_gracefully() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&folder);
    let server = Server::start(config.clone()).await.unwrap();
    assert!(server.first_link().unwrap().1.starts_with(server.origin().as_str()));
    let address = server.address().unwrap();
    let (end, ended) = oneshot::channel::<()>();
    let running = tokio::spawn(server.run(async { drop(ended.await) }));
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("ok\n"), "{answer}");
    end.send(()).unwrap();
    running.await.unwrap();
    let again = Server::start_at(config, Arc::new(TestClock::at(fixtures::at(0)))).await.unwrap();
    assert!(again.first_link().is_none());
}

#[tokio::test]
async fn the_demonstration_has_products_in_every_state_and_somebody_for_each_role() {
    let site = Site::empty().await;
    let links = dtsec_serve::demo::fill(&site.registry).await.unwrap();
    assert_eq!(links.len(), 8);
    let dana = fixtures::who("dora");
    let states = async |list: &str| {
        let found = site.registry.list::<Value>(&dana, list, &Query::default()).await.unwrap();
        found.items.into_iter().map(|row| row["state"].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>()
    };
    assert_eq!(states("entries").await, ["listed", "removed-pending-remediation"].map(str::to_owned).into());
    let evaluations = ["accepted", "etr-submitted", "planned", "rejected", "rework", "running"];
    assert_eq!(states("evaluations").await, evaluations.map(str::to_owned).into());
    assert_eq!(states("pps").await, ["accepted", "public-review"].map(str::to_owned).into());
    assert_eq!(states("audits").await, ["drawn".to_owned()].into());
    let differences = site.registry.store().check(&mut Replayed::default()).await.unwrap();
    assert_eq!(differences, []);
    assert!(dtsec_serve::demo::fill(&site.registry).await.is_err(), "a registry that is used is left alone");
}
