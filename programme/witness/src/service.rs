//! The service.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use dtsec_log::witness::{Declined, MOST_BYTES, Submission};
use dtsec_log::{Checkpoint, CheckpointError, Signature};
use dtsec_publish::witness::{LocalWitness, WitnessError};
use std::io;
use std::sync::Arc;
use tokio::net::TcpListener;

/// The media type of a tree's size, as `tlog-witness` has it.
const SIZE: &str = "text/x.tlog.size";

/// Signs the checkpoints of one log, for whoever hands them in.
pub struct Service {
    witness: LocalWitness,
}

/// Why nothing was signed, as the protocol says it.
enum Refused {
    /// 400
    Form(String),
    /// 403
    Unsigned(String),
    /// 404
    OtherLog(String),
    /// 409, with the size that is remembered.
    Conflict(u64),
    /// 422
    Proof(String),
    /// The machine is at fault.
    Machine(String),
}

impl Service {
    /// With what signs and remembers.
    pub fn new(witness: LocalWitness) -> Self {
        Self { witness }
    }

    /// Its routes.
    pub fn router(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/add-checkpoint", post(add_checkpoint))
            .layer(DefaultBodyLimit::max(MOST_BYTES))
            .with_state(Arc::clone(self))
    }

    /// Answers until `ended` is.
    ///
    /// # Errors
    /// Where the listener fails.
    pub async fn run(
        self: &Arc<Self>,
        listener: TcpListener,
        ended: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        axum::serve(listener, self.router()).with_graceful_shutdown(ended).await
    }

    fn add(&self, body: &[u8]) -> Result<Signature, Refused> {
        let Submission { old, proof, note } =
            Submission::parse(body).map_err(|error| Refused::Form(error.to_string()))?;
        let shown = Checkpoint::parse(note.text()).map_err(|error| Refused::Form(error.to_string()))?;
        let log = self.witness.log().name();
        if shown.origin != log {
            return Err(Refused::OtherLog(format!("`{}` is not watched here, only `{log}`", shown.origin)));
        }
        self.witness.answer(&note, (old, &proof)).map_err(|error| match error {
            WitnessError::Declined(declined) => match declined {
                Declined::Checkpoint(CheckpointError::Note(error)) => Refused::Unsigned(error.to_string()),
                Declined::Checkpoint(error) => Refused::Form(error.to_string()),
                _ if old > shown.size => {
                    Refused::Form(format!("a proof from {old} does not lead to {}", shown.size))
                }
                Declined::Elsewhere { size: seen } | Declined::Back { seen, .. } => Refused::Conflict(seen),
                Declined::Fork { seen } if seen == shown.size => Refused::Conflict(seen),
                fork @ Declined::Fork { .. } => Refused::Proof(fork.to_string()),
            },
            error => Refused::Machine(error.to_string()),
        })
    }
}

async fn add_checkpoint(State(service): State<Arc<Service>>, body: Bytes) -> Response {
    // Its file is made durable, which takes its time.
    let added = tokio::task::spawn_blocking(move || service.add(&body)).await;
    match added.unwrap_or_else(|error| Err(Refused::Machine(error.to_string()))) {
        Ok(signature) => format!("{signature}\n").into_response(),
        Err(refused) => refused.into_response(),
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, why) = match self {
            Refused::Form(why) => (StatusCode::BAD_REQUEST, why),
            Refused::Unsigned(why) => (StatusCode::FORBIDDEN, why),
            Refused::OtherLog(why) => (StatusCode::NOT_FOUND, why),
            Refused::Conflict(size) => {
                let body = format!("{size}\n");
                return (StatusCode::CONFLICT, [(header::CONTENT_TYPE, SIZE)], body).into_response();
            }
            Refused::Proof(why) => (StatusCode::UNPROCESSABLE_ENTITY, why),
            Refused::Machine(why) => (StatusCode::INTERNAL_SERVER_ERROR, why),
        };
        (status, format!("{why}\n")).into_response()
    }
}
