//! Forms come from our own pages, answers keep a browser safe, secrets are nowhere.

use crate::site::{As, Place, Site, on_both};
use axum::body::Body;
use axum::http::{Request, header};
use dtsec_serve::access::session;

on_both! {
    a_form_without_the_mark_or_from_another_site_changes_nothing
    a_form_of_several_parts_carries_the_mark_too
    the_interface_takes_a_cookie_only_with_the_mark
    every_answer_keeps_a_browser_safe
    pages_carry_no_script_of_their_own
    what_is_our_own_fault_tells_nothing_of_itself
}

fn form(cookie: &str, headers: &[(&str, &str)], body: &str) -> Request<Body> {
    let mut request = Request::builder().method("POST").uri("/sign-out");
    request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    request = request.header(header::COOKIE, format!("other=1; dtsec={cookie}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::from(body.to_owned())).unwrap()
}

async fn a_form_without_the_mark_or_from_another_site_changes_nothing(place: Place) {
    let site = place.with_people().await;
    let As::Cookie(cookie) = site.cookie("ann").await else { panic!("a cookie") };
    let mark = session::mark(&cookie);
    let own = [("sec-fetch-site", "same-origin")];
    let good = format!("csrf={mark}");
    let foreign = session::mark(&"1".repeat(64));
    let cases: [(&[(&str, &str)], String); 8] = [
        (&own, String::new()),
        (&own, format!("csrf={foreign}")),
        (&own, format!("csrf={cookie}")),
        (&[("sec-fetch-site", "cross-site")], good.clone()),
        (&[("sec-fetch-site", "same-site")], good.clone()),
        (&[("origin", "https://evil.example")], good.clone()),
        (&[("origin", "null")], good.clone()),
        (&[], good.clone()),
    ];
    for (headers, body) in cases {
        let answer = site.send(form(&cookie, headers, &body)).await;
        assert_eq!(answer.status.as_u16(), 403, "{headers:?} {body}");
        site.get(&As::Cookie(cookie.clone()), "/api/v1/me").await.is(200);
    }
    let answer = site.send(form(&cookie, &own, &good)).await.is(303);
    assert_ne!(answer.cookie(), cookie);
    site.get(&As::Cookie(cookie), "/api/v1/me").await.is(401);
}

async fn a_form_of_several_parts_carries_the_mark_too(place: Place) {
    let site = place.with_people().await;
    let As::Cookie(cookie) = site.cookie("ann").await else { panic!("a cookie") };
    let send = async |mark: &str| {
        let body = format!("--x\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{mark}\r\n--x--\r\n");
        let request =
            Request::builder().method("POST").uri("/sign-out").header("sec-fetch-site", "same-origin");
        let request = request.header(header::CONTENT_TYPE, "multipart/form-data; boundary=x");
        let request = request.header(header::COOKIE, format!("dtsec={cookie}"));
        site.send(request.body(Body::from(body)).unwrap()).await.status.as_u16()
    };
    assert_eq!(send("no").await, 403);
    assert_eq!(send(&session::mark(&cookie)).await, 303);
}

async fn the_interface_takes_a_cookie_only_with_the_mark(place: Place) {
    let site = place.with_people().await;
    let As::Cookie(cookie) = site.cookie("ann").await else { panic!("a cookie") };
    let request = |mark: Option<String>| {
        let mut request = Request::builder().method("POST").uri("/api/v1/me/sessions/end");
        request =
            request.header(header::COOKIE, format!("dtsec={cookie}")).header("sec-fetch-site", "same-origin");
        if let Some(mark) = mark {
            request = request.header("x-csrf-token", mark);
        }
        request.body(Body::empty()).unwrap()
    };
    let refused = site.send(request(None)).await.is(403);
    assert_eq!(refused.json()["number"], 12);
    site.send(request(Some(session::mark(&cookie)))).await.is(204);
}

async fn every_answer_keeps_a_browser_safe(place: Place) {
    let site = place.with_people().await;
    for path in ["/", "/nothing", "/api/v1/rules", "/api/nothing", "/style.css"] {
        let answer = site.get(&As::Nobody, path).await;
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}");
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(
            answer.header("strict-transport-security"),
            "",
            "{path}: without TLS it would lock people out"
        );
    }
    let secure = Site::with(|set| set.origin = "https://registry.example.org".parse().unwrap(), None).await;
    let answer = secure.get(&As::Nobody, "/sign-in").await.is(200);
    assert!(answer.header("strict-transport-security").starts_with("max-age="));
    let cookie = answer.header("set-cookie");
    for part in ["__Host-dtsec=", "; Secure", "; HttpOnly", "; SameSite=Lax", "; Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
}

async fn pages_carry_no_script_of_their_own(place: Place) {
    let site = place.with_entry().await;
    let dora = site.cookie("dora").await;
    for path in ["/", "/sign-in", "/sign-in/link?token=%22%3E%3Cscript%3E", "/?q=%3Cscript%3E"] {
        for who in [&As::Nobody, &dora] {
            let text = site.get(who, path).await.is(200).text();
            assert!(
                !text.contains("<script>") && !text.contains("onclick") && !text.contains("style="),
                "{path}"
            );
        }
    }
}

async fn what_is_our_own_fault_tells_nothing_of_itself(place: Place) {
    let site = place.with_people().await;
    site.registry.store().close().await;
    let answer = site.get(&As::Nobody, "/api/v1/lists/entries").await;
    assert!(answer.status.is_server_error());
    assert!(!answer.text().contains("sqlite") && !answer.text().contains("pool"), "{}", answer.text());
}
