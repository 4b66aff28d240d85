package graph

import (
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rekey/internal/fault"
	"rekey/internal/limit"
)

// A raised budget costs next to nothing: the ledger is not asked for each call.
func TestBudget_RaisedIsCheap(t *testing.T) {
	ledger := &counted{}
	d := newDesk(t, ledger, BudgetConfig{Count: 100_000})
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 4990 {
				if _, ok := d.use(t, Person); !ok {
					t.Error("take = refused, want a place")
					return
				}
			}
		})
	}
	all.Wait()
	if n := ledger.claims.Load(); n != 200 || ledger.settled.Load() != 0 {
		t.Errorf("19,960 calls asked the ledger %d times and settled %d, want 200 and 0", n, ledger.settled.Load())
	}
	d.clock.Advance(blockTime)
	if _, ok := d.use(t, Person); !ok || ledger.claims.Load() != 201 {
		t.Errorf("take after a block's time: the ledger was asked %d times, want 201", ledger.claims.Load())
	}
}

// A block counts until the last call that may begin in it is over, and a span: that call
// may be one of another process than asks next.
func TestBudget_AVL2_ABlockCountsUntilItsLastCallIsOver(t *testing.T) {
	ledger := &limit.Local{}
	here, there := newDesk(t, ledger, BudgetConfig{Count: 2000}), newDesk(t, ledger, BudgetConfig{Count: 2000})
	for range 2000 {
		if _, ok := here.use(t, Write); !ok {
			t.Fatal("take = refused, want a place")
		}
	}
	there.clock.Advance(blockTime + callTime + DefaultSpan - time.Microsecond)
	if _, ok := there.use(t, Write); ok {
		t.Error("take within a span of what the last call of a block may be = a place, want none")
	}
	there.clock.Advance(margin + time.Microsecond)
	if _, ok := there.use(t, Write); !ok {
		t.Error("take a span after that = refused, want a place")
	}
}

// However a raised budget is used, through two processes and by all classes, Graph sees no
// more calls in any span than it allows, even of calls that take as long as they may.
func TestBudget_AVL2_RaisedIsNeverPassed(t *testing.T) {
	const count = 2000
	rapid.Check(t, func(rt *rapid.T) {
		ledger := &limit.Local{}
		desks := [2]desk{newDesk(t, ledger, BudgetConfig{Count: count, Reserve: 500}), newDesk(t, ledger, BudgetConfig{Count: count, Reserve: 500})}
		var sent []time.Time
		for range rapid.IntRange(1, 12).Draw(rt, "bursts") {
			d, class := desks[rapid.IntRange(0, 1).Draw(rt, "process")], Class(rapid.IntRange(0, 2).Draw(rt, "class"))
			took := rapid.SampledFrom([]time.Duration{0, time.Second, callTime}).Draw(rt, "took")
			for range rapid.IntRange(1, count+10).Draw(rt, "calls") {
				if _, err := d.take(t.Context(), class); fault.Is(err, fault.Limited) {
					break
				} else if err != nil {
					rt.Fatalf("take = %v", err)
				}
				sent = append(sent, d.clock.Now().Add(took))
			}
			pause := time.Duration(rapid.IntRange(0, 5000).Draw(rt, "pause")) * time.Millisecond
			desks[0].clock.Advance(pause)
			desks[1].clock.Advance(pause)
		}
		wantApart(rt, sent, count, DefaultSpan)
	})
}

func TestBlockSize(t *testing.T) {
	for count, want := range map[int]int{1: 1, 5: 1, 1000: 1, 1999: 1, 2000: 2, 100_000: 100} {
		if got := blockSize(count); got != want {
			t.Errorf("blockSize(%d) = %d, want %d", count, got, want)
		}
	}
}
