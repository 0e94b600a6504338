//! What a person reads: errors that say what to do, help, and what commands there are.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use dtsec_registry::domain::{Command, Decision};

use crate::place::Place;
use crate::server::{asked, called, dtsec, told};
use crate::world::World;

#[test]
fn where_no_server_answers_it_is_said_how_to_start_one() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let address = format!("http://{free}");
    let (status, text) = told(&["registry", "--server", &address, "rules"], "");
    assert_eq!(status, 2);
    assert!(text.contains("no server answers at") && text.contains("`dtsec serve`"), "{text}");
    let (status, object) = asked(&["registry", "--server", &address, "rules"], "");
    assert_eq!(status, 2);
    assert!(object["error"].as_str().unwrap().contains("--server"), "{object}");
    // The environment says where the server is as well.
    let mut command = dtsec();
    command.args(["registry", "rules"]).env("DTSEC_SERVER", &address);
    let said = called(command, b"");
    assert!(String::from_utf8(said.stderr).unwrap().contains(&address));
}

#[test]
fn what_is_no_registry_is_called_so() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let other = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\n<html>";
        stream.write_all(answer.as_bytes()).unwrap();
    });
    let (status, text) = told(&["registry", "--server", &address, "rules"], "");
    other.join().unwrap();
    assert_eq!(status, 2);
    assert!(text.contains("is no registry") && text.contains("--server"), "{text}");
    let (status, text) = told(&["registry", "--server", "ftp://localhost", "rules"], "");
    assert_eq!(status, 2);
    assert!(text.contains("is no address of a server"), "{text}");
}

#[test]
fn a_secret_goes_to_another_machine_by_https_only() {
    let place = Place::sqlite();
    let token = place.path("token");
    std::fs::write(&token, "dtsec_00\n").unwrap();
    let (status, text) =
        told(&["registry", "--server", "http://registry.example", "--token", &token, "me"], "");
    assert_eq!(status, 2);
    assert!(text.contains("https only"), "{text}");
    let link = format!("http://registry.example/sign-in/link?token={}", "0".repeat(64));
    let out = place.path("new");
    let (status, text) = told(&["registry", "sign-in", "--out", &out], &link);
    assert_eq!(status, 2);
    assert!(text.contains("https only"), "{text}");
}

#[test]
fn a_link_that_is_none_and_a_file_that_is_there_are_told_before_anything_is_sent() {
    let place = Place::sqlite();
    let out = place.path("token");
    for (input, said) in [
        ("", "has no sign-in link"),
        ("http://localhost:1/elsewhere?token=0", "has no sign-in link"),
        ("http://localhost:1/sign-in/link", "no `token=`"),
    ] {
        let (status, text) = told(&["registry", "sign-in", "--out", &out], input);
        assert_eq!(status, 2);
        assert!(text.contains(said), "{text}");
    }
    std::fs::write(&out, "mine").unwrap();
    let (status, text) =
        told(&["registry", "sign-in", "--out", &out], "http://localhost:1/sign-in/link?token=0");
    assert!(status == 2 && text.contains("is there already"), "{text}");
    assert_eq!(std::fs::read_to_string(&out).unwrap(), "mine");
}

