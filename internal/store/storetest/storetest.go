// Package storetest says what a store must do, whatever the database behind it: the
// contracts that the ports declare in their comments, and what has to hold when many do
// the same at once.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rekey/internal/audit"
	"rekey/internal/captcha"
	"rekey/internal/contact"
	"rekey/internal/directory"
	"rekey/internal/job"
	"rekey/internal/limit"
	"rekey/internal/notice"
	"rekey/internal/reset"
	"rekey/internal/retirement"
	"rekey/internal/session"
	"rekey/internal/signout"
	"rekey/internal/store"
	"rekey/internal/verification"
)

// Store is everything that is kept.
type Store interface {
	contact.Store
	verification.Store
	directory.SnapshotStore
	job.Queue
	limit.Store
	audit.Log
	audit.SealStore
	session.Rows
	notice.Store
	signout.Store
	retirement.Store
	reset.Store
	captcha.Store
	Sweep(ctx context.Context, now time.Time) (store.Swept, error)
}

// Fixture is a fresh store with its tables.
type Fixture struct {
	Store Store
	// Reopen closes the store and opens the same database again.
	Reopen func(t *testing.T) Store
	// Raw returns all that is at rest, as somebody sees it who has the database without
	// the keys.
	Raw func(t *testing.T) []byte
}

