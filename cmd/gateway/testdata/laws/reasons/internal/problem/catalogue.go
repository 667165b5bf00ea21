package problem

var (
	LimitConcurrency = &Reason{
		Code: "limit.concurrency",
	}
	ChangeFailed = &Reason{
		Code: "change.failed",
	}
)
