-- A keyed hash of the value that was proved, kept when the value is erased: whether the
-- phone on the account is still that one cannot be told from a mask.

-- +goose Up
ALTER TABLE changes ADD COLUMN hash TEXT NOT NULL DEFAULT '';
