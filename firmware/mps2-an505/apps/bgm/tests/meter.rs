//! The whole meter with a platform that is a fake: what it answers to what comes in on its wires.

#![forbid(unsafe_code)]

use bgm::{Bgm, GIVEN_UP, Io};
use cdd_client::{Argument, Entry, Platform, ServiceState, Status};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

/// What the fake platform is made to do, and what was asked of it.
#[derive(Default)]
struct Behaviour {
    calls: Vec<u32>,
    random_left: Option<usize>,
    log: Vec<(u32, Vec<u8>)>,
    readings: Vec<[u8; 24]>,
    trimmed: u32,
    /// What the storage answers instead of doing anything.
    storage: Option<Status>,
    /// Readings that do not verify.
    tampered: Vec<u32>,
    services: ServiceState,
    resets: usize,
}

/// Readings that the fake's log can hold.
const CAPACITY: usize = 100;

struct Fake(Rc<RefCell<Behaviour>>);

impl Entry for Fake {
    fn call(&mut self, number: u32, arguments: &mut [Argument<'_>]) -> (i32, usize) {
        let mut behaviour = self.0.borrow_mut();
        behaviour.calls.push(number);
        match (number, arguments) {
            (0, [Argument::Value(field), Argument::Output(text)]) => {
                let value = format!("field {field}%\u{e9}");
                text[..value.len()].copy_from_slice(value.as_bytes());
                (0, value.len())
            }
            (1, [Argument::Value(2), _]) => (Status::DoesNotExist.code(), 0),
            (1, [Argument::Value(part), Argument::Output(record)]) => {
                record.fill(0);
                record[4..12].copy_from_slice(&[1, 2, 3, 0, 4, 0, 0, 0]);
                record[12] = 9;
                record[16..48].fill(0xAB);
                record[48..80].fill(*part as u8 * 0x11);
                record[80..87].copy_from_slice(b"a part\0");
                (0, 112)
            }
            (2, [Argument::Output(record)]) => {
                for (at, byte) in record.iter_mut().enumerate() {
                    *byte = if at % 4 == 0 { at as u8 / 4 + 1 } else { 0 };
                }
                (0, 32)
            }
            (3, []) => (0, 0),
            (4, [Argument::Value(0x0200_0009), Argument::Input(message), Argument::Output(hash)]) => {
                hash.fill(message.iter().fold(message.len() as u8, |sum, byte| sum.wrapping_add(*byte)));
                (0, 32)
            }
            (5, [Argument::Output(bytes)]) => {
                if let Some(left) = &mut behaviour.random_left {
                    match left.checked_sub(bytes.len()) {
                        Some(rest) => *left = rest,
                        None => return (Status::InsufficientEntropy.code(), 0),
                    }
                }
                bytes.fill(0x5A);
                (0, bytes.len())
            }
            (7, [Argument::Value(index), Argument::Output(entry)]) => {
                match behaviour.log.get(*index as usize) {
                    Some((level, text)) => {
                        entry[..4].copy_from_slice(&(*index + 100).to_le_bytes());
                        entry[4..8].copy_from_slice(&level.to_le_bytes());
                        entry[8..8 + text.len()].copy_from_slice(text);
                        (0, 8 + text.len())
                    }
                    None => (Status::DoesNotExist.code(), 0),
                }
            }
            (60..=63, _) if behaviour.storage.is_some() => (behaviour.storage.map_or(0, Status::code), 0),
            (60, [Argument::Input(reading), Argument::Output(index)]) => {
                if behaviour.readings.len() - behaviour.trimmed as usize >= CAPACITY {
                    return (Status::InsufficientStorage.code(), 0);
                }
                index.copy_from_slice(&(behaviour.readings.len() as u32).to_le_bytes());
                behaviour.readings.push((*reading).try_into().unwrap());
                (0, 4)
            }
            (61, [Argument::Value(index), Argument::Output(reading)]) => {
                if behaviour.tampered.contains(index) {
                    return (Status::InvalidSignature.code(), 0);
                }
                reading.copy_from_slice(&behaviour.readings[*index as usize]);
                (0, 24)
            }
            (62, [Argument::Output(range)]) => {
                range[..4].copy_from_slice(&behaviour.trimmed.to_le_bytes());
                range[4..].copy_from_slice(&(behaviour.readings.len() as u32).to_le_bytes());
                (0, 8)
            }
            (63, [Argument::Value(first)]) => {
                behaviour.trimmed = *first;
                (0, 0)
            }
            (64, [Argument::Output(record)]) => {
                record.copy_from_slice(&behaviour.services.to_bytes());
                (0, 48)
            }
            (65, [Argument::Input(challenge), Argument::Output(token)]) => {
                if challenge.len() != 32 {
                    return (Status::InvalidArgument.code(), 0);
                }
                token[..3].copy_from_slice(&[0xD2, 0x84, challenge[0]]);
                (0, 3)
            }
            (68, [Argument::Input(b"factory reset")]) => {
                behaviour.resets += 1;
                (0, 0)
            }
            _ => panic!("call {number}"),
        }
    }
}

#[derive(Default)]
struct Wires {
    written: Vec<u8>,
    console: VecDeque<u8>,
    sensor: VecDeque<u8>,
    idle: usize,
}

impl Io for Wires {
    fn console_write(&mut self, bytes: &[u8]) {
        self.written.extend_from_slice(bytes);
    }
    fn console_read(&mut self) -> Option<u8> {
        self.console.pop_front()
    }
    fn sensor_read(&mut self) -> Option<u8> {
        self.sensor.pop_front()
    }
    fn idle(&mut self) {
        self.idle += 1;
    }
}

struct Meter {
    bgm: Bgm<Fake, Wires>,
    behaviour: Rc<RefCell<Behaviour>>,
}

impl Meter {
    fn started() -> Meter {
        let behaviour = Rc::new(RefCell::new(Behaviour::default()));
        let bgm = Bgm::new(Platform::new(Fake(behaviour.clone())), Wires::default());
        let mut meter = Meter { bgm, behaviour };
        assert_eq!(meter.said(), "bgm ready\r\n");
        meter
    }

