-- All contacts: what a change does to its contact, and from where it was asked for.

-- +goose Up
ALTER TABLE changes ADD COLUMN act TEXT NOT NULL DEFAULT 'set';
ALTER TABLE changes ADD COLUMN half BIGINT NOT NULL DEFAULT 0;
ALTER TABLE changes ADD COLUMN zone TEXT NOT NULL DEFAULT '';
ALTER TABLE changes ADD COLUMN browser TEXT NOT NULL DEFAULT '';
ALTER TABLE changes ADD COLUMN network TEXT NOT NULL DEFAULT '';

-- NOT-4: the outbox. One row for each destination; its job has the row's id as key.
CREATE TABLE notices (
    id          TEXT PRIMARY KEY,
    person      TEXT NOT NULL,
    flow        TEXT NOT NULL,
    channel     TEXT NOT NULL,
    destination BYTEA, -- sealed; erased at the end
    to_mask     TEXT NOT NULL,
    what        TEXT NOT NULL,
    masked      TEXT NOT NULL,
    old_masked  TEXT NOT NULL,
    at          BIGINT NOT NULL,
    created     BIGINT NOT NULL,
    language    TEXT NOT NULL,
    zone        TEXT NOT NULL,
    browser     TEXT NOT NULL,
    network     TEXT NOT NULL,
    state       TEXT NOT NULL,
    moved       BIGINT NOT NULL
);
CREATE INDEX notices_flow ON notices (flow);
CREATE INDEX notices_state ON notices (state, moved);

-- NOT-2: contacts that were replaced or removed, while they still get notices.
CREATE TABLE formers (
    id     TEXT PRIMARY KEY,
    person TEXT NOT NULL,
    kind   TEXT NOT NULL,
    value  BYTEA NOT NULL, -- sealed
    until  BIGINT NOT NULL
);
CREATE INDEX formers_person ON formers (person, until);
CREATE INDEX formers_until ON formers (until);
