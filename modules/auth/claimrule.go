package auth

import (
	"errors"
	"net/http"

	"gateway/internal/problem"
)

// claimRules are the rules of a handler about the claims of a good token. They are
// judged on every request, also for tokens that were seen before.
type claimRules []claimRule

// claimRule is a condition or an expression, with the refusals prepared.
type claimRule struct {
	condition  *condition
	expression *expression
	// no is given when the rule says no, and stuck when an expression cannot be
	// evaluated for the claims at hand, which counts as no.
	no, stuck *problem.Refusal
}

// newClaimRules compiles the rules of a configuration.
func newClaimRules(requirements []Requirement, expressions []string) (claimRules, error) {
	var rules claimRules
	for i := range requirements {
		c, err := requirements[i].compile()
		if err != nil {
			return nil, err
		}
		rules = append(rules, claimRule{condition: c, no: refuseClaims("the rule is not met: require " + requirements[i].String())})
	}
	for _, text := range expressions {
		e, err := compileExpression(text)
		if err != nil {
			return nil, complain("expression", "the language is CEL: claims.level >= 3 && 'staff' in claims.groups", "the expression cannot be used: %v", err)
		}
		rules = append(rules, claimRule{
			expression: e,
			no:         refuseClaims("the rule is not met: expression " + text),
			stuck:      refuseClaims("the rule cannot be evaluated for the token's claims: expression " + text),
		})
	}
	return rules, nil
}

// refuseClaims prepares a refusal. The client is not told the rule, the log is.
func refuseClaims(cause string) *problem.Refusal {
	return &problem.Refusal{Reason: problem.AuthClaims, Detail: "The caller's claims do not fulfil a rule of this API.", Cause: errors.New(cause)}
}

// judge returns nil if an identity fulfils all rules.
func (list claimRules) judge(who claimant, r *http.Request) *problem.Refusal {
	for i := range list {
		rule := &list[i]
		if rule.condition != nil {
			if !rule.condition.met(who) {
				return rule.no
			}
			continue
		}
		about := subjectMatter{claims: who.claimSet(), method: r.Method, host: r.Host, path: r.URL.Path}
		yes, err := rule.expression.holds(&about)
		if err != nil {
			return rule.stuck
		}
		if !yes {
			return rule.no
		}
	}
	return nil
}
