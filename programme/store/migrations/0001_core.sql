-- Filled in by `migrate.rs`: {text}, {blob} and {number} are the database's own types, {clustered} ends a table that is
-- its own index. Text is compared byte by byte on both databases, so that pages come in the same order.

CREATE TABLE meta (
    name {text} PRIMARY KEY,
    value {text} NOT NULL
){clustered};

-- Where each log ends. Its row is what writers queue for.
CREATE TABLE chain (
    log {text} PRIMARY KEY,
    seq BIGINT NOT NULL,
    hash {text} NOT NULL
){clustered};

INSERT INTO chain (log, seq, hash) VALUES
    ('event', 0, '0000000000000000000000000000000000000000000000000000000000000000'),
    ('reading', 0, '0000000000000000000000000000000000000000000000000000000000000000');

CREATE TABLE event (
    seq {number} PRIMARY KEY,
    batch BIGINT NOT NULL,
    kind {text} NOT NULL,
    id {text} NOT NULL,
    version BIGINT NOT NULL,
    tag {text} NOT NULL,
    data {text} NOT NULL,
    actor {text} NOT NULL,
    reason {text} NOT NULL,
    at BIGINT NOT NULL,
    document {text},
    previous {text} NOT NULL,
    hash {text} NOT NULL
);
CREATE INDEX event_of_aggregate ON event (kind, id, seq);
CREATE INDEX event_by_actor ON event (actor, seq);
CREATE INDEX event_with_tag ON event (tag, seq);

CREATE TABLE aggregate (
    kind {text} NOT NULL,
    id {text} NOT NULL,
    version BIGINT NOT NULL,
    state {text} NOT NULL,
    PRIMARY KEY (kind, id)
);

-- What was asked once and must not be done twice.
CREATE TABLE request (
    id {text} PRIMARY KEY,
    fingerprint {text} NOT NULL,
    first BIGINT NOT NULL,
    last BIGINT NOT NULL,
    at BIGINT NOT NULL
);

-- Every list that is shown. A row belongs to an aggregate and is replaced with it.
CREATE TABLE list_row (
    list {text} NOT NULL,
    id {text} NOT NULL,
    sort {text} NOT NULL,
    owner_kind {text} NOT NULL,
    owner_id {text} NOT NULL,
    terms {text} NOT NULL,
    data {text} NOT NULL,
    PRIMARY KEY (list, id)
);
CREATE INDEX list_row_in_order ON list_row (list, sort, id);
CREATE INDEX list_row_of_owner ON list_row (owner_kind, owner_id);

CREATE TABLE list_term (
    list {text} NOT NULL,
    term {text} NOT NULL,
    sort {text} NOT NULL,
    id {text} NOT NULL,
    PRIMARY KEY (list, term, sort, id)
){clustered};

CREATE TABLE outbox (
    topic {text} NOT NULL,
    seq BIGINT NOT NULL,
    data {text} NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (topic, seq)
);

CREATE TABLE lease (
    topic {text} PRIMARY KEY,
    worker {text} NOT NULL,
    expires BIGINT NOT NULL
);

CREATE TABLE document (
    case_id {text} NOT NULL,
    digest {text} NOT NULL,
    confidential BIGINT NOT NULL,
    media {text} NOT NULL,
    name {text} NOT NULL,
    size BIGINT NOT NULL,
    stored BIGINT NOT NULL,
    key_id {text} NOT NULL,
    wrapped {blob} NOT NULL,
    sealed {blob} NOT NULL,
    PRIMARY KEY (case_id, digest)
);

CREATE TABLE reading (
    seq {number} PRIMARY KEY,
    case_id {text} NOT NULL,
    digest {text} NOT NULL,
    reader {text} NOT NULL,
    purpose {text} NOT NULL,
    at BIGINT NOT NULL,
    previous {text} NOT NULL,
    hash {text} NOT NULL
);
CREATE INDEX reading_of_case ON reading (case_id, seq);
CREATE INDEX reading_by_reader ON reading (reader, seq);
