//! Sessions and batches against a stand-in with the wires of a device.

use dtsec_target::{
    Batch, Board, Device, DeviceError, Entropy, Patch, Power, ProbeAnswer, Provisioning, Refusal, Session,
    SessionError, Transaction,
};
use std::path::Path;
use std::time::Duration;

struct Bench {
    folder: tempfile::TempDir,
    device: Device,
}

impl Bench {
    fn new() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let stand_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fake-device");
        std::fs::copy(stand_in, folder.path().join("cdd-virtual")).unwrap();
        let place = folder.path().join("device");
        let device = Device::create(&place, &Board::virtual_process(), &Provisioning::blank()).unwrap();
        Bench { folder, device }
    }

    fn power(&self) -> Power {
        Power::new(self.folder.path())
    }

    fn session(&self) -> Session {
        self.device.power_on(&self.power()).unwrap()
    }

    fn session_with(&self, entropy: Entropy) -> Session {
        self.device.power_on(&self.power().with_entropy(entropy)).unwrap()
    }
}

#[test]
fn a_start_gives_one_report_and_then_answers() {
    let bench = Bench::new();
    let mut session = bench.session();
    let report = session.report().unwrap();
    assert!(report.is_running() && report.fault.is_none());
    session.console_ready("probe ready").unwrap();
    assert_eq!(session.probe("ping").unwrap().ok(), Some(""));
    let folder = session.probe("folder").unwrap();
    assert_eq!(folder, ProbeAnswer::Line(format!("folder {}", bench.device.dir().display())));
}

#[test]
fn answers_of_the_application_end_in_ok_or_error() {
    let bench = Bench::new();
    let mut session = bench.session();
    let identity = session.ask("identity").unwrap();
    assert!(identity.is_ok());
    assert_eq!(identity.line("identity"), Some("commercial-name Reference BGM"));
    assert_eq!(identity.lines.len(), 2);
    assert_eq!(session.ask("refuse").unwrap().error.as_deref(), Some("does-not-exist"));
}

#[test]
fn a_fault_is_given_instead_of_an_answer_and_the_next_question_is_answered_again() {
    let bench = Bench::new();
    let mut session = bench.session();
    session.report().unwrap();
    for count in 1..=3 {
        let answer = session.probe("fault").unwrap();
        let fault = answer.fault().expect("the report names the fault");
        assert_eq!((fault.name.as_str(), fault.pc, fault.count), ("secure-fault", 0x0020_0100, count));
        assert_eq!(session.probe("ping").unwrap().ok(), Some(""));
    }
    assert!(matches!(session.ask("fault"), Err(SessionError::Restarted(report)) if report.is_running()));
    assert!(session.transcript().contains("half an ans (cut)"));
}

#[test]
fn many_lines_at_once_are_answered_in_their_order_up_to_a_fault() {
    let bench = Bench::new();
    let mut session = bench.session();
    let lines = |lines: &[&str]| -> Vec<String> { lines.iter().map(|line| (*line).to_owned()).collect() };
    let line = |text: &str| ProbeAnswer::Line(text.into());
    let answers = session.probe_all(&lines(&["ping", "refuse", "ping"])).unwrap();
    assert_eq!(answers, [line("ok"), line("error does-not-exist"), line("ok")]);
    assert_eq!(session.probe_all(&[]).unwrap(), []);
    let answers = session.probe_all(&lines(&["ping", "fault"])).unwrap();
    assert_eq!(answers[0], line("ok"));
    assert!(answers[1].fault().is_some() && answers.len() == 2);
}

#[test]
fn power_that_is_cut_during_a_command_can_be_switched_on_again() {
    let bench = Bench::new();
    let cut = |line, after| bench.session().cut_during(line, Duration::from_millis(after));
    assert_eq!(cut("mute", 1).unwrap(), None);
    assert_eq!(cut("ping", 30_000).unwrap(), Some(ProbeAnswer::Line("ok".into())));
    assert!(matches!(cut("die", 30_000), Err(SessionError::Died { .. })));
    let mut session = bench.session();
    let process = session.process_id();
    assert!(Path::new(&format!("/proc/{process}")).exists());
    session.report().unwrap();
    session.power_off();
    assert!(!Path::new(&format!("/proc/{process}")).exists());
}