    fn said(&mut self) -> String {
        self.bgm.step();
        String::from_utf8(std::mem::take(&mut self.bgm.io().written)).unwrap()
    }

    /// What it answers to bytes on the console.
    fn console(&mut self, bytes: impl AsRef<[u8]>) -> String {
        self.bgm.io().console.extend(bytes.as_ref());
        self.said()
    }

    /// What it says to a sensor line with the right checksum.
    fn sensor(&mut self, body: &str) -> String {
        let checksum = body.bytes().fold(0, |sum, byte| sum ^ byte);
        self.bgm.io().sensor.extend(format!("${body}*{checksum:02X}\n").bytes());
        self.said()
    }
}

#[test]
fn it_reports_ready_to_the_platform_once_and_then_waits() {
    let mut meter = Meter::started();
    assert_eq!(meter.said(), "");
    assert_eq!(meter.behaviour.borrow().calls, [3, 64]);
    assert_eq!(meter.bgm.io().idle, 2);
}

#[test]
fn readings_are_shown_when_they_come_and_again_when_asked_for() {
    let mut meter = Meter::started();
    let first = "time=2026-01-01T00:00:00Z mg/dL=100 mmol/L=5.6\r\n";
    let second = "time=2026-01-01T00:05:00Z mg/dL=54 mmol/L=3.0 alarm=low\r\n";
    assert_eq!(meter.console("readings\n"), "ok\r\n");
    assert_eq!(meter.sensor("BG,1767225600,100,mg/dL"), format!("reading {first}stored index=1\r\n"));
    assert_eq!(meter.sensor("BG,1767225900,3.0,mmol/L"), format!("reading {second}stored index=2\r\n"));
    let all = format!("reading index=1 {first}reading index=2 {second}ok\r\n");
    assert_eq!(meter.console("readings\n"), all);
}

#[test]
fn a_full_log_gives_up_its_oldest_readings_and_no_index_comes_twice() {
    let mut meter = Meter::started();
    for number in 1..=CAPACITY + 1 {
        let said = meter.sensor("BG,1767226000,300,mg/dL");
        assert!(said.ends_with(&format!("stored index={number}\r\n")), "{said}");
    }
    let kept = meter.console("readings\n");
    assert!(kept.starts_with(&format!("reading index={} ", GIVEN_UP + 1)), "{kept}");
    assert_eq!(kept.lines().count(), CAPACITY + 2 - GIVEN_UP as usize);
}

#[test]
fn what_was_tampered_with_is_shown_in_its_place_and_the_user_is_told_once() {
    let mut meter = Meter::started();
    for value in [100, 110, 120] {
        meter.sensor(&format!("BG,1767225600,{value},mg/dL"));
    }
    meter.behaviour.borrow_mut().tampered = vec![1];
    meter.behaviour.borrow_mut().services.storage_fault = 0x0428;
    let said = meter.console("readings\n");
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].contains("mg/dL=100") && lines[2].contains("mg/dL=120"), "{said}");
    assert_eq!(lines[1], "reading index=2 error=invalid-signature");
    assert_eq!(lines[3..], ["ok", "warning storage=tampered code=0x0428"]);
    assert_eq!(meter.console("log\n"), "ok\r\n", "told once");
}

