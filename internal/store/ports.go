package store

import (
	"rekey/internal/audit"
	"rekey/internal/contact"
	"rekey/internal/directory"
	"rekey/internal/job"
	"rekey/internal/limit"
	"rekey/internal/session"
	"rekey/internal/verification"
)

// The ports that a Store fulfils.
var (
	_ contact.Store           = (*Store)(nil)
	_ verification.Store      = (*Store)(nil)
	_ directory.SnapshotStore = (*Store)(nil)
	_ job.Queue               = (*Store)(nil)
	_ limit.Store             = (*Store)(nil)
	_ audit.Log               = (*Store)(nil)
	_ audit.SealStore         = (*Store)(nil)
	_ session.Rows            = (*Store)(nil)
)
