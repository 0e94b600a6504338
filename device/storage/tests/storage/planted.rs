//! With a planted defect the test named here must fail: `cargo test --features planted-… planted`.

#[cfg(feature = "planted-skip-mac")]
#[test]
#[should_panic(expected = "left: Ok(40)")]
fn skipping_the_tag_is_found() {
    crate::attacks::a_changed_record_is_reported_when_it_is_read_and_the_others_are_not_harmed();
}

#[cfg(feature = "planted-skip-mac")]
#[test]
#[should_panic(expected = "was never stored")]
fn skipping_the_tag_is_found_by_the_campaign() {
    crate::hostile::ten_thousand_changed_flashes_are_refused_for_many_reasons_or_hold_what_was_stored_last();
}

#[cfg(feature = "planted-nonce-reuse")]
#[test]
#[should_panic(expected = "two contents under one key stream")]
fn reusing_a_nonce_is_found() {
    crate::attacks::a_discarded_attempt_and_the_next_one_never_share_a_key_stream();
}

#[cfg(feature = "planted-accept-older")]
#[test]
#[should_panic(expected = "left: None")]
fn accepting_an_older_flash_is_found() {
    crate::attacks::an_older_copy_of_the_whole_flash_is_refused();
}

#[cfg(feature = "planted-accept-older")]
#[test]
#[should_panic(expected = "what is in the index is what was stored last")]
fn accepting_an_older_flash_is_found_by_the_campaign() {
    crate::hostile::ten_thousand_changed_flashes_are_refused_for_many_reasons_or_hold_what_was_stored_last();
}

#[cfg(feature = "planted-forget-purge")]
#[test]
#[should_panic(expected = "left: 12")]
fn forgetting_to_purge_is_found() {
    crate::purging::what_is_replaced_removed_or_erased_is_gone_at_once_and_after_a_cut_by_the_next_mount();
}

#[cfg(not(any(
    feature = "planted-skip-mac",
    feature = "planted-nonce-reuse",
    feature = "planted-accept-older",
    feature = "planted-forget-purge"
)))]
#[test]
fn without_a_planted_defect_the_tests_that_find_them_pass() {
    crate::attacks::a_changed_record_is_reported_when_it_is_read_and_the_others_are_not_harmed();
    crate::attacks::a_discarded_attempt_and_the_next_one_never_share_a_key_stream();
    crate::attacks::an_older_copy_of_the_whole_flash_is_refused();
    crate::purging::what_is_replaced_removed_or_erased_is_gone_at_once_and_after_a_cut_by_the_next_mount();
}
