package auth

var busy = problem.Refusal{Reason: problem.LimitConcurrency}
