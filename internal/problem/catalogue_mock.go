package problem

import "net/http"

// The mock stage: can the contract answer, where there is no service yet.
var (
	MockPrefer = &Reason{
		Code: "mock.prefer", Status: http.StatusBadRequest,
		Title: "The contract has no such answer",
		Hint:  "Ask for a code or an example that the contract declares, or leave Prefer out.",
		About: "The operation is answered by `mock`, and the request asks with `Prefer: code=…` or `Prefer: example=…` for an answer that the contract does not declare, or that cannot be made of it.",
	}
	MockAccept = &Reason{
		Code: "mock.accept", Status: http.StatusNotAcceptable,
		Title: "The answer has no media type that the client takes",
		Hint:  "Accept one of the media types that the response lists.",
		About: "The operation is answered by `mock`, and the `Accept` of the request has none of the media types that the contract declares for the answer and that can be made.",
	}
)
