use super::*;

const REPORT: &str = "\
cdd report=begin by=platform
cdd state=running life-cycle=secured
cdd slot=platform-a result=accepted code=0x0000
cdd slot=platform-b result=empty code=0x0101
cdd identity=commercial-name value=Reference%20BGM
cdd identity=hardware-version value=1%2C%25%C3%A9%zz%4
cdd part=boot name=cdd-boot version=0.1.0+0 counter=0 measurement=00ff signer=none
cdd part=platform name=cdd-platform version=1.2.3+4 counter=5 measurement=aa signer=bb
cdd fault exception=7 name=secure-fault sfsr=0x00000048 cfsr=0x00000001 pc=0x0020045a address=0x38000000 count=2
cdd services storage=ready recovery=1 records=7 first-reading=3 next-reading=5 failed-tests=0x00000010 factory-resets=2
cdd report=end state=running";

fn parse(text: &str) -> Vec<Parsed> {
    let mut parser = ReportParser::default();
    text.lines().map(|line| parser.line(line)).filter(|parsed| *parsed != Parsed::Nothing).collect()
}

fn only_report(text: &str) -> Report {
    let mut reports = parse(text).into_iter().filter_map(|parsed| match parsed {
        Parsed::Report(report) => Some(*report),
        _ => None,
    });
    let report = reports.next().expect("a report");
    assert!(reports.next().is_none());
    report
}

#[test]
fn a_report_reads_as_the_wires_page_has_it() {
    let report = only_report(REPORT);
    assert_eq!((report.by.as_str(), report.state.as_str()), ("platform", "running"));
    assert_eq!(report.life_cycle, "secured");
    assert_eq!(report.reason, None);
    assert_eq!(report.slot("platform-a"), "accepted");
    assert_eq!(report.slots["platform-b"], SlotResult { result: "empty".into(), code: 0x101 });
    assert_eq!(report.slot("application-a"), "");
    let platform = &report.parts["platform"];
    assert_eq!((platform.version.as_str(), platform.counter), ("1.2.3+4", 5));
    assert_eq!(report.parts["boot"].signer, "none");
    let fault = report.fault.expect("a fault");
    assert_eq!((fault.exception, fault.name.as_str(), fault.count), (7, "secure-fault", 2));
    assert_eq!((fault.sfsr, fault.cfsr, fault.pc, fault.address), (0x48, 1, 0x0020_045A, 0x3800_0000));
    let services = report.services.expect("services");
    assert_eq!((services.storage.as_str(), services.recovery, services.records), ("ready", 1, 7));
    assert_eq!((services.first_reading, services.next_reading, services.readings()), (3, 5, 2));
    assert_eq!((services.failed_tests, services.factory_resets), (0x10, 2));
    assert_eq!(report.raw.trim_end(), REPORT);
}

#[test]
fn a_report_of_boot_has_no_services_and_half_a_line_of_them_is_none() {
    let boot = "cdd report=begin by=boot\ncdd state=locked life-cycle=secured\ncdd report=end state=locked";
    assert_eq!(only_report(boot).services, None);
    assert_eq!(only_report(&REPORT.replace(" records=7", "")).services, None);
    assert_eq!(only_report(&REPORT.replace("records=7", "records=many")).services, None);
}

#[test]
fn escapes_are_resolved_and_broken_ones_are_kept() {
    let report = only_report(REPORT);
    assert_eq!(report.identity["commercial-name"], "Reference BGM");
    assert_eq!(report.identity["hardware-version"], "1,%é%zz%4");
}

#[test]
fn unknown_lines_and_words_are_ignored() {
    let noisy: String =
        REPORT.lines().map(|line| format!("{line} colour=blue\nnoise\ncdd weather=fine\ncdd\n")).collect();
    let (mut noisy, clean) = (only_report(&noisy), only_report(REPORT));
    noisy.raw.clone_from(&clean.raw);
    assert_eq!(noisy, clean);
}

#[test]
fn a_report_that_was_cut_short_is_never_given_and_does_not_leak_into_the_next() {
    let cut = REPORT.lines().take(5).collect::<Vec<_>>().join("\n");
    assert_eq!(parse(&cut), [Parsed::Begin]);
    let second = "cdd report=begin by=boot\ncdd state=locked life-cycle=secured\ncdd report=end state=locked";
    let report = only_report(&format!("{cut}\n{second}"));
    assert_eq!((report.by.as_str(), report.state.as_str()), ("boot", "locked"));
    assert!(report.slots.is_empty() && report.identity.is_empty());
    let without_begin: String = REPORT.lines().skip(1).collect::<Vec<_>>().join("\n");
    assert!(parse(&without_begin).is_empty());
}

#[test]
fn a_state_with_a_reason_gives_it() {
    let text = "cdd report=begin by=platform\ncdd state=no-application life-cycle=secured reason=repeated-faults\n\
                cdd report=end state=no-application";
    assert_eq!(only_report(text).reason.as_deref(), Some("repeated-faults"));
}

#[test]
fn events_are_told_apart_from_reports_even_inside_one() {
    let text = REPORT.replace(
        "cdd slot=platform-a",
        "cdd event=gate-refused call=3 reason=bad%20pointer\ncdd slot=platform-a",
    );
    let parsed = parse(&text);
    assert_eq!(parsed.len(), 3);
    let Parsed::Event(event) = &parsed[1] else { panic!("{parsed:?}") };
    assert_eq!(event.name, "gate-refused");
    assert_eq!(event.words["reason"], "bad pointer");
    assert_eq!(event.words["call"], "3");
}
