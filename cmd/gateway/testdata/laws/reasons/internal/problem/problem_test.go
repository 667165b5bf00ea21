package problem

var _ = "auth.scope"