#[test]
fn without_an_application_nothing_is_asked() {
    let bench = Bench::new();
    let mut session = bench.session();
    let ProbeAnswer::Fault(report) = session.probe("give-up").unwrap() else { panic!("an answer") };
    assert_eq!(report.reason.as_deref(), Some("repeated-faults"));
    assert!(
        matches!(session.probe("ping"), Err(SessionError::NotRunning { state }) if state == "no-application")
    );
}

/// A session of a device whose platform runs and whose application does not.
fn without_application(bench: &Bench) -> Session {
    let mut session = bench.session();
    assert!(matches!(session.probe("give-up").unwrap(), ProbeAnswer::Fault(_)));
    session
}

#[test]
fn the_platform_answers_on_the_management_wire_where_no_application_runs() {
    let bench = Bench::new();
    let mut session = without_application(&bench);
    let services = session.services().unwrap();
    assert_eq!((services.records, services.readings(), services.factory_resets), (2, 8, 3));
    let key = session.attestation_key().unwrap();
    assert_eq!((key[0], key[64]), (4, 7));
    assert_eq!(session.token(&[7; 32]).unwrap(), [0xD2, 0x84, 0x43]);
}

#[test]
fn what_the_platform_refuses_is_told_apart_from_what_makes_no_sense_and_from_a_new_start() {
    let bench = Bench::new();
    let mut session = without_application(&bench);
    let refused = session.token(&[1]).unwrap_err();
    assert!(
        matches!(&refused, SessionError::Refused { refusal: Refusal::InvalidArgument, question } if question == "token 01")
    );
    assert!(refused.to_string().contains("32, 48 or 64 bytes"), "{refused}");
    assert!(
        matches!(session.token(&[0xAA]), Err(SessionError::Unexpected { answer, .. }) if answer == "d2844")
    );
    assert!(
        matches!(session.token(&[0xBB]), Err(SessionError::Restarted(report)) if report.state == "no-application")
    );
    assert!(session.token(&[7; 32]).is_ok(), "the control");
}

#[test]
fn a_transaction_is_confirmed_with_the_code_given_and_ends_in_the_report_of_the_new_start() {
    let bench = Bench::new();
    let mut session = without_application(&bench);
    assert_eq!(session.factory_reset().unwrap().state, "no-application");
    assert!(session.transcript().contains("> confirm 0badcafe"), "{}", session.transcript());
    let events = session.events();
    let words: Vec<_> =
        events.iter().filter(|e| e.name == "life-cycle").map(|e| e.words.keys().next()).collect();
    assert_eq!(words.len(), 2, "{events:?}");
}

#[test]
fn a_transaction_that_was_begun_and_not_finished_is_no_success() {
    let bench = Bench::new();
    let mut session = without_application(&bench);
    let error = session.decommission().unwrap_err();
    assert!(
        matches!(&error, SessionError::NotFinished { transaction: Transaction::Decommission, error: Some(name) } if name == "erase")
    );
    assert!(error.to_string().contains("switch it off and on again"), "{error}");
}

#[test]
fn a_flash_that_refuses_to_be_erased_does_not_make_a_finished_decommissioning_a_failure() {
    let bench = Bench::new();
    let mut session = without_application(&bench);
    assert!(session.decommission().is_err(), "the control: the same error, and not finished");
    let report = session.decommission().unwrap();
    assert_eq!((report.by.as_str(), report.state.as_str()), ("boot", "locked"));
}

#[test]
fn the_noise_source_delivers_what_was_asked_for() {
    let bench = Bench::new();
    let noise = |entropy| match bench.session_with(entropy).probe("noise").unwrap() {
        ProbeAnswer::Line(line) => line,
        ProbeAnswer::Fault(_) => panic!("a fault"),
    };
    assert_eq!(noise(Entropy::Constant(0xAA)), "noise aaaaaaaaaaaaaaaa");
    assert_eq!(noise(Entropy::Bytes((0..8).collect())), "noise 0001020304050607");
    assert_eq!(noise(Entropy::Seeded(1)), noise(Entropy::Seeded(1)));
    assert_ne!(noise(Entropy::System), noise(Entropy::System));
    let mut silent = bench.session_with(Entropy::Silent);
    assert_eq!(silent.probe("silence").unwrap(), ProbeAnswer::Line("silence 0".into()));
}

