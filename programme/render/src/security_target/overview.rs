//! Chapter 3: what the platform is, where it is used, its life, the threats, its features.

use super::Writing;
use crate::doc::{Line, missing, plain, strong};
use crate::layout::{anchored, cell, joined, paragraphs, row, said};
use crate::text::Anchor;
use dtsec_model::security_target::Exposure;
use dtsec_model::threat::Threat;

impl Writing<'_> {
    pub(super) fn overview(&mut self) {
        let overview = &self.target.overview;
        self.section("3", "Platform Overview");
        self.section("3.1", "Platform Definition");
        self.out.text("definition", &overview.definition, "what the platform is");
        self.part("functional", "Functional overview");
        self.out.text("functional", &overview.functional, "what the platform does");
        self.part("scope", "Scope");
        self.out.text("physical scope", &overview.physical_scope, "where the platform ends");
        for (key, title, items) in [
            ("in scope", "In the scope:", &overview.in_scope),
            ("out of scope", "Not in the scope:", &overview.out_of_scope),
            ("beside", "Needed beside the platform:", &overview.required_non_platform),
        ] {
            if !items.is_empty() {
                self.out.line(format!("{key}:"), vec![strong(title)]);
                self.out.list(key, items.iter().map(String::as_str));
            }
        }
        self.use_case();
        self.life_cycle();
        self.threats();
        self.section("3.5", "Platform Security Features");
        match &self.target.overview.features[..] {
            [] => self.out.line("features", vec![missing("main security features")]),
            features => self.out.list("features", features.iter().map(String::as_str)),
        }
    }

    fn part(&mut self, id: &str, title: &str) {
        self.out.heading(3, None, title, Anchor::new("part", id));
    }

    fn use_case(&mut self) {
        let case = &self.target.use_case;
        self.section("3.2", "Use Case");
        self.out.text("environment", &case.environment, "the conditions of use");
        let answer = |exposure: &Exposure| -> Vec<Line> {
            let mut line = vec![match exposure.possible {
                Some(true) => strong("Yes. "),
                Some(false) => strong("No. "),
                None => missing("yes or no"),
            }];
            line.extend(said(&exposure.explanation, "why, and what protects"));
            vec![line]
        };
        let both = vec![
            ("Can untrusted users reach the platform?", answer(&case.untrusted_users)),
            ("Can untrusted software run on it?", answer(&case.untrusted_software)),
        ];
        self.out.definitions("exposure", both);
    }

    fn life_cycle(&mut self) {
        let life = &self.target.life_cycle;
        self.section("3.3", "Life Cycle");
        let phases = life.phases.iter().map(|phase| {
            let states = if phase.states.is_empty() { "–".to_owned() } else { phase.states.join(", ") };
            let cells = vec![
                cell(strong(&phase.name)),
                vec![said(&phase.description, "what happens in it")],
                cell(plain(states)),
            ];
            row(&*phase.name, cells)
        });
        let phases = phases.collect();
        let columns = [("Phase", 20), ("What happens", 55), ("States", 25)];
        self.out.table("phases", "Phases of the life cycle", &columns, phases);
        // How something is secured is for the lab; that it happens is for everybody.
        let full = self.is_full();
        let secured = |text: &str| match full {
            true => vec![said(text, "how it is secured")],
            false => cell(plain("left out")),
        };
        let transitions = life.transitions.iter().map(|one| {
            let cells =
                vec![vec![said(&one.from, "state")], vec![said(&one.to, "state")], secured(&one.secured_by)];
            row(format!("{} → {}", one.from, one.to), cells)
        });
        let transitions = transitions.collect();
        let columns = [("From", 22), ("To", 22), ("Secured by", 56)];
        self.out.table("transitions", "Transitions between states", &columns, transitions);
        let roots = life.roots_of_trust.iter().map(|one| {
            let cells = vec![
                vec![vec![strong(&one.name)], said(&one.purpose, "for what")],
                vec![said(&one.phase, "phase")],
                vec![said(&one.state, "state")],
                secured(&one.secured_by),
            ];
            row(&*one.name, cells)
        });
        let roots = roots.collect();
        let columns = [("Root of trust", 30), ("Phase", 15), ("State", 15), ("Integration secured by", 40)];
        self.out.table("roots", "Roots of trust", &columns, roots);
        self.part("keys", "Provisioning of keys");
        if !full {
            return self.left_out("keys", "How keys come into the platform");
        }
        self.out.text("keys", &life.key_provisioning.description, "how keys come into the platform");
        if let Some(place) = &life.key_provisioning.described_in {
            let mut line = vec![plain("In full: ")];
            line.extend(self.place(place));
            self.out.line("keys in", line);
        }
    }

    fn threats(&mut self) {
        self.section("3.4", "Threats");
        let summary = self.target.threats.iter().map(|trace| {
            let threat = crate::doc::link(threat_anchor(trace.threat), trace.threat.name());
            row(
                trace.threat.name(),
                vec![cell(threat), vec![self.counters(&trace.requirements, &trace.objectives)]],
            )
        });
        let summary = summary.collect();
        self.out.table(
            "threats",
            "Threats and what counters them",
            &[("Threat", 25), ("Countered by", 75)],
            summary,
        );
        for threat in &self.profile.threats {
            let title = format!("{} ({})", threat.title, threat.id.name());
            self.out.heading(3, Some(&threat.section), &title, threat_anchor(threat.id));
            self.out.text(&format!("threat {}", threat.id.name()), &threat.text, "the threat");
            let traced: Vec<_> =
                self.target.threats.iter().filter(|trace| trace.threat == threat.id).collect();
            if traced.is_empty() {
                self.out.line(
                    format!("no trace {}", threat.id.name()),
                    vec![missing("what counters this threat")],
                );
            }
            for trace in traced {
                let mut line = vec![strong("Countered by: ")];
                line.extend(self.counters(&trace.requirements, &trace.objectives));
                self.out.line(format!("countered {}", threat.id.name()), line);
                let key = format!("rationale {}", threat.id.name());
                match self.is_full() {
                    true => {
                        for (number, mut line) in
                            paragraphs(&trace.rationale, "why that is enough").into_iter().enumerate()
                        {
                            if number == 0 {
                                line.insert(0, strong("Rationale: "));
                            }
                            self.out.line(format!("{key}/{number}"), line);
                        }
                    }
                    false => self.left_out(&key, "Rationale"),
                }
            }
        }
        // A threat that the profile does not have is still one of the Security Target.
        let known = |threat: Threat| self.profile.threats.iter().any(|one| one.id == threat);
        let others = self.target.threats.iter().filter(|trace| !known(trace.threat)).map(|trace| {
            let rationale =
                if self.is_full() { said(&trace.rationale, "why") } else { vec![plain("left out")] };
            let cells = vec![
                cell(strong(trace.threat.name())),
                vec![self.counters(&trace.requirements, &trace.objectives)],
                vec![rationale],
            ];
            anchored(threat_anchor(trace.threat), trace.threat.name(), cells)
        });
        let others = others.collect();
        let columns = [("Threat", 20), ("Countered by", 40), ("Rationale", 40)];
        self.out.table("other threats", "Threats beyond the profile's", &columns, others);
    }

    fn counters(&self, requirements: &[String], objectives: &[String]) -> Line {
        let requirements = requirements.iter().map(|id| vec![self.sfr(id)]);
        let objectives = objectives.iter().map(|id| vec![plain("objective "), self.objective(id)]);
        let all = joined(requirements.chain(objectives), ", ");
        if all.is_empty() { vec![missing("requirements or objectives")] } else { all }
    }
}

fn threat_anchor(threat: Threat) -> Anchor {
    Anchor::new("threat", threat.name())
}
