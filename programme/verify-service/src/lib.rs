//! Verdicts over HTTP: a stateless service. Every replica with the same keys and the same folder answers the same.
//!
//! | Request | Answer |
//! |---|---|
//! | `GET /challenge` | a challenge, and until when it can be answered |
//! | `POST /verify` | the verdict, and the signed result; `Accept: application/eat+jwt` gives the result alone, `text/html` a page |
//! | `GET /` | a form for people: a challenge to give to a device, and a place for its token |
//! | `GET /list` | which list it goes by, and whether that is fresh |
//! | `GET /.well-known/jwks.json` | the key of the results |
//!
//! The body of `POST /verify` is JSON: `token`, and either `challenge` (one of this service) or `nonce` (the caller's own),
//! in base64url; `instance-id` in hex where only that device may answer; `chain`, certificates in PEM. Or it is the form's. A verdict is an answer
//! whatever it is: status 200. Only a request that asks nothing is an error.
//!
//! List and endorsements are read into memory: from a copy of the published tree, whose signatures and log were verified when it was
//! synced ([`followed`]), or from a plain [`folder`], of which nothing proves who made it. [`Service::replace`] puts new ones in
//! the place of the old by one pointer: each verdict is by one list, never by parts of two.
//!
//! May use `verify`, `list`, `mirror` and `site`. Used by `cli`.

#![forbid(unsafe_code)]

pub mod folder;
pub mod followed;
mod question;
mod service;

pub use service::{Service, ServiceError};
