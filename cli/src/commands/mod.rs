//! The commands, one a file.

mod attack_potential;
mod attest;
mod consent;
mod device;
mod evaluate;
mod evidence;
mod fault;
mod image;
mod independent_tests;
mod list;
mod list_source;
mod package;
mod pp;
mod profile;
mod publish;
mod registry;
mod render;
mod sbom;
mod schema;
mod serve;
mod specification;
mod st;
mod store;
mod supply;
mod trace;
mod verify_service;
mod vulnerabilities;
mod work_units;

use clap::Subcommand;

use crate::output::Answer;

/// What `dtsec` can do.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Compute what an attack needs, by the table of CEM v3.1, Annex B.4.
    AttackPotential(Box<attack_potential::AttackPotential>),
    /// Have a device attest who it is and what it runs, and check what it says.
    #[command(subcommand)]
    Attest(attest::Command),
    /// Make devices, put firmware on them, look at them, run them.
    #[command(subcommand)]
    Device(device::Command),
    /// Evaluate a target from outside: functional tests and attacks.
    Evaluate(evaluate::Evaluate),
    /// Sign, check and join what tests found.
    #[command(subcommand)]
    Evidence(evidence::Command),
    /// Simulate faults on the real images, and count what is accepted that must not be.
    #[command(subcommand)]
    Fault(fault::Command),
    /// Sign firmware images and look into them.
    #[command(subcommand)]
    Image(image::Command),
    /// Draw the independent tests of ATE_IND.1, known to nobody in advance.
    #[command(subcommand)]
    IndependentTests(independent_tests::Command),
    /// Follow the published list: keep a copy that works offline, and hold it against its log.
    #[command(subcommand)]
    List(list::Command),
    /// Put everything together that a lab starts from.
    Package(Box<package::Package>),
    /// Read and write protection profiles in NIAP's XML.
    #[command(subcommand)]
    Pp(pp::Command),
    /// Read SESIP profiles and show them.
    #[command(subcommand)]
    Profile(profile::Command),
    /// Publish the list: a static tree, signed, that any web server serves.
    #[command(subcommand)]
    Publish(publish::Command),
    /// Ask and change the registry of a running server, with a token.
    Registry(Box<registry::Registry>),
    /// Write a Security Target, an evaluation report or what follows from it for people: HTML or DOCX.
    Render(Box<render::Render>),
    /// Write the JSON Schema of a kind of document.
    Schema(schema::Schema),
    /// Run the assurance programme: the registry, its pages and its interface.
    Serve(Box<serve::Serve>),
    /// Write Security Targets and hold them against their profile.
    #[command(subcommand)]
    St(st::Command),
    /// Back up, restore and check the data of `dtsec serve`, on SQLite and on PostgreSQL.
    #[command(subcommand)]
    Store(store::Command),
    /// Write the bill of materials of the platform: CycloneDX.
    Sbom(sbom::Sbom),
    /// Write the functional specification of the gate.
    Specification(specification::Specification),
    /// Map requirements to interfaces, sources, tests and results, and show every gap.
    Trace(trace::Trace),
    /// Give verdicts on tokens over HTTP.
    VerifyService(verify_service::VerifyService),
    /// Search published vulnerabilities.
    #[command(subcommand)]
    Vulnerabilities(vulnerabilities::Command),
    /// The 81 work units of SESIP3: what evidence proposes, what the evaluator decides, the report.
    #[command(subcommand)]
    WorkUnits(work_units::Command),
}

impl Command {
    /// `json`: standard output is to hold the answer and nothing else.
    pub(crate) fn run(self, json: bool) -> anyhow::Result<Answer> {
        match self {
            Command::AttackPotential(command) => command.run(),
            Command::Attest(command) => command.run(),
            Command::Device(command) => command.run(json),
            Command::Evaluate(command) => command.run(),
            Command::Evidence(command) => command.run(),
            Command::Fault(command) => command.run(),
            Command::Image(command) => command.run(),
            Command::IndependentTests(command) => command.run(),
            Command::List(command) => command.run(),
            Command::Package(command) => command.run(),
            Command::Pp(command) => command.run(),
            Command::Profile(command) => command.run(),
            Command::Publish(command) => command.run(json),
            Command::Registry(command) => command.run(),
            Command::Render(command) => command.run(),
            Command::Schema(command) => command.run(),
            Command::Serve(command) => command.run(json),
            Command::St(command) => command.run(),
            Command::Store(command) => command.run(),
            Command::Sbom(command) => command.run(),
            Command::Specification(command) => command.run(),
            Command::Trace(command) => command.run(),
            Command::VerifyService(command) => command.run(json),
            Command::Vulnerabilities(command) => command.run(),
            Command::WorkUnits(command) => command.run(),
        }
    }
}
