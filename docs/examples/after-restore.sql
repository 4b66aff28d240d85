-- Voids what was issued before a backup was taken. Run it on a restored database before any
-- process starts on it, SQLite or PostgreSQL: docs/operations/backup.md. It leaves the audit
-- log, what is being written to Microsoft, and notices that wait.
BEGIN;
-- Everybody signs in again: a session that was ended after the backup must not live again.
DELETE FROM sessions;
DELETE FROM pending_signins;
-- No code that was sent before is good, and none that was used up is good again.
UPDATE challenges SET state = 'superseded' WHERE state = 'live';
UPDATE challenges SET destination = NULL;
UPDATE changes SET state = 'expired', reason = 'change.expired', version = version + 1, moved = expires,
    new_value = NULL, old_value = NULL
  WHERE state IN ('authorising', 'authorised', 'proving', 'proved');
-- No link of a reset, and no code of one, is good again; one whose password was being written
-- goes on, to say that nobody knows.
DELETE FROM resets WHERE state IN ('requested', 'mailed', 'linked', 'proved');
-- What was on people's accounts then is read again at their next sign-in.
DELETE FROM snapshots;
COMMIT;
