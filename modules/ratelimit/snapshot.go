package ratelimit

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// A snapshot is the state of a store as it is kept across restarts:
//
//	 8 bytes  "gwlimit" and the version
//	16 bytes  what it is the state of, a hash of the identity
//	32 bytes  the secret that the partitions were hashed with
//	 8 bytes  when it was taken, in nanoseconds since 1970
//	 8 bytes  the same by the clock of the store, which begins anew with each process
//	24 bytes  for each partition: two parts of its hash, and its state by that clock
//	 4 bytes  the CRC-32C of all that
//
// Numbers are little-endian. Partitions that have drained are left out.
type snapshot struct {
	subject     [16]byte
	secret      [32]byte
	wall, clock int64
	entries     []byte
}

const (
	snapshotMagic   = "gwlimit\x01"
	snapshotHeader  = 72
	snapshotEntry   = 24
	snapshotTrailer = 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// subjectOf is what a snapshot says that it is the state of.
func subjectOf(id identity) (subject [16]byte) {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %d %d %q", id.name, id.scope, id.key, id.network.v4, id.network.v6, id.calendar))
	copy(subject[:], sum[:])
	return subject
}

func (s *snapshot) encode() []byte {
	raw := make([]byte, 0, snapshotHeader+len(s.entries)+snapshotTrailer)
	raw = append(append(append(raw, snapshotMagic...), s.subject[:]...), s.secret[:]...)
	raw = binary.LittleEndian.AppendUint64(raw, uint64(s.wall))
	raw = binary.LittleEndian.AppendUint64(raw, uint64(s.clock))
	raw = append(raw, s.entries...)
	return binary.LittleEndian.AppendUint32(raw, crc32.Checksum(raw, castagnoli))
}

// decodeSnapshot reads the snapshot of a subject.
func decodeSnapshot(raw []byte, subject [16]byte) (*snapshot, error) {
	body := len(raw) - snapshotTrailer
	switch {
	case body < snapshotHeader || (body-snapshotHeader)%snapshotEntry != 0:
		return nil, errors.New("it has not the length of one")
	case string(raw[:len(snapshotMagic)]) != snapshotMagic:
		return nil, errors.New("it is something else, or of another version")
	case crc32.Checksum(raw[:body], castagnoli) != binary.LittleEndian.Uint32(raw[body:]):
		return nil, errors.New("its checksum is wrong")
	case !bytes.Equal(raw[8:24], subject[:]):
		return nil, errors.New("it is that of another policy")
	}
	s := &snapshot{
		subject: subject,
		wall:    int64(binary.LittleEndian.Uint64(raw[56:])), clock: int64(binary.LittleEndian.Uint64(raw[64:])),
		entries: raw[snapshotHeader:body],
	}
	copy(s.secret[:], raw[24:56])
	return s, nil
}

func appendSnapshotEntry(dst []byte, key partition, tat int64) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, uint64(key.hi))
	dst = binary.LittleEndian.AppendUint64(dst, key.lo)
	return binary.LittleEndian.AppendUint64(dst, uint64(tat))
}

// all yields the partitions and their states.
func (s *snapshot) all(yield func(partition, int64) bool) {
	for e := s.entries; len(e) > 0; e = e[snapshotEntry:] {
		key := partition{hi: binary.LittleEndian.Uint32(e), lo: binary.LittleEndian.Uint64(e[8:])}
		if !yield(key, int64(binary.LittleEndian.Uint64(e[16:]))) {
			return
		}
	}
}

// rebase returns a time of the snapshot by the clock of this process, or 0 if it has
// passed. What went by meanwhile has drained. A system clock that stands before the
// snapshot was set back: then nothing has drained, and nobody is worse off than he was.
func (s *snapshot) rebase(tat, now, wall int64) int64 {
	ahead := tat - s.clock
	if ahead <= 0 || ahead > int64(maxRefill) {
		return 0
	}
	if ahead -= max(0, wall-s.wall); ahead <= 0 {
		return 0
	}
	return now + ahead
}

// rebaseWindow does so for a state of a window of the calendar, end being when the
// current one ends. What was used in a later one, by a clock that was set back since,
// counts in the current one: nobody is kept out beyond it.
func rebaseWindow(state, end int64) int64 {
	if state>>usedBits < end {
		return 0
	}
	return pack(end, state&maxUsed)
}

// copyLive appends the partitions of a shard that have not drained. The lock is held for
// copyBudget lines at a time; if the partitions were moved in between, it begins again.
func (s *shard) copyLive(dst []byte, now int64) []byte {
	start := len(dst)
	moves := uint64(0)
	for i, first := 0, true; ; first = false {
		s.mu.Lock()
		if first || moves != s.moves {
			i, dst, moves = 0, dst[:start], s.moves
		}
		end := min(i+copyBudget, len(s.lines))
		for ; i < end; i++ {
			for key, tat := range s.lines[i].all {
				if tat > now {
					dst = appendSnapshotEntry(dst, key, tat)
				}
			}
		}
		done := i >= len(s.lines)
		s.mu.Unlock()
		if done {
			return dst
		}
	}
}

// copyBudget is how many lines are copied before requests are let in.
const copyBudget = 256
