package problem

var (
	AuthRevoked = &Reason{
		Code: "auth.revoked",
	}
	ChangeFailed = &Reason{
		Code: "change.failed",
	}
)
