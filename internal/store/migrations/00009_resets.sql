-- RST-1: an administrator's reset of their own password belongs to a browser. Beside it, which
-- pictures of the first page were tried, for as long as they would be good.

-- +goose Up
CREATE TABLE resets (
    id       TEXT PRIMARY KEY,
    browser  BYTEA NOT NULL, -- hash of the flow cookie
    person   TEXT NOT NULL,  -- '' until it is known
    state    TEXT NOT NULL,
    version  BIGINT NOT NULL,
    step     BIGINT NOT NULL,
    tries    BIGINT NOT NULL, -- letters of the link that were compared
    started  BIGINT NOT NULL,
    until    BIGINT NOT NULL, -- of the step
    moved    BIGINT NOT NULL,
    data     BYTEA NOT NULL -- what was typed, keyed hashes, and what was found, sealed
);
CREATE INDEX resets_person ON resets (person) WHERE person <> '';
CREATE INDEX resets_moved ON resets (moved);

CREATE TABLE practices (
    person TEXT PRIMARY KEY,
    at     BIGINT NOT NULL,
    good   BIGINT NOT NULL
);

CREATE TABLE used_pictures (
    id   TEXT PRIMARY KEY,
    ends BIGINT NOT NULL
);
CREATE INDEX used_pictures_ends ON used_pictures (ends);
