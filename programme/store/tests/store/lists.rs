//! Lists: in order, by page, found by words and facets, and never out of date.

use crate::support::{Place, on_both, set};
use dtsec_store::{Error, Found, Page, Search, Size, Store};
use serde_json::json;

on_both! {
    a_list_comes_page_by_page_in_order_both_ways
    rows_are_found_by_the_beginnings_of_their_words_and_by_facets
    rows_follow_their_aggregate
    what_waits_for_any_of_my_roles_comes_once
    letters_sort_the_same_on_both_databases
    a_cursor_that_no_page_gave_is_refused
}

async fn fill(store: &Store, count: usize) {
    for number in 0..count {
        let status = if number % 3 == 0 { "removed" } else { "listed" };
        let name = format!("Pump {} model {number:03}", ["Alpha", "Beta"][number % 2]);
        let state = json!({"name": name, "status": status, "waits-for": format!("role-{}", number % 4)});
        store.commit(set(&format!("e{number}"), 0, state)).await.unwrap();
    }
}

async fn all_pages(store: &Store, mut search: Search) -> Vec<String> {
    let mut ids = Vec::new();
    loop {
        let Page { items, next } = store.search(&search).await.unwrap();
        assert!(items.len() <= 7);
        ids.extend(items.into_iter().map(|found: Found| found.sort));
        search = match next {
            Some(next) => search.after(Some(next)),
            None => return ids,
        };
    }
}

async fn a_list_comes_page_by_page_in_order_both_ways(place: Place) {
    let store = place.open().await;
    fill(&store, 35).await;
    let forwards = all_pages(&store, Search::all("entries").size(Size::new(7))).await;
    assert_eq!(forwards.len(), 35);
    assert!(forwards.is_sorted());
    let mut backwards = all_pages(&store, Search::all("entries").backwards().size(Size::new(7))).await;
    backwards.reverse();
    assert_eq!(forwards, backwards);
    assert_eq!(store.count("entries", None, 1000).await.unwrap(), 35);
    assert_eq!(store.count("entries", None, 10).await.unwrap(), 10);
    assert_eq!(store.count("entries", Some(("status", "removed")), 1000).await.unwrap(), 12);
}

async fn rows_are_found_by_the_beginnings_of_their_words_and_by_facets(place: Place) {
    let store = place.open().await;
    fill(&store, 36).await;
    let found = async |search: Search| all_pages(&store, search.size(Size::new(7))).await.len();
    let all = || Search::all("entries");
    assert_eq!(found(all().words("PUMP")).await, 36);
    assert_eq!(found(all().words("bet mod")).await, 18);
    assert_eq!(found(all().words("be").facet("status", "removed")).await, 6);
    assert_eq!(found(all().words("pump alpha model 00").facet("status", "listed")).await, 3);
    assert_eq!(found(all().words("pump alpha model 00").facet("status", "listed").backwards()).await, 3);
    assert_eq!(found(all().words("pumps")).await, 0);
    assert_eq!(found(all().words("ump")).await, 0);
    assert_eq!(found(Search::all("tasks").words("pump")).await, 0);
    assert_eq!(found(Search::all("nothing")).await, 0);
    let many = store.search(&all().words("a b c d e f g")).await;
    assert!(matches!(many, Err(Error::TooManyTerms { given: 7, most: 6 })));
    assert_eq!(found(all().words("a b c d e f")).await, 0);
}

async fn rows_follow_their_aggregate(place: Place) {
    let store = place.open().await;
    store.commit(set("a", 0, json!({"name": "Pump One", "status": "listed"}))).await.unwrap();
    let hits = async |search: Search| store.search(&search).await.unwrap().items.len();
    let all = || Search::all("entries");
    assert_eq!(hits(all().words("one").facet("status", "listed")).await, 1);

    store.commit(set("a", 1, json!({"name": "Pump One", "status": "removed"}))).await.unwrap();
    assert_eq!(hits(all().facet("status", "listed")).await, 0);
    assert_eq!(hits(all().facet("status", "removed")).await, 1);

    store.commit(set("a", 2, json!({"name": "Meter One", "status": "removed"}))).await.unwrap();
    assert_eq!(hits(all().words("pump")).await, 0);
    assert_eq!(store.search(&all().words("met one")).await.unwrap().items[0].sort, "meter one");

    store.commit(set("a", 3, json!({"name": "Meter One", "hidden": true}))).await.unwrap();
    assert_eq!(hits(all()).await + hits(all().words("meter")).await, 0);
    assert_eq!(store.row("entries", "a").await.unwrap(), None);
}

async fn what_waits_for_any_of_my_roles_comes_once(place: Place) {
    let store = place.open().await;
    fill(&store, 20).await;
    let mine = Search::all("tasks").facet("for", "role-1").facet("for", "role-3").size(Size::new(4));
    let first = store.search_any(&mine).await.unwrap();
    assert_eq!(first.items.len(), 4);
    let mut ids: Vec<_> = first.items.into_iter().map(|one| one.id).collect();
    let mut next = first.next;
    while let Some(cursor) = next {
        let page = store.search_any(&mine.clone().after(Some(cursor))).await.unwrap();
        ids.extend(page.items.into_iter().map(|one| one.id));
        next = page.next;
    }
    assert_eq!(ids.len(), 10);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 10);
    assert!(store.search_any(&Search::all("tasks")).await.unwrap().items.is_empty());
}

async fn letters_sort_the_same_on_both_databases(place: Place) {
    let store = place.open().await;
    for (number, name) in ["b", "Ä", "a-1", "a 1", "Z", "\u{10FFFF}", "a1", "ß", "_"].iter().enumerate() {
        store.commit(set(&number.to_string(), 0, json!({"name": name}))).await.unwrap();
    }
    let forwards = all_pages(&store, Search::all("entries").size(Size::new(7))).await;
    assert_eq!(forwards, ["_", "a 1", "a-1", "a1", "b", "z", "ß", "ä", "\u{10FFFF}"]);
    assert_eq!(all_pages(&store, Search::all("entries").backwards().size(Size::new(7))).await.len(), 9);
}

async fn a_cursor_that_no_page_gave_is_refused(place: Place) {
    let store = place.open().await;
    fill(&store, 3).await;
    let forged = Search::all("entries").after(Some("1; DROP TABLE event".to_owned()));
    assert!(matches!(store.search(&forged).await, Err(Error::Cursor(_))));
    let first = store.search(&Search::all("entries").size(Size::new(1))).await.unwrap();
    let given = Search::all("entries").after(first.next);
    assert_eq!(store.search(&given).await.unwrap().items.len(), 2);
}
