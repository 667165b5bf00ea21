package auth

var revoked = problem.Refusal{Reason: problem.AuthRevoked}
