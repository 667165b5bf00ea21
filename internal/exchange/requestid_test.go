package exchange

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"
)

func idOf(now time.Time) string {
	var text [idSize]byte
	newID(now, &text)
	return string(text[:])
}

func TestHexDigits(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for _, v := range []uint32{0, 1, 0x9a, 0x01234567, 0x89abcdef, math.MaxUint32, random.Uint32(), random.Uint32()} {
		var got [8]byte
		binary.BigEndian.PutUint64(got[:], hexDigits(v))
		if want := fmt.Sprintf("%08x", v); string(got[:]) != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestNewIDIsAUUIDv7(t *testing.T) {
	t.Parallel()
	before := ""
	for ns := int64(0); ns < 5e6; ns += 250 {
		now := time.Unix(1_800_000_000, ns)
		text := idOf(now)
		id, err := uuid.Parse(text)
		if err != nil || id.String() != text {
			t.Fatalf("%q is not the plain spelling of a UUID: %v", text, err)
		}
		if id.Version() != 7 || id.Variant() != uuid.RFC4122 {
			t.Fatalf("%q has version %v and variant %v", text, id.Version(), id.Variant())
		}
		if seconds, rest := id.Time().UnixTime(); time.Unix(seconds, rest).UnixMilli() != now.UnixMilli() {
			t.Fatalf("%q is from %v, want %v", text, time.Unix(seconds, rest), now)
		}
		if text <= before {
			t.Fatalf("%q of %v sorts before %q", text, now, before)
		}
		before = text
	}
}

func TestNewIDsDiffer(t *testing.T) {
	t.Parallel()
	now, seen := time.Now(), make(map[string]bool)
	for range 10_000 {
		seen[idOf(now)] = true
	}
	if len(seen) != 10_000 {
		t.Errorf("%d different ids of 10000", len(seen))
	}
}

func BenchmarkNewID(b *testing.B) {
	now := time.Now()
	var text [idSize]byte
	b.ReportAllocs()
	for b.Loop() {
		newID(now, &text)
	}
}
