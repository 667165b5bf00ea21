package auth

// Handler verifies tokens.
type Handler struct {
	// Leeway is tolerated between the clocks. Range: 0s to 5m. Default: 30s.
	Leeway int `json:"leeway,omitempty"`
	// Audience is what tokens are meant for. Required.
	Audience string `json:"audience,omitempty"`

	Silent string `json:"silent,omitempty"`
	// Vague is an option.
	Vague string `json:"vague,omitempty"`
	// CamelCase is an option. Default: none.
	CamelCase string `json:"camelCase,omitempty"`
	// Hidden is not configurable.
	Hidden string `json:"-"`

	provisioned string
}

type internal struct {
	Field string `json:"field"`
}
