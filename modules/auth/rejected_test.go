package auth

import (
	"strconv"
	"testing"
	"time"

	"gateway/modules/auth/authtest"
)

// A token that was refused because of a key is looked at again when the keys change.
func TestRejectionsEndWithTheKeys(t *testing.T) {
	t.Parallel()
	before, after := authtest.New("ES256", "before"), authtest.New("ES256", "after")
	after.ID = before.ID
	h := handlerFor(t, before)
	token := fresh(after)
	for range 2 {
		if got := answer(h, token); got != "auth.signature" {
			t.Fatalf("got %q", got)
		}
	}
	set, err := readKeySet([]byte(authtest.Set(after)), false)
	if err != nil {
		t.Fatal(err)
	}
	h.issuers.list[0].keys.(*staticKeys).replace(set)
	if got := answer(h, token); got != "" {
		t.Errorf("after the change: got %q", got)
	}
}

// Faults that pass with time, or that are the gateway's, are never remembered.
func TestPassingFaultsAreNotRemembered(t *testing.T) {
	t.Parallel()
	for _, f := range []fault{none, notCompact, encrypted, keysMissing, keyUnknown, keyUnnamed, expired, notYet, issuedLater, audienceOther, unsafeClaim} {
		if f.lasting() {
			t.Errorf("%v is remembered", f)
		}
	}
	for _, f := range []fault{notBase64, critical, badTime, noAlgorithm, algorithmRefused, algorithmNotOfKey, issuerOther, badSignature} {
		if !f.lasting() {
			t.Errorf("%v is not remembered", f)
		}
	}
}

func TestRejectionsAreBounded(t *testing.T) {
	t.Parallel()
	var r rejected
	for i := range 10 * maxRejected {
		sum := sumOf(strconv.Itoa(i))
		r.add(&sum, rejection{fault: issuerOther})
		if r.find(&sum, time.Time{}) != issuerOther {
			t.Fatal("the last rejection is forgotten")
		}
	}
	if n := len(r.young) + len(r.old); n > maxRejected {
		t.Errorf("%d rejections are remembered", n)
	}
}
