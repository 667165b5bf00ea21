package change

import "strconv"

// statusBefore is the status that the older version of a leg has for one of the newer.
func (l *leg) statusBefore(status int) int {
	for _, s := range l.statuses {
		if s.to == status {
			return s.from
		}
	}
	return status
}

// response returns the program for a response of the older version; nil for none.
func (l *leg) response(status int, mediaType string) *program {
	if len(l.responses) == 0 {
		return nil
	}
	name := l.declared(status)
	if name == "" {
		return nil
	}
	return find(l.responses[name], mediaType)
}

// declared is the name under which the older contract has a status, "" for none.
func (l *leg) declared(status int) string {
	if status < 100 || status > 599 {
		return ""
	}
	if _, ok := l.older.Responses[codes[status-100]]; ok {
		return codes[status-100]
	}
	if _, ok := l.older.Responses[ranges[status/100-1]]; ok {
		return ranges[status/100-1]
	}
	if _, ok := l.older.Responses["default"]; ok {
		return "default"
	}
	return ""
}

// codes and ranges are the names of statuses, so that none is made for a response.
var (
	codes = func() (names [500]string) {
		for i := range names {
			names[i] = strconv.Itoa(i + 100)
		}
		return names
	}()
	ranges = [5]string{"1XX", "2XX", "3XX", "4XX", "5XX"}
)