#[test]
fn a_link_works_once_and_a_token_as_long_as_it_lives() {
    let mut world = World::new(Place::sqlite());
    let used = world.server.first_link.clone().unwrap();
    let out = world.place.path("second");
    let (status, object) = asked(&["registry", "sign-in", "--out", &out], &used);
    assert_eq!((status, &object["number"]), (1, &serde_json::json!(10)), "{object}");
    assert!(!std::path::Path::new(&out).exists());
    world.ask("root", &["me"]).ok();
    world.goes_on(366);
    let over = world.ask("root", &["me"]).refused(11);
    assert!(over["remedy"].as_str().unwrap().contains("`dtsec registry sign-in`"), "{over:#}");
    world.ask("guest", &["me"]).refused(11);
    world.ask("guest", &["rules"]).ok();

    // A year earlier it was still good. Whoever runs the server lets in who has lost his.
    world.goes_on(0);
    world.ask("root", &["me"]).ok();
    let port = world.server.address.trim_end_matches('/').rsplit(':').next().unwrap();
    let (listen, data) = (format!("127.0.0.1:{port}"), world.place.arguments());
    let (status, made) =
        asked(&["serve", "--link-for", "first-member", "--listen", &listen, &data[0], &data[1]], "");
    assert_eq!(status, 0, "{made}");
    let link = made["link"].as_str().unwrap();
    let (status, object) = asked(&["registry", "sign-in", "--out", &out, "--scope", "read"], link);
    assert_eq!((status, &object["scopes"]), (0, &serde_json::json!(["read"])), "{object}");
    let (status, object) = asked(&["registry", "--server", &world.server.address, "--token", &out, "me"], "");
    assert_eq!((status, &object["person"]), (0, &serde_json::json!("first-member")), "{object}");
}

#[test]
fn commands_are_described_as_the_server_has_them_and_their_skeletons_name_what_is_to_be_filled_in() {
    let world = World::new(Place::sqlite());
    let server = ["registry", "--server", &world.server.address];
    let (status, text) = told(&[&server[..], &["commands"]].concat(), "");
    assert_eq!(status, 0);
    for one in ["submit-st", "Hands in a Security Target.", "certify", "[dwg-assurance]"] {
        assert!(text.contains(one), "{one}: {text}");
    }
    let (_, text) = told(&[&server[..], &["commands", "report-vulnerability"]].concat(), "");
    assert!(text.contains("severity: low | medium | high") && text.contains("(may be left out)"), "{text}");
    let (status, text) = told(&[&server[..], &["commands", "no-such"]].concat(), "");
    assert!(status == 2 && text.contains("names them all"), "{text}");

    // A skeleton is what `give` takes: only what stands in it is not right yet.
    let all = world.ask("guest", &["commands"]).ok();
    let all = all["commands"].as_array().unwrap();
    assert_eq!(all.len(), Command::NAMES.len() + Decision::NAMES.len());
    for one in all.iter().filter(|one| one["kind"] == "command").take(12) {
        let name = one["name"].as_str().unwrap();
        let skeleton = world.ask("guest", &["commands", name, "--skeleton"]).ok();
        assert_eq!(skeleton["command"], name);
        let said = world.give_with("root", &skeleton, &["--rehearse"]);
        assert_eq!(said.status, 1, "{name}: {:#}", said.value);
        let detail = said.value["detail"].as_str().unwrap();
        assert!(!detail.contains("missing field") && !detail.contains("unknown"), "{name}: {detail}");
    }
    let decision = world.ask("guest", &["commands", "accept-pp", "--skeleton"]).ok();
    let file = world.place.path("decision.json");
    std::fs::write(&file, decision.to_string()).unwrap();
    let (status, text) = told(&["registry", "give", &file, "--reason", "x"], "");
    assert!(status == 2 && text.contains("`dtsec registry propose`"), "{text}");
}

#[test]
fn every_subcommand_has_help_that_says_what_it_is_for() {
    let (_, text) = told(&["registry", "--help"], "");
    let listed = text.split("Commands:").nth(1).unwrap().split("Options:").next().unwrap();
    let names: Vec<&str> = listed
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert!(names.len() > 25, "{names:?}");
    for name in names {
        let (status, text) = told(&["registry", name, "--help"], "");
        assert_eq!(status, 0, "{name}");
        assert!(text.lines().next().unwrap().len() > 8, "{name}: {text}");
    }
    for name in ["backup", "restore", "verify", "copy", "change-key"] {
        let (status, text) = told(&["store", name, "--help"], "");
        assert!(status == 0 && text.contains("--database"), "{text}");
    }
}
