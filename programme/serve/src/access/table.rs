//! Who may use each route, and what trace a use leaves. A route that is not here is refused, and a test walks all of them.

use super::tokens::Scope;

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// Anybody.
    Anybody,
    /// Anybody, as far as what is asked for is public; who is signed in sees more. A token needs the scope.
    AsMuchAsSeen(Scope),
    /// Anybody may ask; the domain says who may. A token needs the scope.
    Decided(Scope),
    /// Who is signed in. A token needs the scope.
    SignedIn(Scope),
    /// Who is signed in with a cookie: what concerns one's own ways to sign in.
    InPerson,
}

impl Gate {
    /// The scope that a token needs; none where no token is taken.
    pub const fn scope(self) -> Option<Scope> {
        match self {
            Gate::Anybody => Some(Scope::Read),
            Gate::AsMuchAsSeen(scope) | Gate::Decided(scope) | Gate::SignedIn(scope) => Some(scope),
            Gate::InPerson => None,
        }
    }

    /// Whether somebody must be signed in.
    pub const fn needs_somebody(self) -> bool {
        matches!(self, Gate::SignedIn(_) | Gate::InPerson)
    }
}

/// What trace a use leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trace {
    /// Nothing changes.
    None,
    /// An event in the log.
    Event,
    /// A reading in the log of readings, where the document is confidential.
    Reading,
    /// Only the open half of a sign-in, which ends by itself.
    Half,
}

/// A route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// Its method.
    pub method: &'static str,
    /// Its path, as the router has it.
    pub path: &'static str,
    /// Who may use it.
    pub gate: Gate,
    /// What trace a use leaves.
    pub trace: Trace,
    /// How many bytes are taken at most.
    pub most: usize,
}

/// What forms and JSON have at most.
pub const SMALL: usize = 1 << 20;

const fn get(path: &'static str, gate: Gate) -> Route {
    Route { method: "GET", path, gate, trace: Trace::None, most: 0 }
}

const fn post(path: &'static str, gate: Gate, trace: Trace) -> Route {
    Route { method: "POST", path, gate, trace, most: SMALL }
}

const READ: Gate = Gate::AsMuchAsSeen(Scope::Read);

const WRITE: Gate = Gate::Decided(Scope::Write);

/// What documents have at most.
const LARGE: usize = dtsec_store::LARGEST_DOCUMENT;

