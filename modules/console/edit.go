package console

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"gateway/internal/recording"
	"gateway/internal/secret"
)

// edit is what somebody wants to be different in a repeated request. What is not given
// stays as it was.
type edit struct {
	Method *string      `json:"method"`
	Target *string      `json:"target"`
	Header *[][2]string `json:"header"`
	Body   *string      `json:"body"`
}

// Error implements error.
func (r refusal) Error() string { return r.Title }

// apply makes the request that is sent. leftOut names what was masked or cut off and so
// is not sent.
func (e *edit) apply(ctx context.Context, entry *recording.Entry) (request *http.Request, leftOut []string, err error) {
	_, address, _ := entry.Listener()
	if address == "" {
		return nil, nil, refusal{Status: http.StatusConflict, Title: "The request came over no connection", Detail: "It cannot be repeated."}
	}
	method, target, header, body := entry.Method, entry.Request.Target, entry.Request.Header, entry.Request.Body.Text
	whole := !entry.Request.Body.Truncated && !entry.Request.Body.Binary && !entry.Request.Body.Invalid
	if e.Method != nil {
		method = *e.Method
	}
	if e.Target != nil {
		target = *e.Target
	}
	if e.Header != nil {
		header = *e.Header
	}
	if e.Body != nil {
		body, whole = *e.Body, true
	}
	leftOut = []string{}
	target, leftOut = openQuery(target, leftOut)
	if err := sendable(method, target, body, whole); err != nil {
		return nil, nil, err
	}
	request, err = http.NewRequestWithContext(ctx, method, entry.Scheme+"://"+entry.Host+"/", strings.NewReader(body))
	if err != nil {
		return nil, nil, refusal{Status: http.StatusBadRequest, Title: "The request cannot be sent", Detail: err.Error()}
	}
	if body == "" {
		request.Body, request.ContentLength = http.NoBody, 0
	}
	request.URL.Opaque = target // as it is, whatever its escapes
	request.Host = entry.Host
	if request.Header, leftOut, err = sent(header, leftOut, e.Body != nil); err != nil {
		return nil, nil, err
	}
	return request, leftOut, nil
}

// sendable tells what is wrong with a request.
func sendable(method, target, body string, whole bool) error {
	unusable := func(r rune) bool { return r <= ' ' || r == 0x7f }
	switch {
	case method == "" || strings.IndexFunc(method, func(r rune) bool { return !httpguts.IsTokenRune(r) }) >= 0:
		return refusal{Status: http.StatusBadRequest, Title: "The method is no token"}
	case !strings.HasPrefix(target, "/") || strings.HasPrefix(target, "//") || strings.IndexFunc(target, unusable) >= 0 || strings.Contains(target, "…"):
		return refusal{Status: http.StatusBadRequest, Title: "The target is no path", Detail: "It begins with one slash, is not cut, and has no spaces in it."}
	case !whole:
		return refusal{Status: http.StatusConflict, Title: "The body was not kept as a whole", Detail: "Edit the request and give it another body."}
	case strings.Contains(body, secret.Cover):
		return refusal{Status: http.StatusConflict, Title: "The body has masked values in it", Detail: "Edit the request and put values in their place."}
	}
	return nil
}

// openQuery takes masked parameters off a target.
func openQuery(target string, leftOut []string) (string, []string) {
	path, query, has := strings.Cut(target, "?")
	if !has || !strings.Contains(query, secret.Cover) {
		return target, leftOut
	}
	pairs := slices.DeleteFunc(strings.Split(query, "&"), func(pair string) bool {
		if !strings.Contains(pair, secret.Cover) {
			return false
		}
		name, _, _ := strings.Cut(pair, "=")
		leftOut = append(leftOut, "request.query."+name)
		return true
	})
	if len(pairs) == 0 {
		return path, leftOut
	}
	return path + "?" + strings.Join(pairs, "&"), leftOut
}

// own are the fields that belong to a connection, to the framing, or to the proxies on
// the way: from the gateway's own machine they could be believed.
func own(name string) bool {
	switch name {
	case "Connection", "Content-Length", "Expect", "Host", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding",
		"Forwarded", "Via", "X-Real-Ip", "X-Client-Ip", "True-Client-Ip", "X-Cluster-Client-Ip", "X-Request-Id", recording.ReplayHeader:
		return true
	}
	return strings.HasPrefix(name, "X-Forwarded-")
}

// sent makes the header. Another body has lost the coding of the one before.
func sent(pairs [][2]string, leftOut []string, edited bool) (http.Header, []string, error) {
	header := make(http.Header, len(pairs)+1)
	for _, pair := range pairs {
		name, value := textproto.CanonicalMIMEHeaderKey(pair[0]), pair[1]
		if !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) {
			return nil, nil, refusal{Status: http.StatusBadRequest, Title: "A header field cannot be sent", Detail: "The field " + name + " has a name or value that HTTP does not know."}
		}
		switch {
		case own(name):
		case name == "Content-Encoding" && !edited:
			// the text is kept decoded
		case name == "Upgrade":
			return nil, nil, refusal{Status: http.StatusConflict, Title: "A change of protocol cannot be repeated", Detail: "Take the field Upgrade out."}
		case strings.Contains(value, secret.Cover) || strings.HasSuffix(value, "…"):
			leftOut = append(leftOut, "request.header."+name)
		default:
			header[name] = append(header[name], value)
		}
	}
	if header["User-Agent"] == nil {
		header["User-Agent"] = []string{""} // the client had none
	}
	return header, leftOut, nil
}

// transportTo returns a transport that reaches the listener of the request, whatever
// the name of the host leads to. The certificate need not be checked: the address is
// that of this process.
func transportTo(entry *recording.Entry) *http.Transport {
	network, address, serverName := entry.Listener()
	if strings.HasPrefix(network, "udp") {
		network = "tcp" // HTTP/3 has a sibling at the same port
	}
	if serverName == "" {
		host := (&url.URL{Host: entry.Host}).Hostname()
		if net.ParseIP(host) == nil {
			serverName = host
		}
	}
	return &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		},
		TLSClientConfig:    &tls.Config{ServerName: serverName, InsecureSkipVerify: true, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:  entry.Proto != "HTTP/1.1" && entry.Proto != "HTTP/1.0",
		DisableCompression: true,
		DisableKeepAlives:  true,
	}
}
