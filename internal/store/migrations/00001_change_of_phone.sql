-- One text for SQLite and PostgreSQL. Times are UTC microseconds since 1970, 0 for none.
-- BYTEA columns hold what the keyring sealed, a keyed hash or a digest; SQLite keeps bytes
-- in them as they are. $SERIAL is replaced by the engine's own word for a growing number.
-- People are "tenant/object", never a name.

-- +goose Up
CREATE TABLE changes (
    id         TEXT PRIMARY KEY,
    person     TEXT NOT NULL,
    session    TEXT NOT NULL,
    kind       TEXT NOT NULL,
    state      TEXT NOT NULL,
    version    BIGINT NOT NULL,
    new_value  BYTEA, -- sealed
    old_value  BYTEA, -- sealed
    masked     TEXT NOT NULL,
    old_masked TEXT NOT NULL,
    region     TEXT NOT NULL,
    challenge  TEXT NOT NULL,
    started    BIGINT NOT NULL,
    expires    BIGINT NOT NULL,
    moved      BIGINT NOT NULL,
    wrote      BIGINT NOT NULL,
    retry      BIGINT NOT NULL,
    reason     TEXT NOT NULL,
    language   TEXT NOT NULL
);
CREATE INDEX changes_person ON changes (person, state);
-- CHG-5: one open change per person and contact.
CREATE UNIQUE INDEX changes_open ON changes (person, kind)
    WHERE state IN ('authorising', 'authorised', 'proving', 'proved', 'applying');
CREATE INDEX changes_expires ON changes (expires)
    WHERE state IN ('authorising', 'authorised', 'proving', 'proved');

CREATE TABLE challenges (
    id          TEXT PRIMARY KEY,
    flow        TEXT NOT NULL,
    purpose     TEXT NOT NULL,
    person      TEXT NOT NULL,
    session     TEXT NOT NULL,
    factor      TEXT NOT NULL,
    destination BYTEA, -- sealed
    code_mac    BYTEA NOT NULL,
    state       TEXT NOT NULL,
    tries       BIGINT NOT NULL,
    issued      BIGINT NOT NULL,
    expires     BIGINT NOT NULL,
    earlier     BIGINT NOT NULL,
    delivery    TEXT NOT NULL
);
CREATE INDEX challenges_flow ON challenges (flow);
CREATE INDEX challenges_issued ON challenges (issued);
-- COD-10: one live code per person, factor and purpose.
CREATE UNIQUE INDEX challenges_live ON challenges (person, factor, purpose) WHERE state = 'live';

CREATE TABLE failures (
    person       TEXT NOT NULL,
    factor       TEXT NOT NULL,
    streak       BIGINT NOT NULL,
    locked_until BIGINT NOT NULL,
    PRIMARY KEY (person, factor)
);

CREATE TABLE snapshots (
    person TEXT PRIMARY KEY,
    taken  BIGINT NOT NULL,
    data   BYTEA NOT NULL -- sealed
);

CREATE TABLE jobs (
    seq          $SERIAL, -- the order of age
    id           TEXT NOT NULL UNIQUE,
    kind         TEXT NOT NULL,
    job_key      TEXT NOT NULL,
    subject      TEXT NOT NULL,
    created      BIGINT NOT NULL,
    due          BIGINT NOT NULL,
    attempts     BIGINT NOT NULL,
    fence        BIGINT NOT NULL,
    leased_until BIGINT NOT NULL -- 0 while nobody has it
);
CREATE INDEX jobs_key ON jobs (kind, job_key, seq);

-- A counter is locked by writing its row; its places are what was reserved, until the
-- longest window they count in has passed.
CREATE TABLE counters (
    name     TEXT PRIMARY KEY,
    reserved BIGINT NOT NULL,
    ends     BIGINT NOT NULL
);
CREATE TABLE places (
    counter  TEXT NOT NULL,
    reserved BIGINT NOT NULL,
    ends     BIGINT NOT NULL
);
CREATE INDEX places_counter ON places (counter, reserved);
CREATE INDEX places_ends ON places (ends);

-- AUD-4: rows are added, and never changed or removed.
CREATE TABLE events (
    seq     $SERIAL, -- the order of writing
    id      TEXT NOT NULL UNIQUE,
    at      BIGINT NOT NULL,
    actor   TEXT NOT NULL,
    subject TEXT NOT NULL,
    action  TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason  TEXT NOT NULL,
    address TEXT NOT NULL,
    request TEXT NOT NULL,
    detail  TEXT NOT NULL -- JSON
);
CREATE INDEX events_subject ON events (subject, seq);
CREATE TABLE seals (
    position BIGINT PRIMARY KEY,
    event    TEXT NOT NULL UNIQUE,
    mac      BYTEA NOT NULL
);
-- What the sealer has still to do, so that it need not look through the whole log.
CREATE TABLE unsealed (
    seq   BIGINT PRIMARY KEY,
    event TEXT NOT NULL UNIQUE
);
CREATE TABLE leases (
    name         TEXT PRIMARY KEY,
    owner        TEXT NOT NULL,
    leased_until BIGINT NOT NULL
);

CREATE TABLE sessions (
    id     TEXT PRIMARY KEY,
    secret BYTEA NOT NULL UNIQUE, -- SHA-256
    person TEXT NOT NULL,
    began  BIGINT NOT NULL,
    seen   BIGINT NOT NULL,
    data   BYTEA NOT NULL -- sealed
);
CREATE INDEX sessions_seen ON sessions (seen);
CREATE TABLE pending_signins (
    state   BYTEA PRIMARY KEY, -- SHA-256
    browser BYTEA NOT NULL,    -- SHA-256
    expires BIGINT NOT NULL,
    data    BYTEA NOT NULL -- sealed
);
CREATE INDEX pending_signins_expires ON pending_signins (expires);