/// Every route.
pub const ROUTES: &[Route] = &[
    // Pages.
    get("/", Gate::Anybody),
    get("/style.css", Gate::Anybody),
    get("/icon.svg", Gate::Anybody),
    get("/passkeys.js", Gate::Anybody),
    get("/forms.js", Gate::Anybody),
    get("/health", Gate::Anybody),
    get("/sign-in", Gate::Anybody),
    get("/sign-in/link", Gate::Anybody),
    post("/sign-in/link", Gate::Anybody, Trace::Event),
    Route { trace: Trace::Half, ..get("/sign-in/oidc", Gate::Anybody) },
    Route { trace: Trace::Event, ..get("/sign-in/oidc/back", Gate::Anybody) },
    post("/sign-out", Gate::InPerson, Trace::Event),
    get("/changes.atom", Gate::Anybody),
    get("/compare", Gate::Anybody),
    get("/entries/{id}", Gate::Anybody),
    get("/entries/{id}/changes.atom", Gate::Anybody),
    get("/labs", Gate::Anybody),
    get("/labs/{id}", Gate::Anybody),
    get("/profiles", Gate::Anybody),
    get("/profiles/reviews.atom", Gate::Anybody),
    get("/profiles/{id}", Gate::Anybody),
    get("/advisories", Gate::Anybody),
    get("/rules", Gate::Anybody),
    get("/work", Gate::SignedIn(Scope::Read)),
    get("/work/{list}", Gate::SignedIn(Scope::Read)),
    get("/cases/{kind}/{id}", READ),
    get("/do/{tag}", WRITE),
    Route { most: LARGE, ..post("/do/{tag}", WRITE, Trace::Event) },
    Route {
        trace: Trace::Reading,
        ..get("/documents/{kind}/{id}/{digest}", Gate::AsMuchAsSeen(Scope::Documents))
    },
    get("/me", Gate::InPerson),
    post("/me/{what}", Gate::InPerson, Trace::Event),
    get("/people", Gate::SignedIn(Scope::Persons)),
    post("/people/{what}", Gate::SignedIn(Scope::Persons), Trace::Event),
    get("/log", Gate::SignedIn(Scope::Read)),
    // The interface: what describes it.
    get("/api/openapi.json", Gate::Anybody),
    get("/api/v1/rules", Gate::Anybody),
    // Commands.
    post("/api/v1/commands", WRITE, Trace::Event),
    post("/api/v1/rehearsals", WRITE, Trace::None),
    // What is read.
    get("/api/v1/lists/{list}", READ),
    get("/api/v1/waiting", Gate::SignedIn(Scope::Read)),
    get("/api/v1/parts/{kind}/{id}", READ),
    get("/api/v1/parts/{kind}/{id}/history", READ),
    get("/api/v1/entries/{id}/status", READ),
    get("/api/v1/compare", READ),
    get("/api/v1/log", Gate::SignedIn(Scope::Read)),
    // Documents.
    Route { most: LARGE, ..post("/api/v1/documents", Gate::SignedIn(Scope::Write), Trace::Event) },
    get("/api/v1/documents/{kind}/{id}", Gate::AsMuchAsSeen(Scope::Documents)),
    Route {
        trace: Trace::Reading,
        ..get("/api/v1/documents/{kind}/{id}/{digest}", Gate::AsMuchAsSeen(Scope::Documents))
    },
    get("/api/v1/readings/{kind}/{id}", Gate::SignedIn(Scope::Documents)),
    // Formats of others.
    get("/api/v1/advisories/{vulnerability}", READ),
    Route {
        most: LARGE,
        ..post("/api/v1/entries/{id}/components", Gate::SignedIn(Scope::Write), Trace::Event)
    },
    post("/api/v1/reports/{format}", WRITE, Trace::Event),
    // Persons.
    get("/api/v1/organisations", Gate::SignedIn(Scope::Read)),
    post("/api/v1/organisations", Gate::SignedIn(Scope::Persons), Trace::Event),
    post("/api/v1/persons", Gate::SignedIn(Scope::Persons), Trace::Event),
    get("/api/v1/persons/{id}", Gate::SignedIn(Scope::Persons)),
    post("/api/v1/persons/{id}/confirm", Gate::SignedIn(Scope::Persons), Trace::Event),
    post("/api/v1/persons/{id}/disable", Gate::SignedIn(Scope::Persons), Trace::Event),
    post("/api/v1/persons/{id}/link", Gate::SignedIn(Scope::Persons), Trace::Event),
    // One's own.
    get("/api/v1/me", Gate::SignedIn(Scope::Read)),
    post("/api/v1/me/interests", Gate::SignedIn(Scope::Write), Trace::Event),
    get("/api/v1/me/tokens", Gate::SignedIn(Scope::Read)),
    post("/api/v1/me/tokens", Gate::InPerson, Trace::Event),
    // What only takes away may be done with a token; what gives a new way in may not.
    post("/api/v1/me/tokens/{id}/revoke", Gate::SignedIn(Scope::Write), Trace::Event),
    get("/api/v1/me/sessions", Gate::SignedIn(Scope::Read)),
    post("/api/v1/me/sessions/end", Gate::SignedIn(Scope::Write), Trace::Event),
    get("/api/v1/me/passkeys", Gate::InPerson),
    post("/api/v1/me/passkeys/begin", Gate::InPerson, Trace::Half),
    post("/api/v1/me/passkeys/finish", Gate::InPerson, Trace::Event),
    post("/api/v1/me/passkeys/{id}/remove", Gate::InPerson, Trace::Event),
    post("/api/v1/sign-in/link/token", Gate::Anybody, Trace::Event),
    post("/api/v1/sign-in/passkey/begin", Gate::Anybody, Trace::Half),
    post("/api/v1/sign-in/passkey/finish", Gate::Anybody, Trace::Event),
];

/// The row of a route.
pub fn route(method: &str, path: &str) -> Option<&'static Route> {
    // What can be got can be asked about.
    let method = if method == "HEAD" { "GET" } else { method };
    ROUTES.iter().find(|route| route.method == method && route.path == path)
}
