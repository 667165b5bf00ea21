package auth

var failed = problem.Refusal{Reason: problem.ChangeFailed}
