package limit_test

import (
	"testing"

	"rekey/internal/limit"
	"rekey/internal/limit/limittest"
)

func TestLocal(t *testing.T) {
	limittest.Ledger(t, func(*testing.T) [2]limit.Ledger {
		l := &limit.Local{}
		return [2]limit.Ledger{l, l}
	})
}
