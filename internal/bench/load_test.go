package bench

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// round is what so many requests, or cycles, came to.
type round struct {
	n    int
	took time.Duration
	each []time.Duration // sorted
}

func (r round) perSecond() float64 { return float64(r.n) / r.took.Seconds() }

// at returns the time within which a part of all was done, 0.5 for the median.
func (r round) at(part float64) time.Duration {
	return r.each[min(int(part*float64(len(r.each))), len(r.each)-1)]
}

// many does n things, c at a time. do gets the number of the worker and of the thing.
func many(b *testing.B, c, n int, do func(worker, i int) error) round {
	b.Helper()
	var next atomic.Int64
	each := make([]time.Duration, n)
	failed := make(chan error, c)
	start := time.Now()
	var wg sync.WaitGroup
	for worker := range c {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				began := time.Now()
				if err := do(worker, i); err != nil {
					failed <- err
					return
				}
				each[i] = time.Since(began)
			}
		})
	}
	wg.Wait()
	r := round{n: n, took: time.Since(start), each: each}
	select {
	case err := <-failed:
		b.Fatal(err)
	default:
	}
	slices.Sort(r.each)
	return r
}