#[test]
fn with_a_storage_that_cannot_be_used_measurements_and_alarms_go_on() {
    let mut meter = Meter::started();
    meter.behaviour.borrow_mut().storage = Some(Status::DataCorrupt);
    meter.behaviour.borrow_mut().services.storage = 0x0424;
    assert_eq!(
        meter.sensor("BG,1767225900,3.0,mmol/L"),
        "reading time=2026-01-01T00:05:00Z mg/dL=54 mmol/L=3.0 alarm=low\r\n\
         stored error=data-corrupt\r\nwarning storage=tampered code=0x0424\r\n"
    );
    assert_eq!(meter.console("readings\n"), "error data-corrupt\r\n");
    // The control: it works again, and says so.
    meter.behaviour.borrow_mut().storage = None;
    meter.behaviour.borrow_mut().services = ServiceState::default();
    assert!(meter.sensor("BG,1767225900,3.0,mmol/L").contains("stored index=1"));
}

#[test]
fn a_token_and_a_factory_reset_are_asked_for_by_name() {
    let mut meter = Meter::started();
    assert_eq!(meter.console(format!("token {}\n", "a5".repeat(32))), "token d284a5\r\nok\r\n");
    assert_eq!(meter.console("token a5\n"), "error invalid-argument\r\n");
    assert_eq!(meter.console("token xyz\n"), "error bad-argument\r\n");
    assert_eq!(meter.console("factory-reset\n"), "error bad-argument\r\n");
    assert_eq!(meter.behaviour.borrow().resets, 0);
    assert_eq!(meter.console("factory-reset confirm\n"), "ok\r\n");
    assert_eq!(meter.behaviour.borrow().resets, 1);
    assert!(meter.console("services\n").starts_with("storage=good code=0x0000 "));
}

#[test]
fn a_refused_sensor_line_is_named_and_takes_no_index() {
    let mut meter = Meter::started();
    assert_eq!(meter.sensor("BG,1,700,mg/dL"), "sensor error=out-of-range\r\n");
    assert_eq!(meter.sensor("BG,1,100,g/L"), "sensor error=unknown-unit\r\n");
    assert_eq!(meter.sensor("BG,1,abc,mg/dL"), "sensor error=malformed\r\n");
    assert_eq!(meter.sensor(&format!("BG,1,{},mg/dL", "9".repeat(80))), "sensor error=too-long\r\n");
    meter.bgm.io().sensor.extend(b"$BG,1,100,mg/dL*00\n");
    assert_eq!(meter.said(), "sensor error=checksum\r\n");
    assert!(meter.sensor("BG,1,100,mg/dL").ends_with("stored index=1\r\n"));
}

#[test]
fn identity_state_and_log_are_answered_line_by_line() {
    let mut meter = Meter::started();
    let identity = meter.console("identity\n");
    let lines: Vec<&str> = identity.split("\r\n").collect();
    assert_eq!(lines[0], "identity commercial-name field 0%25%c3%a9");
    assert_eq!(lines[6], "identity software-version field 6%25%c3%a9");
    let (measurement, signer) = ("ab".repeat(32), "11".repeat(32));
    let part = format!("name=a%20part version=1.2.3+4 counter=9 measurement={measurement} signer=");
    assert_eq!(lines[7], format!("part boot {part}none"));
    assert_eq!(lines[8], format!("part platform {part}{signer}"));
    assert_eq!(lines[9..], ["ok", ""]);
    assert_eq!(
        meter.console("state\n"),
        "state=1 life-cycle=2 random=3 faults=4 exception=5 cfsr=0x00000006 sfsr=0x00000007 pc=0x00000008\r\nok\r\n"
    );
    assert_eq!(meter.console("log\n"), "ok\r\n");
    meter.behaviour.borrow_mut().log = vec![(0, b"secure fault".to_vec()), (2, b"100%".to_vec())];
    assert_eq!(meter.console("log\n"), "log 100 0 secure fault\r\nlog 101 2 100%25\r\nok\r\n");
}

