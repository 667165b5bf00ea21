// Package har writes recorded requests as an HTTP archive, version 1.2, which browsers'
// developer tools and many others read (http://www.softwareishard.com/blog/har-12-spec/).
// What is masked stays masked.
package har

import (
	"net/http"
	"net/url"
	"strings"

	"gateway/internal/recording"
)

// Archive is the document.
type Archive struct {
	Log Log `json:"log"`
}

// Log is its only member.
type Log struct {
	Version string  `json:"version"`
	Creator Creator `json:"creator"`
	Entries []Entry `json:"entries"`
}

// Creator is who wrote it.
type Creator struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Entry is one request. Members that begin with "_" are ours, as the format allows.
type Entry struct {
	Started  recording.Moment `json:"startedDateTime"`
	Time     float64          `json:"time"` // ms
	Request  Request          `json:"request"`
	Response Response         `json:"response"`
	Cache    struct{}         `json:"cache"`
	Timings  Timings          `json:"timings"`
	ServerIP string           `json:"serverIPAddress,omitempty"`
	Comment  string           `json:"comment,omitempty"`
	ID       string           `json:"_request_id"`
	Route    string           `json:"_route"`
	Outcome  string           `json:"_outcome"`
	Reason   string           `json:"_reason,omitempty"`
}

// Pair is a field, parameter or cookie.
type Pair struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Request is what the client sent.
type Request struct {
	Method      string    `json:"method"`
	URL         string    `json:"url"`
	HTTPVersion string    `json:"httpVersion"`
	Cookies     []Pair    `json:"cookies"`
	Headers     []Pair    `json:"headers"`
	QueryString []Pair    `json:"queryString"`
	PostData    *PostData `json:"postData,omitempty"`
	HeadersSize int       `json:"headersSize"` // -1: unknown
	BodySize    int64     `json:"bodySize"`
}

// PostData is the body of a request.
type PostData struct {
	MimeType string `json:"mimeType"`
	Params   []Pair `json:"params"`
	Text     string `json:"text"`
	Comment  string `json:"comment,omitempty"`
}

// Response is what the client got.
type Response struct {
	Status      int     `json:"status"`
	StatusText  string  `json:"statusText"`
	HTTPVersion string  `json:"httpVersion"`
	Cookies     []Pair  `json:"cookies"`
	Headers     []Pair  `json:"headers"`
	Content     Content `json:"content"`
	RedirectURL string  `json:"redirectURL"`
	HeadersSize int     `json:"headersSize"`
	BodySize    int64   `json:"bodySize"`
}

// Content is the body of a response.
type Content struct {
	Size     int64  `json:"size"`
	MimeType string `json:"mimeType"`
	Text     string `json:"text,omitempty"`
	Comment  string `json:"comment,omitempty"`
}

// Timings are the parts of Time, in ms. Send is the gateway's own work, Wait that of
// the service.
type Timings struct {
	Send    float64 `json:"send"`
	Wait    float64 `json:"wait"`
	Receive float64 `json:"receive"`
}

// Of makes an archive of recorded requests. version is that of the gateway.
func Of(version string, entries ...*recording.Entry) *Archive {
	a := &Archive{Log{Version: "1.2", Creator: Creator{"gateway", version}, Entries: []Entry{}}}
	for _, e := range entries {
		a.Log.Entries = append(a.Log.Entries, entryOf(e))
	}
	return a
}

func entryOf(e *recording.Entry) Entry {
	entry := Entry{
		Started: e.At, Time: e.Total + e.Life, ID: e.ID, Route: e.Template, Outcome: e.Outcome, Reason: e.Reason,
		Request: requestOf(e), Response: responseOf(e),
		Timings: Timings{Send: e.Own, Wait: e.Upstream, Receive: e.Life},
	}
	if wait := e.Total - e.Own; wait > 0 {
		entry.Timings.Wait = wait
	}
	if len(e.Masked) > 0 {
		entry.Comment = "masked: " + strings.Join(e.Masked, ", ")
	}
	return entry
}

func requestOf(e *recording.Entry) Request {
	r := Request{
		Method: e.Method, URL: e.Scheme + "://" + e.Host + e.Request.Target, HTTPVersion: e.Proto,
		Cookies: cookies(e.Request.Header, "Cookie"), Headers: append([]Pair{{"Host", e.Host}}, pairs(e.Request.Header)...),
		QueryString: query(e.Request.Target), HeadersSize: -1, BodySize: e.Request.Body.Bytes,
	}
	if body := e.Request.Body; body.Bytes > 0 {
		r.PostData = &PostData{MimeType: body.MediaType, Params: []Pair{}, Text: body.Text, Comment: note(body)}
	}
	return r
}

func responseOf(e *recording.Entry) Response {
	r := Response{
		Status: e.Response.Status, StatusText: http.StatusText(e.Response.Status), HTTPVersion: e.Proto,
		Cookies: cookies(e.Response.Header, "Set-Cookie"), Headers: pairs(e.Response.Header), HeadersSize: -1, BodySize: e.BytesOut,
	}
	body := e.Response.Body
	r.Content = Content{Size: body.Bytes, MimeType: body.MediaType, Text: body.Text, Comment: note(body)}
	for _, field := range e.Response.Header {
		if field[0] == "Location" {
			r.RedirectURL = field[1]
		}
	}
	return r
}

func note(body recording.Body) string {
	switch {
	case body.Binary:
		return "not text, so it is left out"
	case body.Truncated:
		return "only the beginning"
	}
	return ""
}

func pairs(header [][2]string) []Pair {
	list := make([]Pair, 0, len(header)+1)
	for _, field := range header {
		list = append(list, Pair{field[0], field[1]})
	}
	return list
}

func query(target string) []Pair {
	list := []Pair{}
	_, text, _ := strings.Cut(target, "?")
	for pair := range strings.SplitSeq(text, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		list = append(list, Pair{unescaped(name), unescaped(value)})
	}
	return list
}

func unescaped(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil {
		return strings.ToValidUTF8(plain, "\uFFFD")
	}
	return text
}

func cookies(header [][2]string, name string) []Pair {
	list := []Pair{}
	for _, field := range header {
		if field[0] != name {
			continue
		}
		for part := range strings.SplitSeq(field[1], ";") {
			key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
			list = append(list, Pair{key, value})
			if name == "Set-Cookie" {
				break // the rest are attributes
			}
		}
	}
	return list
}
