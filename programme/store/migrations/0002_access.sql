CREATE TABLE organisation (
    id {text} PRIMARY KEY,
    name {text} NOT NULL,
    kind {text} NOT NULL,
    data {text} NOT NULL
);

CREATE TABLE person (
    id {text} PRIMARY KEY,
    name {text} NOT NULL,
    email {text} UNIQUE,
    organisation {text} NOT NULL REFERENCES organisation (id),
    data {text} NOT NULL,
    disabled BIGINT
);
CREATE INDEX person_of_organisation ON person (organisation, id);

CREATE TABLE credential (
    id {text} PRIMARY KEY,
    person {text} NOT NULL REFERENCES person (id),
    kind {text} NOT NULL,
    data {text} NOT NULL,
    created BIGINT NOT NULL,
    used BIGINT
);
CREATE INDEX credential_of_person ON credential (person, id);

-- Of secrets that are shown to us, only hashes are kept.
CREATE TABLE session (
    hash {text} PRIMARY KEY,
    person {text} NOT NULL REFERENCES person (id),
    data {text} NOT NULL,
    created BIGINT NOT NULL,
    seen BIGINT NOT NULL,
    expires BIGINT NOT NULL
);
CREATE INDEX session_of_person ON session (person, hash);
CREATE INDEX session_by_expiry ON session (expires);

CREATE TABLE api_token (
    hash {text} PRIMARY KEY,
    id {text} NOT NULL UNIQUE,
    person {text} NOT NULL REFERENCES person (id),
    name {text} NOT NULL,
    scopes {text} NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    used BIGINT,
    revoked BIGINT
);
CREATE INDEX api_token_of_person ON api_token (person, id);

-- Sign-in links and the open half of a sign-in: taken once.
CREATE TABLE one_time (
    hash {text} PRIMARY KEY,
    purpose {text} NOT NULL,
    data {text} NOT NULL,
    expires BIGINT NOT NULL
);
CREATE INDEX one_time_by_expiry ON one_time (expires);
