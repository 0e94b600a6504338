//! Every statement there is, with what it takes. They are the same for both databases, each finds its rows by an index, and
//! `tests/plans.rs` holds them to it.

use std::sync::atomic::{AtomicU64, Ordering};

/// What a parameter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Text.
    Text,
    /// A whole number.
    Number,
    /// Bytes.
    Bytes,
}

/// Statements of this process so far, for who counts what a request takes.
static MADE: AtomicU64 = AtomicU64::new(0);

/// How many statements this process has made: those of a request are the difference.
pub fn made() -> u64 {
    MADE.load(Ordering::Relaxed)
}

pub(crate) fn count_one() {
    MADE.fetch_add(1, Ordering::Relaxed);
}

/// One statement.
#[derive(Debug)]
pub struct Statement {
    /// What it is called here.
    pub name: &'static str,
    /// Its text.
    pub sql: &'static str,
    /// Its parameters.
    pub takes: &'static [Takes],
}

macro_rules! statements {
    ($($name:ident [$($takes:ident)*] $sql:expr;)*) => {
        $(pub(crate) static $name: Statement =
            Statement { name: stringify!($name), sql: $sql, takes: &[$(Takes::$takes),*] };)*
        /// All of them.
        pub static ALL: &[&Statement] = &[$(&$name),*];
    };
}

/// Rows that have every one of some terms, in order. The first term is walked through, the others are looked up.
macro_rules! rows_with_terms {
    ($beyond:literal, $order:literal, $($other:literal)*) => {
        concat!(
            "SELECT r.id, r.sort, r.data FROM list_term t CROSS JOIN list_row r \
             WHERE t.list = $1 AND (t.sort, t.id) ", $beyond, " ($2, $3) AND t.term = $5",
            $(" AND EXISTS (SELECT 1 FROM list_term o WHERE o.list = $1 AND o.term = $", $other,
              " AND o.sort = t.sort AND o.id = t.id)",)*
            " AND r.list = $1 AND r.id = t.id ORDER BY t.sort", $order, ", t.id", $order, " LIMIT $4"
        )
    };
}

