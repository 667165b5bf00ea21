package console

import (
	"encoding/json"
	"net/http"

	"gateway/internal/problem"
)

// answer writes JSON in which nothing is markup, wherever somebody may put it.
func answer(w http.ResponseWriter, status int, value any) {
	text, err := json.Marshal(value) // escapes <, > and &
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"title":"The answer cannot be written"}`)
	}
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n')) // whoever asked has gone
}

// refusal is what the console itself says no with (RFC 9457).
type refusal struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
	Hint   string `json:"hint,omitempty"`
	// Position and Length are where a filter is wrong, in characters.
	Position *int `json:"position,omitempty"`
	Length   int  `json:"length,omitempty"`
}

func refuse(w http.ResponseWriter, r refusal) {
	r.Type = "about:blank"
	w.Header().Set("Content-Type", problem.MediaType)
	answer(w, r.Status, r)
}