// Run checks a store. open makes a fresh one for each part.
func Run(t *testing.T, open func(t *testing.T) Fixture) {
	parts := []struct {
		name string
		test func(t *testing.T, f Fixture)
	}{
		{"Change_RoundTrip", changeRoundTrip},
		{"Change_WEB7_OthersLookMissing", changeOfOthers},
		{"Change_CHG5_OneOpen", changeOneOpen},
		{"Change_CHG7_ConditionalSave", changeConditionalSave},
		{"Change_CHG7_OneOfManySaves", changeOneOfManySaves},
		{"Change_CHG4_FixedColumns", changeFixedColumns},
		{"Change_OpenChanges", changeOpen},
		{"Change_PRV2_Expire", changeExpire},
		{"Change_PRV2_FinalErasesDestinations", changeFinalErases},
		{"Change_LastProved", changeLastProved},
		{"Change_LastProved_NotByRemoval", changeRemovalProvesNothing},
		{"Notice_RoundTrip", noticeRoundTrip},
		{"Notice_NOT4_EndsOnce", noticeEndsOnce},
		{"Notice_PRV2_FormersUntil", noticeFormers},
		{"Limit_ABU2_Members", limitMembers},
		{"Limit_ABU2_MembersSwept", limitMembersSwept},
		{"Session_SES6_RemoveOthers", sessionRemoveOthers},
		{"Session_WEB7_OnlyOnesOwn", sessionOwn},
		{"SignOut_RoundTrip", signOutRoundTrip},
		{"SignOut_SES6_AskedAgain", signOutAskedAgain},
		{"SignOut_SES6_OneJobOfMany", signOutOneJobOfMany},
		{"Retirement_OLD1_RoundTrip", retirementRoundTrip},
		{"Retirement_PRV2_Sealed", retirementSealed},
		{"Retirement_OLD1_OneOpen", retirementOneOpen},
		{"Retirement_OLD1_OneOfManySaves", retirementOneOfManySaves},
		{"Retirement_PRV2_Swept", retirementSwept},
		{"Reset_RoundTrip", resetRoundTrip},
		{"Reset_RST6_OthersLookMissing", resetOfOthers},
		{"Reset_RST4_OneOfManySaves", resetOneOfManySaves},
		{"Reset_COD5_FiveOfFifty", resetFiveOfFifty},
		{"Reset_RST9_Superseded", resetSuperseded},
		{"Reset_CHG11_ChangedHere", resetChangedHere},
		{"Reset_Practice", resetPractice},
		{"Reset_PRV2_Swept", resetSwept},
		{"Picture_Once", pictureOnce},
		{"Challenge_RoundTrip", challengeRoundTrip},
		{"Challenge_COD2_DeadAtTheLimit", challengeLifetime},
		{"Challenge_COD3_SingleUse", challengeSingleUse},
		{"Challenge_COD4_Bound", challengeBound},
		{"Challenge_COD5_FiveOfFifty", challengeFiveOfFifty},
		{"Challenge_COD5_CommitsItself", challengeCommitsItself},
		{"Challenge_COD6_LockAcrossChallenges", challengeLock},
		{"Challenge_COD6_Ceiling", challengeCeiling},
		{"Challenge_COD6_SuccessClears", challengeClears},
		{"Challenge_COD10_OneLive", challengeOneLive},
		{"Challenge_COD10_OneLiveOfMany", challengeOneLiveOfMany},
		{"Snapshot_NewestIsKept", snapshotNewest},
		{"Job_OldestFirst", jobOldestFirst},
		{"Job_OneAtATime", jobOneAtATime},
		{"Job_AVL4_EachTakenOnce", jobTakenOnce},
		{"Job_AVL4_Fence", jobFence},
		{"Job_LeaseEnds", jobLeaseEnds},
		{"Job_NextDue", jobNextDue},
		{"Job_FreeLeases", jobFreeLeases},
		{"Limit_ABU2_Windows", limitWindows},
		{"Limit_ABU2_SlidesExactly", limitModel},
		{"Limit_ABU2_WhateverTheClock", limitAnyClock},
		{"Limit_ABU1_EvictionFreesNobody", limitEviction},
		{"Limit_ABU3_ExactlyNOfMany", limitExactlyN},
		{"Limit_ABU3_AllOrNone", limitAllOrNone},
		{"Limit_ABU3_CommitsItself", limitCommitsItself},
		{"Audit_RoundTrip", auditRoundTrip},
		{"Audit_AUD2_CommitsWithTheChange", auditCommits},
		{"Audit_AUD4_Chain", auditChain},
		{"Audit_AUD4_OneSealer", auditOneSealer},
		{"Audit_AUD4_PositionOnce", auditPositionOnce},
		{"Session_RoundTrip", sessionRoundTrip},
		{"Session_SES2_OneRotation", sessionRotation},
		{"Session_Touch", sessionTouch},
		{"Pending_OID1_SingleUse", pendingSingleUse},
		{"Tx_RollbackLeavesNothing", txRollback},
		{"Tx_NestedFailureRollsBack", txNested},
		{"Store_PRV2_NothingInTheClear", storeSealed},
		{"Store_AVL6_ReopeningKeepsAll", storeReopen},
		{"Store_PRV2_Sweep", storeSweep},
	}
	for _, p := range parts {
		t.Run(p.name, func(t *testing.T) { p.test(t, open(t)) })
	}
}

// at is a time of the tests: noon, and some.
func at(d time.Duration) time.Time {
	return time.Date(2026, 11, 23, 12, 0, 0, 123456000, time.UTC).Add(d)
}

func person(n int) directory.PersonID {
	return directory.PersonID{Tenant: "11111111-2222-3333-4444-555555555555", Object: fmt.Sprintf("00000000-0000-0000-0000-%012d", n)}
}

// check fails the test when something that must work did not.
func check(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s = %v, want no error", what, err)
	}
}

// together runs fn n times at once and waits for all.
func together(n int, fn func(i int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			fn(i)
		})
	}
	close(start)
	wg.Wait()
}

// count runs fn n times at once and returns how many times it said yes.
func count(t *testing.T, n int, fn func(i int) (bool, error)) int {
	t.Helper()
	var yes atomic.Int64
	together(n, func(i int) {
		ok, err := fn(i)
		if err != nil {
			t.Errorf("call %d of %d = %v, want no error", i, n, err)
		}
		if ok {
			yes.Add(1)
		}
	})
	return int(yes.Load())
}

// errUndo makes a transaction roll back.
var errUndo = errors.New("storetest: undo")
