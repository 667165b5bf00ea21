package auth

import (
	"errors"
	"slices"

	"gateway/internal/problem"
)

// rule is what an operation demands of a good token. It is judged on every request,
// also for tokens that were seen before.
type rule struct {
	// optional lets requests without a token through.
	optional bool
	// own and contract are alternatives of scopes from the configuration and from the
	// contract: of each list that is not empty, all scopes of one alternative are needed.
	own, contract        [][]string
	noOwn, noContractual *problem.Refusal
	// noTokens and noKeys say that the contract demands the other credential. An API
	// key that is enough has no scopes in a contract.
	noTokens, noKeys bool
}

func newRule(optional bool, own, contract [][]string) *rule {
	r := &rule{optional: optional, own: own, contract: contract}
	if len(own) > 0 {
		r.noOwn = refuseScope(wanted(own))
	}
	if len(contract) > 0 {
		r.noContractual = refuseScope(contract[0])
	}
	return r
}

// wanted names the scopes of a refusal. The alternatives of the configuration are
// single scopes or one list; either way the caller is told all of them.
func wanted(alternatives [][]string) []string { return slices.Concat(alternatives...) }

// judgeKind tells whether an operation takes this kind of credential.
func (r *rule) judgeKind(v *verified) fault {
	switch {
	case v.byKey && r.noKeys:
		return tokenDemanded
	case !v.byKey && r.noTokens:
		return keyDemanded
	}
	return none
}

// judge returns nil if the token has the scopes.
func (r *rule) judge(v *verified) *problem.Refusal {
	switch {
	case !grants(v.scopes, r.own):
		return r.noOwn
	case !v.byKey && !grants(v.scopes, r.contract):
		return r.noContractual
	}
	return nil
}

// grants tells whether scopes has all of one alternative. Scopes are compared
// exactly (RFC 6749 §3.3).
func grants(scopes []string, alternatives [][]string) bool {
	for _, needed := range alternatives {
		if hasAll(scopes, needed) {
			return true
		}
	}
	return len(alternatives) == 0
}

func hasAll(scopes, needed []string) bool {
	for _, scope := range needed {
		if !slices.Contains(scopes, scope) {
			return false
		}
	}
	return true
}

// checkScope tells whether a scope has the form of RFC 6749 §3.3. What has not could
// not be in a token, and would break the challenge.
func checkScope(scope string) error {
	if scope == "" {
		return errors.New("a scope is not empty")
	}
	for i := 0; i < len(scope); i++ {
		if c := scope[i]; c <= ' ' || c > '~' || c == '"' || c == '\\' {
			return errors.New("a scope has no white space, quotes, backslashes or characters outside ASCII")
		}
	}
	return nil
}