#[test]
fn a_reading_reaches_the_sensor_wire_with_its_checksum() {
    let bench = Bench::new();
    let mut session = bench.session();
    session.send_reading(1_700_000_000, "104", "mg/dL").unwrap();
    let answer = session.probe("sensor").unwrap();
    assert_eq!(answer, ProbeAnswer::Line("sensor $BG,1700000000,104,mg/dL*17".into()));
}

#[test]
fn lines_that_nobody_reads_never_stop_the_device() {
    let bench = Bench::new();
    let mut session = bench.session();
    assert_eq!(session.probe("flood").unwrap().ok(), Some(""));
    let first = session.wait_event("log").unwrap();
    let second = session.wait_event("log").unwrap();
    assert_eq!(
        (first.words["text"].as_str(), second.words["text"].as_str()),
        ("1-and-some-more-text", "2-and-some-more-text")
    );
    assert_eq!(session.probe("ping").unwrap().ok(), Some(""));
}

#[test]
fn a_device_that_dies_is_told_apart_from_one_that_hangs() {
    let bench = Bench::new();
    let mut session = bench.session();
    let error = session.probe("die").unwrap_err();
    assert!(matches!(error, SessionError::Died { status, .. } if status.code() == Some(7)), "{error}");
    assert!(error.to_string().contains("on fire"), "{error}");
    assert_eq!(session.exit_status().and_then(|status| status.code()), Some(7));
    drop(session);
    let mut session = bench.session();
    session.report().unwrap();
    session.set_deadline(Duration::from_millis(300));
    assert!(matches!(session.probe("hang"), Err(SessionError::Hang { .. })));
    assert!(session.exit_status().is_none());
}

#[test]
fn a_powered_device_is_locked_and_power_off_frees_it_at_once() {
    let bench = Bench::new();
    let mut session = bench.session();
    session.report().unwrap();
    assert!(matches!(bench.device.flash_slot("platform-a", &[1]), Err(DeviceError::Powered { .. })));
    let twice = bench.device.power_on(&bench.power());
    assert!(matches!(twice.err(), Some(SessionError::Device(DeviceError::Powered { .. }))));
    session.power_off();
    bench.device.flash_slot("platform-a", &[1]).unwrap();
}

#[test]
fn a_session_outlives_the_thread_that_made_it() {
    let bench = Bench::new();
    let mut session = std::thread::scope(|scope| scope.spawn(|| bench.session()).join().unwrap());
    // Often enough that a device which is being ended with the thread is caught in between.
    for _ in 0..200 {
        assert_eq!(session.probe("ping").unwrap().ok(), Some(""));
    }
}

#[test]
fn missing_firmware_is_named() {
    let bench = Bench::new();
    let error = bench.device.power_on(&Power::new("/nowhere")).err().unwrap().to_string();
    assert!(error.contains("/nowhere/cdd-virtual") && error.contains("cargo xtask build"), "{error}");
}

#[test]
fn the_transcript_shows_both_directions() {
    let bench = Bench::new();
    let mut session = bench.session();
    session.probe("ping").unwrap();
    let transcript = session.transcript();
    for (wire, text) in [("management", "< cdd report=begin"), ("console", "> ping"), ("console", "< ok")] {
        let found = transcript.lines().any(|line| line.contains(wire) && line.contains(text));
        assert!(found, "{wire} {text} in\n{transcript}");
    }
}

#[test]
fn a_batch_gives_one_outcome_for_each_start() {
    let bench = Bench::new();
    let mut batch = Batch::start(&bench.device, &bench.power()).unwrap();
    let damage = [Patch::Flash { offset: 0, bytes: vec![0] }];
    for _ in 0..100 {
        assert_eq!(batch.boot(&[]).unwrap().state, "running");
        let outcome = batch.boot(&damage).unwrap();
        assert_eq!(
            (outcome.state.as_str(), outcome.slots["platform-a"].as_str()),
            ("no-platform", "bad-magic")
        );
    }
    let strange = [Patch::Erase { offset: 0, len: 1 }];
    let error = batch.boot(&strange).unwrap_err();
    assert!(matches!(&error, SessionError::Died { said, .. } if said == "the batch is on fire"), "{error}");
}
