package auth

var _ = "auth.expired"
