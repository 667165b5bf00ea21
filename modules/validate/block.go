package validate

import (
	"slices"
	"sync"
)

// block is a piece of memory that bodies are kept in. Blocks have few sizes and go
// back to a pool, so that no large buffer is ever kept for the next body; what the
// pools hold and nobody uses, the garbage collector takes.
type block struct {
	data []byte // as long as it is filled
	next *block
}

// blockSizes are the sizes of blocks. A body of unknown length gets blocks as long as
// what there is of it, so that never more than half of its memory is empty.
var blockSizes = [...]int{4 << 10, 8 << 10, 16 << 10, 32 << 10}

const (
	minBlock = 4 << 10
	maxBlock = 32 << 10
)

var blocks [len(blockSizes)]sync.Pool

// newBlock returns an empty block for so many bytes, or of the largest size.
func newBlock(bytes int64) *block {
	class := 0
	for class < len(blockSizes)-1 && int64(blockSizes[class]) < bytes {
		class++
	}
	if b, ok := blocks[class].Get().(*block); ok {
		return b
	}
	return &block{data: make([]byte, 0, blockSizes[class])}
}

// free gives a chain of blocks back.
func (b *block) free() {
	for b != nil {
		next := b.next
		b.next, b.data = nil, b.data[:0]
		blocks[slices.Index(blockSizes[:], cap(b.data))].Put(b)
		b = next // b itself may be somebody else's already
	}
}

// room returns the part of the block that is not filled.
func (b *block) room() []byte { return b.data[len(b.data):cap(b.data)] }
