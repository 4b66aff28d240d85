package clock

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// How a Following measures (AVL-7).
const (
	MeasureEvery = time.Minute
	SkewAlarm    = 30 * time.Second // a machine further off than this is an alarm
	samples      = 5
)

// Ask returns what time it is on another machine. An error says that it did not answer.
type Ask func(ctx context.Context) (time.Time, error)

// Measure returns how far the asked clock is ahead of ours, and by how much that may be
// wrong. It asks several times and believes the answer that came back soonest: the time
// was read somewhere within its round trip, in the middle as far as anybody can tell.
func Measure(ctx context.Context, ours Clock, ask Ask) (ahead, within time.Duration, err error) {
	best := time.Duration(-1)
	for range samples {
		sent := ours.Now()
		theirs, askErr := ask(ctx)
		trip := ours.Now().Sub(sent)
		if askErr != nil {
			return 0, 0, fmt.Errorf("clock: not measured: %w", askErr)
		}
		if trip < 0 || best >= 0 && trip >= best {
			continue // our own clock was set back meanwhile, or a better answer is there
		}
		best, ahead = trip, theirs.Sub(sent.Add(trip/2))
	}
	if best < 0 {
		return 0, 0, errors.New("clock: not measured: the machine's clock runs backwards")
	}
	return ahead, best / 2, nil
}

// Following is a clock that follows the one of another machine by a measured offset, so
// that all processes that follow it agree on what has expired. It never goes back: when it
// turns out to be ahead, it runs at half speed until it is right again, for a clock that
// goes back would revive codes and sign-ins, and one that stands would keep every lease.
type Following struct {
	base    Clock
	machine Clock
	ask     Ask

	mu       sync.Mutex
	measured bool
	skew     time.Duration // as last measured
	from     time.Duration // the offset at since, not under skew
	since    time.Time     // by the base clock
	last     time.Time     // what Now returned
}

// NewFollowing returns a clock that shows base's time, corrected by how far the asked
// clock is ahead of the machine's. Base is the machine's clock or one derived from it. With
// a nil ask it shows base's time. It is right after the first Measure.
func NewFollowing(base, machine Clock, ask Ask) *Following {
	return &Following{base: base, machine: machine, ask: ask}
}

// Now returns the time, never an earlier one than before.
func (f *Following) Now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.base.Now()
	if now = now.Add(f.offset(now)); now.Before(f.last) {
		now = f.last
	}
	f.last = now
	return now
}

// offset is the correction at a time of the base clock.
func (f *Following) offset(now time.Time) time.Duration {
	return max(f.skew, f.from-max(now.Sub(f.since), 0)/2)
}

// Skew returns how far the followed clock was ahead of the machine's when it was last
// measured.
func (f *Following) Skew() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.skew
}

// Measure asks the followed clock and corrects this one. What cannot be measured, or is
// less than the measurement may be wrong by, changes nothing.
func (f *Following) Measure(ctx context.Context) error {
	if f.ask == nil {
		return nil
	}
	skew, within, err := Measure(ctx, f.machine, f.ask)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.measured && (skew-f.skew).Abs() <= within {
		return nil
	}
	now := f.base.Now()
	f.from, f.since = skew, now
	if f.measured { // before, nobody has decided anything by this clock
		f.from = max(skew, f.last.Sub(now))
	} else {
		f.last = time.Time{}
	}
	f.measured, f.skew = true, skew
	return nil
}

// Run measures now and every minute until ctx ends, and sounds the alarm in the log while
// the machine's clock is off by more than SkewAlarm.
func (f *Following) Run(ctx context.Context, log *slog.Logger) {
	if f.ask == nil {
		return
	}
	tick := time.NewTicker(MeasureEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		if err := f.Measure(ctx); err != nil && ctx.Err() == nil {
			log.Warn("the database's clock could not be read", "err", err)
		}
		if skew := f.Skew(); skew.Abs() > SkewAlarm {
			log.Error("this machine's clock is off: set it by NTP, here or on the database's machine", "database_ahead", skew)
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}
