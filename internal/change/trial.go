package change

import (
	"fmt"
	"strings"

	"gateway/internal/openapi"
)

// breaks is how the problem begins of a document that the other contract does not allow.
const breaks = "what becomes of it breaks the contract of "

// trial carries a text and says what is wrong with what becomes of it; "" if nothing is.
type trial func(t *tester, text string) (became, problem string, at *Change)

// ahead: an old document has to be valid in the newer contract.
func (b *body) ahead(t *tester, text string) (string, string, *Change) {
	became, failure := b.run(text, (*program).forward)
	return b.verdict(t, became, failure, b.newer, b.to)
}

// behind: a new document has to be valid in the older contract.
func (b *body) behind(t *tester, text string) (string, string, *Change) {
	became, failure := b.run(text, (*program).back)
	return b.verdict(t, became, failure, b.older, b.from)
}

// round: an old document has to come back as it was.
func (b *body) round(_ *tester, text string) (string, string, *Change) {
	became, failure := b.run(text, (*program).forward)
	if failure == nil {
		became, failure = b.run(became, (*program).back)
	}
	switch {
	case failure != nil:
		return "", fmt.Sprintf("a change that says it is lossless does not come back: %s", failure.Message), failure.Change
	case !equalText(text, became):
		return became, "there and back it is not the same, and the change says that it is lossless", b.blamed()
	}
	return became, "", nil
}

// run applies the program of a body to a text.
func (b *body) run(text string, do func(*program, *document) *Failure) (string, *Failure) {
	if b.program == nil {
		return text, nil
	}
	d, flaw := parse(text)
	if flaw != "" {
		return "", &Failure{Message: flaw}
	}
	defer d.release()
	if failure := do(b.program, d); failure != nil {
		return "", failure
	}
	return string(d.root.write(nil)), nil
}

func (b *body) verdict(t *tester, became string, failure *Failure, v *Version, schema openapi.Schema) (string, string, *Change) {
	if failure != nil {
		return "", "it cannot be carried: " + strings.TrimSpace(failure.Pointer+" "+failure.Message), failure.Change
	}
	if err := t.check(v.Contract, b.side, schema, []byte(became)); err != nil {
		return became, fmt.Sprintf(breaks+"%s: %v", v.label(), err), b.blamed()
	}
	return became, "", nil
}

// blamed is the change that is at fault, as far as that can be told: the last one.
func (b *body) blamed() *Change {
	if b.program == nil || len(b.acts) == 0 {
		return nil
	}
	return b.acts[len(b.acts)-1].change
}
