//! In front of every route: how often, who, whether he may use this route, whether a form is our own, how long; and behind
//! it: the headers that keep a browser safe, cookies, pages for what was not done.

use super::extract::whole;
use super::problem::Problem;
use super::state::{App, Site};
use crate::access::table::{self, Gate, Route};
use crate::access::{By, SignedIn, Visitor, secret, session, tokens};
use crate::pages;
use crate::registry::Failure;
use axum::RequestExt as _;
use axum::body::Body;
use axum::extract::{ConnectInfo, MatchedPath, Multipart, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use tracing::Instrument as _;

/// Nothing runs that is not ours, nothing is embedded, nothing is sent elsewhere. Pages have no script of their own but the
/// two files: one talks to passkeys, one keeps what a guest typed.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const HEADERS: &[(&str, &str)] = &[
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    // Not `no-referrer`: a browser would send our own forms with the origin `null`, which is anybody's.
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
];

/// The route whose forms come back with what was typed.
const KEEPS_WHAT_WAS_TYPED: &str = "/do/{tag}";

/// A form carries the mark of another session: it is not to be carried out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OldMark;

/// The guard.
pub async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    // The path as the router has it: what stands in a real one may be confidential, and is not logged.
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let span = tracing::info_span!("request", %method, path = path.as_deref().unwrap_or("-"));
    let is_api = request.uri().path().starts_with("/api/");
    async move {
        let (mut response, visitor, cookie) = match checked(&app, request, path.as_deref()).await {
            Ok((request, visitor, cookie)) => {
                let patience = app.site.patience;
                let answer = tokio::time::timeout(patience, next.run(request)).await;
                let response = answer.unwrap_or_else(|_| {
                    Problem::of(&Failure::TooSlow { seconds: patience.as_secs() }).into_response()
                });
                (response, Some(visitor), cookie)
            }
            Err(failure) => (Problem::of(&failure).into_response(), None, None),
        };
        if response.status() == StatusCode::METHOD_NOT_ALLOWED
            && response.extensions().get::<Problem>().is_none()
        {
            let allow = response.headers_mut().remove(header::ALLOW);
            response = Problem::of(&Failure::Method).into_response();
            response.headers_mut().extend(allow.map(|allow| (header::ALLOW, allow)));
        }
        if !is_api && let Some(problem) = response.extensions().get::<Problem>().cloned() {
            response = pages::problem(&app, visitor.as_ref(), &problem, response);
        }
        finish(&app.site, &mut response, cookie);
        tracing::info!(status = response.status().as_u16());
        response
    }
    .instrument(span)
    .await
}

/// What a request must be before its handler sees it.
async fn checked(
    app: &App,
    mut request: Request,
    path: Option<&str>,
) -> Result<(Request, Visitor, Option<HeaderValue>), Failure> {
    let now = app.registry.now();
    let address = address(&app.site, &request);
    app.addresses.take(&address, now)?;
    let row = path.and_then(|path| table::route(request.method().as_str(), path));
    if let (Some(path), None) = (path, row) {
        // The router answers a method that a path does not take; anything else is a route that nobody judged.
        if table::ROUTES.iter().any(|row| row.path == path) {
            return Err(Failure::Method);
        }
        return Err(Failure::Bug(format!("{} {path} is not in the table of routes", request.method())));
    }
    let cookie = cookie_of(&app.site, request.headers());
    let authorization = request.headers().get(header::AUTHORIZATION).cloned();
    let signed_in = signed_in(app, authorization, cookie.as_deref()).await?;
    if let Some(one) = &signed_in {
        app.accounts.take(&one.actor.person.to_string(), now)?;
    }
    let (cookie, fresh) = match cookie {
        Some(cookie) => (cookie, None),
        None => {
            let cookie = secret()?;
            let header = cookie_header(&app.site, &cookie)?;
            (cookie, Some(header))
        }
    };
    let visitor = Visitor { address, signed_in, csrf: session::mark(&cookie) };
    if let Some(row) = row {
        pass(row, &visitor)?;
        if row.path.contains("/sign-in/") && row.trace != table::Trace::None {
            app.sign_ins.take(&address, now)?;
        }
        request.extensions_mut().insert(*row);
        let by_token = matches!(&visitor.signed_in, Some(SignedIn { by: By::Token { .. }, .. }));
        if !by_token && !matches!(*request.method(), Method::GET | Method::HEAD) {
            request = ours(app, request, row, &visitor).await?;
        }
    }
    request.extensions_mut().insert(visitor.clone());
    // Only pages have forms, and only who sees a form needs the cookie that its mark follows from.
    let is_page = path.is_some_and(|path| !path.starts_with("/api/") && !path.contains('.'));
    Ok((request, visitor, fresh.filter(|_| is_page)))
}

/// Whether a visitor may use a route at all.
fn pass(row: &Route, visitor: &Visitor) -> Result<(), Failure> {
    let somebody = match &visitor.signed_in {
        None if row.gate.needs_somebody() => return Err(Failure::SignIn),
        None => return Ok(()),
        Some(somebody) => somebody,
    };
    let By::Token { scopes, .. } = &somebody.by else { return Ok(()) };
    match row.gate.scope() {
        Some(scope) if row.gate == Gate::Anybody || scopes.contains(&scope) => Ok(()),
        Some(scope) => Err(Failure::Denied {
            what: format!("this token does not have the scope `{}`", scope.name()),
            remedy: "Make a token with that scope.",
        }),
        None => Err(Failure::Denied {
            what: "this is not done with a token".to_owned(),
            remedy: "Sign in with a browser.",
        }),
    }
}

