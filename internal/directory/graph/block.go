package graph

import (
	"context"
	"time"

	"rekey/internal/fault"
)

// A budget far above Graph's, such as a benchmark sets together with its tenant's, is
// counted in blocks of places: a process takes a block and hands its places out for a
// second. The ledger then has at most two thousand rows for it and is asked a few times a
// second, not twice a call.
const (
	blockFrom = 1000 // budgets up to this many calls are counted one by one
	blockTime = time.Second
)

// blockSize returns how many calls a place of the ledger stands for.
func blockSize(count int) int { return max(count/blockFrom, 1) }

// blocks are the open blocks of this process, one for each class.
type blocks struct {
	size int
	turn chan struct{} // held by who looks at them or asks for a new one
	open [3]block
}

type block struct {
	left int
	ends time.Time
}

func newBlocks(size int) *blocks { return &blocks{size: size, turn: make(chan struct{}, 1)} }

// fromBlock takes a place of the class's open block, opening one when needed. A block counts
// as in use until the last call that may begin in it is over.
func (b *Budget) fromBlock(ctx context.Context, class Class) error {
	select {
	case b.blocks.turn <- struct{}{}:
	case <-ctx.Done():
		return fault.Wrap(fault.Unavailable, "directory.down", ctx.Err())
	}
	defer func() { <-b.blocks.turn }()
	open := &b.blocks.open[class]
	if now := b.clock.Now(); open.left == 0 || !now.Before(open.ends) {
		c, err := b.claim(ctx, class, blockTime+callTime)
		if err != nil {
			return err
		}
		*open = block{left: b.blocks.size, ends: c.At.Add(blockTime)}
	}
	open.left--
	return nil
}

// closeBlocks forgets the open blocks: after a pause the ledger decides.
func (b *Budget) closeBlocks() {
	b.blocks.turn <- struct{}{}
	defer func() { <-b.blocks.turn }()
	b.blocks.open = [3]block{}
}
