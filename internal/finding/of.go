package finding

import "errors"

// Of returns the findings in an error, however it is wrapped, and also where Caddy has
// turned them into text. There are none in an error of another kind.
func Of(err error) List {
	if err == nil {
		return nil
	}
	if list, ok := errors.AsType[List](err); ok {
		return list
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return List{e}
	}
	return Extract(err.Error())
}

// Report is a finding as data, and as the terminal shows it.
type Report struct {
	Position
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
	Page    string `json:"page,omitempty"`
	// Text is the finding with the lines around it, without colours.
	Text string `json:"text"`
}

// Reports returns the findings as data; never nil.
func (l List) Reports() []Report {
	reports := make([]Report, len(l))
	for i, e := range l {
		reports[i] = Report{Position: e.Where().Short(), Message: e.Message, Hint: e.Hint, Page: e.Page, Text: e.Error()}
	}
	return reports
}