async fn signed_in(
    app: &App,
    authorization: Option<HeaderValue>,
    cookie: Option<&str>,
) -> Result<Option<SignedIn>, Failure> {
    if let Some(value) = authorization {
        let token =
            value.to_str().ok().and_then(|text| text.strip_prefix("Bearer ")).ok_or(Failure::SignIn)?;
        return tokens::find(&app.registry, token.trim()).await.map(Some);
    }
    match cookie {
        Some(cookie) => session::find(&app.registry, cookie).await,
        None => Ok(None),
    }
}

/// Whether a request that may change something comes from our own pages.
async fn ours(app: &App, request: Request, row: &Route, visitor: &Visitor) -> Result<Request, Failure> {
    let headers = request.headers();
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let from = text("sec-fetch-site");
    let origin = text("origin");
    let same = match (from, origin) {
        (Some(site), _) if site != "same-origin" && site != "none" => false,
        (_, Some(origin)) => origin == app.site.origin_text(),
        // Programs send neither; without a cookie there is nothing to misuse.
        (Some(_), None) => true,
        (None, None) => visitor.signed_in.is_none(),
    };
    if !same {
        return Err(Failure::Forged);
    }
    if let Some(mark) = text("x-csrf-token") {
        return if session::carries(&visitor.csrf, mark) { Ok(request) } else { Err(Failure::Forged) };
    }
    if row.path.starts_with("/api/") {
        return if visitor.signed_in.is_none() { Ok(request) } else { Err(Failure::Forged) };
    }
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media = media.to_owned();
    let (parts, body) = request.into_parts();
    let bytes = whole(Request::from_parts(parts.clone(), body), row.most).await?;
    let given = if media.starts_with("application/x-www-form-urlencoded") {
        let pairs = url::form_urlencoded::parse(&bytes);
        pairs.into_iter().find(|(name, _)| name == "csrf").map(|(_, value)| value.into_owned())
    } else if media.starts_with("multipart/form-data") {
        in_parts(Request::from_parts(parts.clone(), Body::from(bytes.clone()))).await
    } else {
        let wanted = "application/x-www-form-urlencoded or multipart/form-data";
        return Err(Failure::Media { found: media, wanted });
    };
    let given = given.ok_or(Failure::Forged)?;
    let mut request = Request::from_parts(parts, Body::from(bytes));
    if !session::carries(&visitor.csrf, &given) {
        // It is our own page, from before somebody signed in or out: what was typed is shown again, and nothing is done.
        if row.path != KEEPS_WHAT_WAS_TYPED {
            return Err(Failure::Forged);
        }
        request.extensions_mut().insert(OldMark);
    }
    Ok(request)
}

/// The mark in a form of several parts.
async fn in_parts(request: Request) -> Option<String> {
    let mut parts: Multipart = request.extract().await.ok()?;
    while let Some(part) = parts.next_field().await.ok()? {
        if part.name() == Some("csrf") {
            return part.text().await.ok();
        }
    }
    None
}

fn address(site: &Site, request: &Request) -> IpAddr {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |ConnectInfo(peer)| peer.ip());
    if !site.proxies.contains(&peer) {
        return peer;
    }
    // The last one that is no proxy of ours: what stands before it anybody can write.
    let forwarded = request.headers().get_all("x-forwarded-for").iter();
    let listed: Vec<IpAddr> = forwarded
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|one| one.trim().parse().ok())
        .collect();
    listed.into_iter().rev().find(|one| !site.proxies.contains(one)).unwrap_or(peer)
}

/// The cookie's name: with the prefix, no other host and no plain connection can set it.
pub(crate) fn cookie_name(site: &Site) -> &'static str {
    if site.is_secure() { "__Host-dtsec" } else { "dtsec" }
}

fn cookie_of(site: &Site, headers: &HeaderMap) -> Option<String> {
    let name = cookie_name(site);
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let found = all.flat_map(|value| value.split(';')).find_map(|pair| {
        let (key, value) = pair.trim().split_once('=')?;
        (key == name).then(|| value.to_owned())
    });
    found.filter(|value| value.len() == 64 && value.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The header that sets the cookie.
pub(crate) fn cookie_header(site: &Site, secret: &str) -> Result<HeaderValue, Failure> {
    let secure = if site.is_secure() { "; Secure" } else { "" };
    let text = format!("{}={secret}; Path=/; HttpOnly; SameSite=Lax{secure}", cookie_name(site));
    HeaderValue::from_str(&text).map_err(|error| Failure::Bug(error.to_string()))
}

fn finish(site: &Site, response: &mut Response, cookie: Option<HeaderValue>) {
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(*name).or_insert(HeaderValue::from_static(value));
    }
    if site.is_secure() {
        let value = HeaderValue::from_static("max-age=63072000; includeSubDomains");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, value);
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if let Some(cookie) = cookie
        && !headers.contains_key(header::SET_COOKIE)
    {
        headers.insert(header::SET_COOKIE, cookie);
    }
}