statements! {
    LOCK_LOG [Text] "UPDATE chain SET seq = seq WHERE log = $1 RETURNING seq, hash";
    MOVE_HEAD [Number Text Text] "UPDATE chain SET seq = $1, hash = $2 WHERE log = $3";
    HEAD [Text] "SELECT seq, hash FROM chain WHERE log = $1";

    META [Text] "SELECT value FROM meta WHERE name = $1";
    SET_META [Text Text] "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
    CHANGE_META [Text Text] "UPDATE meta SET value = $2 WHERE name = $1";

    ADD_EVENT [Number Number Text Text Number Text Text Text Text Number Text Text Text]
        "INSERT INTO event (seq, batch, kind, id, version, tag, data, actor, reason, at, document, previous, hash) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    EVENTS [Number Number]
        "SELECT seq, batch, kind, id, version, tag, data, actor, reason, at, document, previous, hash FROM event \
         WHERE seq > $1 ORDER BY seq LIMIT $2";
    EVENTS_BACK [Number Number]
        "SELECT seq, batch, kind, id, version, tag, data, actor, reason, at, document, previous, hash FROM event \
         WHERE seq < $1 ORDER BY seq DESC LIMIT $2";
    EVENTS_OF [Text Text Number Number]
        "SELECT seq, batch, kind, id, version, tag, data, actor, reason, at, document, previous, hash FROM event \
         WHERE kind = $1 AND id = $2 AND seq > $3 ORDER BY seq LIMIT $4";
    EVENTS_BY [Text Number Number]
        "SELECT seq, batch, kind, id, version, tag, data, actor, reason, at, document, previous, hash FROM event \
         WHERE actor = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3";
    EVENTS_TAGGED [Text Number Number]
        "SELECT seq, batch, kind, id, version, tag, data, actor, reason, at, document, previous, hash FROM event \
         WHERE tag = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3";
    LAST_EVENT [] "SELECT seq FROM event ORDER BY seq DESC LIMIT 1";

    AGGREGATE [Text Text] "SELECT version, state FROM aggregate WHERE kind = $1 AND id = $2";
    AGGREGATE_VERSION [Text Text] "SELECT version FROM aggregate WHERE kind = $1 AND id = $2";
    AGGREGATES [Text Text Number]
        "SELECT kind, id, version, state FROM aggregate WHERE kind = $1 AND id > $2 ORDER BY id LIMIT $3";
    ALL_AGGREGATES [Text Text Number]
        "SELECT kind, id, version, state FROM aggregate WHERE (kind, id) > ($1, $2) ORDER BY kind, id LIMIT $3";
    ADD_AGGREGATE [Text Text Number Text]
        "INSERT INTO aggregate (kind, id, version, state) VALUES ($1, $2, $3, $4)";
    CHANGE_AGGREGATE [Text Text Number Text]
        "UPDATE aggregate SET version = $3, state = $4 WHERE kind = $1 AND id = $2";

    REQUEST [Text] "SELECT fingerprint, first, last, at FROM request WHERE id = $1";
    ADD_REQUEST [Text Text Number Number Number]
        "INSERT INTO request (id, fingerprint, first, last, at) VALUES ($1, $2, $3, $4, $5)";
    REQUESTS [Text Number]
        "SELECT id, fingerprint, first, last, at FROM request WHERE id > $1 ORDER BY id LIMIT $2";

    ROW [Text Text] "SELECT id, sort, data FROM list_row WHERE list = $1 AND id = $2";
    ROWS [Text Text Text Number]
        "SELECT id, sort, data FROM list_row WHERE list = $1 AND (sort, id) > ($2, $3) ORDER BY sort, id LIMIT $4";
    ROWS_BACK [Text Text Text Number]
        "SELECT id, sort, data FROM list_row WHERE list = $1 AND (sort, id) < ($2, $3) \
         ORDER BY sort DESC, id DESC LIMIT $4";
    ROWS_1 [Text Text Text Number Text] rows_with_terms!(">", "",);
    ROWS_2 [Text Text Text Number Text Text] rows_with_terms!(">", "", "6");
    ROWS_3 [Text Text Text Number Text Text Text] rows_with_terms!(">", "", "6" "7");
    ROWS_4 [Text Text Text Number Text Text Text Text] rows_with_terms!(">", "", "6" "7" "8");
    ROWS_5 [Text Text Text Number Text Text Text Text Text] rows_with_terms!(">", "", "6" "7" "8" "9");
    ROWS_6 [Text Text Text Number Text Text Text Text Text Text]
        rows_with_terms!(">", "", "6" "7" "8" "9" "10");
    ROWS_BACK_1 [Text Text Text Number Text] rows_with_terms!("<", " DESC",);
    ROWS_BACK_2 [Text Text Text Number Text Text] rows_with_terms!("<", " DESC", "6");
    ROWS_BACK_3 [Text Text Text Number Text Text Text] rows_with_terms!("<", " DESC", "6" "7");
    ROWS_BACK_4 [Text Text Text Number Text Text Text Text] rows_with_terms!("<", " DESC", "6" "7" "8");
    ROWS_BACK_5 [Text Text Text Number Text Text Text Text Text]
        rows_with_terms!("<", " DESC", "6" "7" "8" "9");
    ROWS_BACK_6 [Text Text Text Number Text Text Text Text Text Text]
        rows_with_terms!("<", " DESC", "6" "7" "8" "9" "10");
    COUNT_ROWS [Text Number]
        "SELECT COUNT(*) FROM (SELECT 1 FROM list_row WHERE list = $1 LIMIT $2) some_rows";
    COUNT_TERM [Text Text Number]
        "SELECT COUNT(*) FROM (SELECT 1 FROM list_term WHERE list = $1 AND term = $2 LIMIT $3) some_rows";
    ROWS_OF_OWNER [Text Text]
        "SELECT list, id, sort, terms, data FROM list_row WHERE owner_kind = $1 AND owner_id = $2";
    ALL_ROWS [Text Text Number]
        "SELECT list, id, sort, owner_kind, owner_id, terms, data FROM list_row WHERE (list, id) > ($1, $2) \
         ORDER BY list, id LIMIT $3";
    ADD_ROW [Text Text Text Text Text Text Text]
        "INSERT INTO list_row (list, id, sort, owner_kind, owner_id, terms, data) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    CHANGE_ROW [Text Text Text Text Text]
        "UPDATE list_row SET sort = $3, terms = $4, data = $5 WHERE list = $1 AND id = $2";
    DELETE_ROW [Text Text] "DELETE FROM list_row WHERE list = $1 AND id = $2";
    ADD_TERM [Text Text Text Text] "INSERT INTO list_term (list, sort, id, term) VALUES ($1, $2, $3, $4)";
    ADD_8_TERMS [Text Text Text Text Text Text Text Text Text Text Text]
        "INSERT INTO list_term (list, sort, id, term) VALUES ($1, $2, $3, $4), ($1, $2, $3, $5), ($1, $2, $3, $6), \
         ($1, $2, $3, $7), ($1, $2, $3, $8), ($1, $2, $3, $9), ($1, $2, $3, $10), ($1, $2, $3, $11)";
    DELETE_TERM [Text Text Text Text]
        "DELETE FROM list_term WHERE list = $1 AND sort = $2 AND id = $3 AND term = $4";
    ALL_TERMS [Text Text Text Text Number]
        "SELECT list, term, sort, id FROM list_term WHERE (list, term, sort, id) > ($1, $2, $3, $4) \
         ORDER BY list, term, sort, id LIMIT $5";

    ADD_MESSAGE [Text Number Text Number] "INSERT INTO outbox (topic, seq, data, at) VALUES ($1, $2, $3, $4)";
    MESSAGES [Text Number]
        "SELECT topic, seq, data, at FROM outbox WHERE topic = $1 ORDER BY seq LIMIT $2";
    ALL_MESSAGES [Text Number Number]
        "SELECT topic, seq, data, at FROM outbox WHERE (topic, seq) > ($1, $2) ORDER BY topic, seq LIMIT $3";
    DELETE_MESSAGES [Text Number] "DELETE FROM outbox WHERE topic = $1 AND seq <= $2";
    TAKE_LEASE [Text Text Number Number]
        "INSERT INTO lease (topic, worker, expires) VALUES ($1, $2, $3) \
         ON CONFLICT (topic) DO UPDATE SET worker = $2, expires = $3 \
         WHERE lease.worker = $2 OR lease.expires <= $4";
    LEASE [Text] "SELECT worker FROM lease WHERE topic = $1";
    HOLD_LEASE [Text Text] "UPDATE lease SET worker = worker WHERE topic = $1 AND worker = $2";
    END_LEASE [Text Text] "DELETE FROM lease WHERE topic = $1 AND worker = $2";

    ADD_DOCUMENT [Text Text Number Text Text Number Number Text Bytes Bytes]
        "INSERT INTO document (case_id, digest, confidential, media, name, size, stored, key_id, wrapped, sealed) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (case_id, digest) DO NOTHING";
    DOCUMENT [Text Text]
        "SELECT case_id, digest, confidential, media, name, size, stored, key_id, wrapped, sealed FROM document \
         WHERE case_id = $1 AND digest = $2";
    HAS_DOCUMENT [Text Text] "SELECT size FROM document WHERE case_id = $1 AND digest = $2";
    DOCUMENTS_OF [Text Text Number]
        "SELECT case_id, digest, confidential, media, name, size, stored FROM document \
         WHERE case_id = $1 AND digest > $2 ORDER BY digest LIMIT $3";
    ALL_DOCUMENTS [Text Text Number]
        "SELECT case_id, digest, confidential, media, name, size, stored, key_id, wrapped, sealed FROM document \
         WHERE (case_id, digest) > ($1, $2) ORDER BY case_id, digest LIMIT $3";
    CHANGE_KEY [Text Text Text Bytes]
        "UPDATE document SET key_id = $3, wrapped = $4 WHERE case_id = $1 AND digest = $2";

    ADD_READING [Number Text Text Text Text Number Text Text]
        "INSERT INTO reading (seq, case_id, digest, reader, purpose, at, previous, hash) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    READINGS [Number Number]
        "SELECT seq, case_id, digest, reader, purpose, at, previous, hash FROM reading \
         WHERE seq > $1 ORDER BY seq LIMIT $2";
    READINGS_OF [Text Number Number]
        "SELECT seq, case_id, digest, reader, purpose, at, previous, hash FROM reading \
         WHERE case_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3";
    READINGS_BY [Text Number Number]
        "SELECT seq, case_id, digest, reader, purpose, at, previous, hash FROM reading \
         WHERE reader = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3";
    LAST_READING [] "SELECT seq FROM reading ORDER BY seq DESC LIMIT 1";

    PUT_ORGANISATION [Text Text Text Text]
        "INSERT INTO organisation (id, name, kind, data) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (id) DO UPDATE SET name = $2, kind = $3, data = $4";
    ORGANISATION [Text] "SELECT id, name, kind, data FROM organisation WHERE id = $1";
    ORGANISATIONS [Text Number] "SELECT id, name, kind, data FROM organisation WHERE id > $1 ORDER BY id LIMIT $2";
    PUT_PERSON [Text Text Text Text Text Number]
        "INSERT INTO person (id, name, email, organisation, data, disabled) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (id) DO UPDATE SET name = $2, email = $3, organisation = $4, data = $5, disabled = $6";
    PERSON [Text] "SELECT id, name, email, organisation, data, disabled FROM person WHERE id = $1";
    PERSON_BY_EMAIL [Text]
        "SELECT id, name, email, organisation, data, disabled FROM person WHERE email = $1";
    PERSONS [Text Number]
        "SELECT id, name, email, organisation, data, disabled FROM person WHERE id > $1 ORDER BY id LIMIT $2";
    PERSONS_OF [Text Text Number]
        "SELECT id, name, email, organisation, data, disabled FROM person \
         WHERE organisation = $1 AND id > $2 ORDER BY id LIMIT $3";

    ADD_CREDENTIAL [Text Text Text Text Number Number]
        "INSERT INTO credential (id, person, kind, data, created, used) VALUES ($1, $2, $3, $4, $5, $6)";
    USE_CREDENTIAL [Text Text Number] "UPDATE credential SET data = $2, used = $3 WHERE id = $1";
    DELETE_CREDENTIAL [Text Text] "DELETE FROM credential WHERE id = $1 AND person = $2";
    CREDENTIAL [Text] "SELECT id, person, kind, data, created, used FROM credential WHERE id = $1";
    CREDENTIALS_OF [Text Text Number]
        "SELECT id, person, kind, data, created, used FROM credential WHERE person = $1 AND id > $2 ORDER BY id LIMIT $3";
    CREDENTIALS [Text Number]
        "SELECT id, person, kind, data, created, used FROM credential WHERE id > $1 ORDER BY id LIMIT $2";

    ADD_SESSION [Text Text Text Number Number Number]
        "INSERT INTO session (hash, person, data, created, seen, expires) VALUES ($1, $2, $3, $4, $5, $6)";
    SESSION [Text Number]
        "SELECT hash, person, data, created, seen, expires FROM session WHERE hash = $1 AND expires > $2";
    SESSIONS_OF [Text Text Number]
        "SELECT hash, person, data, created, seen, expires FROM session WHERE person = $1 AND hash > $2 \
         ORDER BY hash LIMIT $3";
    TOUCH_SESSION [Text Number Number] "UPDATE session SET seen = $2, expires = $3 WHERE hash = $1";
    DELETE_SESSION [Text] "DELETE FROM session WHERE hash = $1";
    DELETE_SESSIONS_OF [Text] "DELETE FROM session WHERE person = $1";
    DELETE_OLD_SESSIONS [Number] "DELETE FROM session WHERE expires <= $1";

    ADD_TOKEN [Text Text Text Text Text Number Number Number Number]
        "INSERT INTO api_token (hash, id, person, name, scopes, created, expires, used, revoked) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    TOKEN [Text Number]
        "SELECT hash, id, person, name, scopes, created, expires, used, revoked FROM api_token \
         WHERE hash = $1 AND expires > $2 AND revoked IS NULL";
    TOKENS_OF [Text Text Number]
        "SELECT hash, id, person, name, scopes, created, expires, used, revoked FROM api_token \
         WHERE person = $1 AND id > $2 ORDER BY id LIMIT $3";
    TOKENS [Text Number]
        "SELECT hash, id, person, name, scopes, created, expires, used, revoked FROM api_token \
         WHERE hash > $1 ORDER BY hash LIMIT $2";
    USE_TOKEN [Text Number] "UPDATE api_token SET used = $2 WHERE hash = $1";
    REVOKE_TOKEN [Text Text Number]
        "UPDATE api_token SET revoked = $3 WHERE id = $1 AND person = $2 AND revoked IS NULL";

    ADD_ONE_TIME [Text Text Text Number]
        "INSERT INTO one_time (hash, purpose, data, expires) VALUES ($1, $2, $3, $4)";
    ONE_TIME [Text Text Number] "SELECT data FROM one_time WHERE hash = $1 AND purpose = $2 AND expires > $3";
    TAKE_ONE_TIME [Text Text] "DELETE FROM one_time WHERE hash = $1 AND purpose = $2 RETURNING data, expires";
    DELETE_OLD_ONE_TIMES [Number] "DELETE FROM one_time WHERE expires <= $1";

    // What follows from the events, before it is made anew.
    CLEAR_AGGREGATES [] "DELETE FROM aggregate";
    CLEAR_ROWS [] "DELETE FROM list_row";
    CLEAR_TERMS [] "DELETE FROM list_term";

    // SQLite's only.
    COPY [Text] "VACUUM INTO $1";
}

/// Rows of a list with so many terms, forwards and backwards.
pub(crate) static ROWS_WITH: [[&Statement; 2]; 7] = [
    [&ROWS, &ROWS_BACK],
    [&ROWS_1, &ROWS_BACK_1],
    [&ROWS_2, &ROWS_BACK_2],
    [&ROWS_3, &ROWS_BACK_3],
    [&ROWS_4, &ROWS_BACK_4],
    [&ROWS_5, &ROWS_BACK_5],
    [&ROWS_6, &ROWS_BACK_6],
];
