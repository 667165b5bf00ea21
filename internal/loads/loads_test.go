package loads

import (
	"errors"
	"testing"

	"gateway/internal/finding"
)

func changed(s State) bool {
	select {
	case <-s.Changed:
		return true
	default:
		return false
	}
}

// TestStory follows a process through its loads.
func TestStory(t *testing.T) {
	t.Parallel()
	b := new(Book)
	before := b.Now()
	if before.Generation != 0 || before.Failure != nil || changed(before) {
		t.Fatalf("at first: %+v", before)
	}
	b.Propose(Candidate{File: "Caddyfile", Config: []byte(`1`)})
	b.Start("one") // the app of the first configuration
	first := b.Now()
	if !changed(before) || first.Generation != 1 || string(first.Live.Config) != "1" || first.LoadedAt.IsZero() {
		t.Fatalf("after the start: %+v", first)
	}

	broken := &finding.Error{Message: "broken", At: finding.Position{File: "Caddyfile", Line: 2, Column: 1}}
	if err := b.Do(func() error { return broken }); !errors.Is(err, broken) {
		t.Fatalf("the error of the load: %v", err)
	}
	failed := b.Now()
	if !changed(first) || failed.Failure == nil || failed.Failure.Findings[0].Message != "broken" || failed.Generation != 1 {
		t.Fatalf("after a failure: %+v", failed)
	}
	if string(failed.Live.Config) != "1" {
		t.Error("a failure took the live configuration away")
	}

	// Started, but another app did not: what was live stays so.
	_ = b.Do(func() error {
		b.Propose(Candidate{Config: []byte(`2`)})
		b.Start("two")
		b.Stop("two")
		return errors.New("the port is taken")
	})
	if s := b.Now(); s.Generation != 1 || s.Failure.Findings[0].Message != "the port is taken" {
		t.Fatalf("after a start that failed: %+v", s)
	}

	// Back to what is live: nothing starts, and the error clears.
	if err := b.Do(func() error { return nil }); err != nil || b.Now().Failure != nil || b.Now().Generation != 1 {
		t.Fatalf("after the way back: %v, %+v", err, b.Now())
	}

	b.Fail(errors.New("reload failed elsewhere"))
	_ = b.Do(func() error {
		b.Propose(Candidate{Config: []byte(`3`)}) // posted: no file
		b.Start("three")
		b.Stop("one")
		return nil
	})
	if s := b.Now(); s.Generation != 2 || string(s.Live.Config) != "3" || s.Failure != nil {
		t.Fatalf("after the second load: %+v", s)
	}

	// Somebody patches the configuration through the admin endpoint.
	b.Fail(errors.New("old news"))
	b.Start("four")
	b.Stop("three")
	if s := b.Now(); s.Generation != 3 || s.Live.Config != nil || s.Failure != nil {
		t.Fatalf("after a load that nobody told of: %+v", s)
	}
	b.Stop("four")
}

// TestWhatIsOnlyLookedAt: adapting a posted Caddyfile is no load.
func TestWhatIsOnlyLookedAt(t *testing.T) {
	t.Parallel()
	b := new(Book)
	b.Propose(Candidate{Config: []byte(`"looked at"`)})
	b.Start("one")
	if s := b.Now(); s.Live.Config != nil {
		t.Errorf("got %s", s.Live.Config)
	}
}

func TestFailuresThatAreText(t *testing.T) {
	t.Parallel()
	b := new(Book)
	b.Fail(errors.New("loading: http app: provision: Caddyfile:5:12: the key cannot be read\n > 5 │   guard key nowhere.pem\n     │             ^^^^^^^^^^^\nhint: paths are relative to the Caddyfile"))
	found := b.Now().Failure.Findings
	if len(found) != 1 || found[0].Hint != "paths are relative to the Caddyfile" || found[0].At.Line != 5 {
		t.Errorf("got %+v", found)
	}
}
