//! The probe on the host, over a gate that writes down what it is called with.

use cdd_client::{Argument, Entry};
use cdd_hal::Console;
use probe::{MAX_LINE, OUTPUT_BYTES, Out, Probe, SCRATCH_BYTES, Surroundings};
use std::collections::VecDeque;

/// What a call was made with.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    Value(u32),
    Input(Vec<u8>),
    Output(usize),
}

/// A gate that answers every call alike.
#[derive(Default)]
struct Gate {
    calls: Vec<(u32, Vec<Seen>)>,
    status: i32,
    /// What it writes to an output, and how many bytes it says that it has written.
    writes: Vec<u8>,
    says: Option<usize>,
}

impl Entry for Gate {
    fn call(&mut self, number: u32, arguments: &mut [Argument<'_>]) -> (i32, usize) {
        let mut written = 0;
        let seen = arguments.iter_mut().map(|argument| match argument {
            Argument::Value(value) => Seen::Value(*value),
            Argument::Input(bytes) => Seen::Input(bytes.to_vec()),
            Argument::Output(bytes) => {
                written = self.writes.len().min(bytes.len());
                bytes[..written].copy_from_slice(&self.writes[..written]);
                Seen::Output(bytes.len())
            }
        });
        let seen = seen.collect();
        self.calls.push((number, seen));
        (self.status, self.says.unwrap_or(written))
    }
}

#[derive(Default)]
struct Wire {
    incoming: VecDeque<u8>,
    said: String,
}

impl Console for Wire {
    fn write(&mut self, bytes: &[u8]) {
        self.said.push_str(std::str::from_utf8(bytes).unwrap());
    }
    fn read(&mut self) -> Option<u8> {
        self.incoming.pop_front()
    }
}

struct Nothing(Vec<u8>);

impl Surroundings for Nothing {
    fn scratch(&mut self) -> &mut [u8] {
        &mut self.0
    }
    fn command<C: Console>(&mut self, words: &[&str; 4], out: &mut Out<'_, C>) -> bool {
        if words[0] == "hardware" {
            out.say("ok").word(probe::number(words[1])).end();
        }
        words[0] == "hardware"
    }
}

type TestProbe = Probe<Gate, Wire, Nothing>;

fn probe() -> TestProbe {
    let mut probe = Probe::new(Gate::default(), Wire::default(), Nothing(vec![0; SCRATCH_BYTES]));
    probe.step();
    assert_eq!(std::mem::take(&mut probe.console().said), "probe ready\r\n");
    probe
}

fn ask(probe: &mut TestProbe, line: &str) -> String {
    probe.console().incoming.extend(line.bytes());
    probe.console().incoming.extend(b"\r\n");
    assert!(probe.step());
    let said = std::mem::take(&mut probe.console().said);
    assert!(said.ends_with("\r\n") && said.matches('\n').count() == 1, "{line}: {said:?}");
    said.trim_end().to_owned()
}

fn last(probe: &mut TestProbe) -> (u32, Vec<Seen>) {
    probe.entry().calls.pop().expect("a call")
}

#[test]
fn a_call_gets_its_arguments_in_their_order() {
    let mut probe = probe();
    assert_eq!(ask(&mut probe, "put 16 c0ffee"), "ok");
    assert_eq!(ask(&mut probe, "gate 4 v:0x2000009 i:00ff s:16:3 o:32"), "gate 0");
    let arguments = vec![
        Seen::Value(0x0200_0009),
        Seen::Input(vec![0, 0xFF]),
        Seen::Input(vec![0xC0, 0xFF, 0xEE]),
        Seen::Output(32),
    ];
    assert_eq!(last(&mut probe), (4, arguments));
    assert_eq!(ask(&mut probe, "  gate   0x3 "), "gate 0");
    assert_eq!(last(&mut probe), (3, vec![]));
    assert_eq!(ask(&mut probe, "gate 6 v:4294967295 i: o:0"), "gate 0");
    assert_eq!(last(&mut probe), (6, vec![Seen::Value(u32::MAX), Seen::Input(vec![]), Seen::Output(0)]));
}

#[test]
fn the_answer_has_the_status_and_exactly_what_was_written() {
    let mut probe = probe();
    probe.entry().writes = vec![0xAB, 0xCD];
    assert_eq!(ask(&mut probe, "gate 5 o:16"), "gate 0 abcd");
    probe.entry().writes.clear();
    assert_eq!(ask(&mut probe, "gate 5 o:16"), "gate 0", "nothing of the call before it");
    probe.entry().status = -129;
    assert_eq!(ask(&mut probe, "gate 5 o:16"), "gate -129");
    // On the board a call that fails leaves the length word as it was: the capacity.
    probe.entry().says = Some(16);
    assert_eq!(ask(&mut probe, "gate 5 o:16"), "gate -129");
}

#[test]
fn a_call_that_writes_where_it_says_it_does_not_is_told() {
    let mut probe = probe();
    probe.entry().writes = vec![1, 2, 3];
    probe.entry().says = Some(2);
    assert_eq!(ask(&mut probe, "gate 5 o:16"), "gate 0 0102 beyond");
    probe.entry().says = Some(17);
    assert_eq!(ask(&mut probe, "gate 5 o:3"), "gate 0 010203 beyond");
    (probe.entry().says, probe.entry().status) = (None, -138);
    assert_eq!(ask(&mut probe, "gate 5 o:16"), "gate -138 beyond");
}

#[test]
fn input_and_output_of_many_kilobytes_pass() {
    let mut probe = probe();
    let input: Vec<u8> = (0..4096u32).map(|n| (n * 7) as u8).collect();
    let hex: String = input.iter().map(|byte| format!("{byte:02x}")).collect();
    probe.entry().writes = input.repeat(2);
    let answer = ask(&mut probe, &format!("gate 4 v:1 i:{hex} o:8192"));
    assert_eq!(answer, format!("gate 0 {hex}{hex}"));
    assert_eq!(last(&mut probe).1[1], Seen::Input(input.clone()));
    for at in [0, 4096] {
        assert_eq!(ask(&mut probe, &format!("put {at} {hex}")), "ok");
    }
    ask(&mut probe, "gate 4 s:0x0:8192");
    assert_eq!(last(&mut probe).1, [Seen::Input(input.repeat(2))]);
}

#[test]
fn what_is_no_call_is_refused_and_never_made() {
    let mut probe = probe();
    let calls = cdd_gate::CALLS.len();
    let (output, scratch) = (OUTPUT_BYTES + 1, SCRATCH_BYTES + 1);
    let nine = "v:1 ".repeat(cdd_gate::MAX_FRAME_WORDS + 1);
    let five = "i:00 ".repeat(cdd_gate::MAX_FRAME_WORDS / 2 + 1);
    for line in [
        "gate",
        "gate random",
        "gate -1",
        "gate +5",
        "gate 0x",
        "gate 0x1_0",
        "gate 4294967296",
        &format!("gate {calls}"),
        "gate 4294967295",
        "gate 5 o",
        "gate 5 o:",
        "gate 5 32",
        "gate 5 x:1",
        "gate 5 v:",
        "gate 5 v:-1",
        "gate 5 v:4294967296",
        "gate 5 v:0xg",
        "gate 5 i:0",
        "gate 5 i:0x",
        "gate 5 i:00,",
        "gate 5 s:0",
        "gate 5 s::",
        "gate 5 s:0:1:2",
        &format!("gate 5 s:0:{scratch}"),
        &format!("gate 5 s:{scratch}:0"),
        "gate 5 s:1:4294967295",
        "gate 5 s:4294967295:4294967295",
        &format!("gate 5 o:{output}"),
        "gate 5 o:4294967295",
        "gate 5 o:1 o:1",
        &format!("gate 5 {nine}"),
        &format!("gate 5 {five}"),
        "gate 5 \u{fc}:1",
        "put",
        "put 0",
        "put 0 0",
        "put 0 00 00",
        "put x 00",
        "put 8192 00",
        "put 8191 0000",
        "put 4294967295 00",
    ] {
        assert_eq!(ask(&mut probe, line), "error bad-argument", "{line}");
    }
    assert!(probe.entry().calls.is_empty());
    assert_eq!(ask(&mut probe, "gate 5 o:8192"), "gate 0");
}

#[test]
fn a_line_that_is_too_long_is_named_and_the_next_one_is_whole() {
    let mut probe = probe();
    let long = "p".repeat(MAX_LINE);
    assert_eq!(ask(&mut probe, &long), "unknown");
    assert_eq!(ask(&mut probe, &format!("{long}p")), "error line-too-long");
    assert_eq!(ask(&mut probe, "ping"), "ok");
    probe.console().incoming.extend(b"\r\n\n\r");
    assert!(probe.step() && !probe.step());
    assert_eq!(probe.console().said, "", "empty lines are not seen");
}

#[test]
fn the_other_commands_answer_as_before() {
    let mut probe = probe();
    assert_eq!(ask(&mut probe, "ready"), "status 0");
    assert_eq!(last(&mut probe), (cdd_gate::number::application_ready, vec![]));
    probe.entry().writes = vec![0x5A; 4096];
    assert_eq!(ask(&mut probe, "random 0x2"), "random 5a5a");
    assert_eq!(last(&mut probe), (cdd_gate::number::random, vec![Seen::Output(2)]));
    assert_eq!(ask(&mut probe, "random 999999").len(), 7 + 2 * 4096);
    probe.entry().status = -148;
    assert_eq!(ask(&mut probe, "random 2"), "status -148");
    assert_eq!(ask(&mut probe, "hardware 0x10"), "ok 0x00000010");
    for line in ["read 0x38000000", "jump 0", "udf", "buffer", "\u{fc}", "gateway 5"] {
        assert_eq!(ask(&mut probe, line), "unknown");
    }
}

#[test]
fn wiping_leaves_nothing_of_what_was_put() {
    let mut probe = probe();
    assert_eq!(ask(&mut probe, "put 8188 c0ffee00"), "ok");
    ask(&mut probe, "gate 4 s:8188:4");
    assert_eq!(last(&mut probe).1, [Seen::Input(vec![0xC0, 0xFF, 0xEE, 0])]);
    assert_eq!(ask(&mut probe, "wipe"), "ok");
    ask(&mut probe, "gate 4 s:0:8192");
    assert_eq!(last(&mut probe).1, [Seen::Input(vec![0; 8192])]);
}