#[test]
fn random_prints_as_many_bytes_as_asked_for_up_to_4096() {
    let mut meter = Meter::started();
    for n in [1, 255, 256, 257, 4096] {
        assert_eq!(meter.console(format!("random {n}\n")), format!("random {}\r\nok\r\n", "5a".repeat(n)));
    }
    for bad in ["", " 0", " 4097", " -1", " +1", " 1x", " 0x10", " 99999", " 1 2"] {
        assert_eq!(meter.console(format!("random{bad}\n")), "error bad-argument\r\n", "{bad}");
    }
}

#[test]
fn without_entropy_random_fails_by_name_and_readings_go_on() {
    let mut meter = Meter::started();
    meter.behaviour.borrow_mut().random_left = Some(300);
    assert_eq!(
        meter.console("random 512\n"),
        format!("random {}\r\nerror insufficient-entropy\r\n", "5a".repeat(256))
    );
    meter.behaviour.borrow_mut().random_left = Some(0);
    assert_eq!(meter.console("random 1\n"), "error insufficient-entropy\r\n");
    assert!(meter.sensor("BG,1,54,mg/dL").contains("alarm=low"));
}

#[test]
fn digest_takes_hex_of_either_case_up_to_the_longest_line() {
    let mut meter = Meter::started();
    let digest = |byte: u8| format!("digest {}\r\nok\r\n", format!("{byte:02x}").repeat(32));
    assert_eq!(meter.console("digest 616263\n"), digest(0x29));
    assert_eq!(meter.console("digest aBcD\n"), digest(0xAB_u8.wrapping_add(0xCD).wrapping_add(2)));
    assert_eq!(meter.console("digest\n"), digest(0), "of nothing");
    assert_eq!(meter.console(format!("digest {}\n", "00".repeat(596))), digest(596_usize as u8));
    assert_eq!(meter.console(format!("digest {}\n", "00".repeat(597))), "error line-too-long\r\n");
    for bad in ["6", "6g", "61 62", "0x61", "\u{e9}"] {
        assert_eq!(meter.console(format!("digest {bad}\n")), "error bad-argument\r\n", "{bad}");
    }
}

#[test]
fn the_line_editor_is_kind_and_unknown_commands_are_named() {
    let mut meter = Meter::started();
    assert_eq!(meter.console("statx\x08e\r\n").lines().last(), Some("ok"));
    assert_eq!(meter.console("  readings \t\r"), "ok\r\n");
    assert_eq!(meter.console("\r\n\n\r"), "", "an empty line has no answer");
    for unknown in ["reading", "READINGS", "?", "\x1b[A", "report"] {
        assert_eq!(meter.console(format!("{unknown}\n")), "error unknown-command\r\n", "{unknown}");
    }
    for extra in ["help x", "state 1", "log -v"] {
        assert_eq!(meter.console(format!("{extra}\n")), "error bad-argument\r\n", "{extra}");
    }
    assert_eq!(meter.console("x".repeat(5000) + "\nreadings\n"), "error line-too-long\r\nok\r\n");
    let help = meter.console("help\n");
    for command in ["help", "identity", "state", "readings", "random N", "digest HEX", "log"] {
        assert!(help.contains(&format!("{command} ")), "{command}");
    }
    assert!(help.ends_with("ok\r\n"));
}

#[test]
fn no_bytes_on_either_wire_make_it_stop() {
    let mut meter = Meter::started();
    let mut state = 1u64;
    let mut next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as u8
    };
    for _ in 0..300 {
        let bytes: Vec<u8> = (0..1000).map(|_| next()).collect();
        meter.bgm.io().sensor.extend(&bytes);
        meter.bgm.io().console.extend(bytes.iter().map(|byte| byte % 128));
        meter.bgm.step();
        meter.bgm.io().written.clear();
    }
    meter.bgm.io().sensor.extend(b"\n");
    meter.console("\n");
    assert_eq!(meter.console("readings\n").lines().last(), Some("ok"));
}
