package validate_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"gateway/internal/gatewaytest"
)

// files serves the contract for uploads.
func files(t *testing.T, options, service string) (*gatewaytest.Gateway, error) {
	t.Helper()
	return gatewaytest.LoadFile(t, "testdata/Caddyfile", ":8080 {\n\tapi files {\n\t\tvalidate {\n"+options+"\t\t}\n\t\t"+service+"\n\t}\n}\n")
}

// sentPart is a part of a form: with a file name if it has one.
type sentPart struct{ name, file, mediaType, text string }

func writePart(w *multipart.Writer, p sentPart) io.Writer {
	header := textproto.MIMEHeader{}
	disposition := fmt.Sprintf("form-data; name=%q", p.name)
	if p.file != "" {
		disposition += fmt.Sprintf("; filename=%q", p.file)
	}
	header.Set("Content-Disposition", disposition)
	if p.mediaType != "" {
		header.Set("Content-Type", p.mediaType)
	}
	part, _ := w.CreatePart(header)
	_, _ = io.WriteString(part, p.text)
	return part
}

func TestUploadParts(t *testing.T) {
	t.Parallel()
	gw, err := files(t, "", `respond "{http.request.body}"`)
	if err != nil {
		t.Fatal(err)
	}
	title := sentPart{"title", "", "", "x"}
	for name, test := range map[string]struct {
		parts  []sentPart
		status int
		want   string // pointer and rule of the first violation
	}{
		"a field":              {[]sentPart{title}, 200, ""},
		"a file":               {[]sentPart{title, {"photo", "a.png", "image/png", "\x89PNG"}}, 200, ""},
		"the other type":       {[]sentPart{title, {"photo", "a.jpg", "image/jpeg", "JFIF"}}, 200, ""},
		"a wrong type":         {[]sentPart{title, {"photo", "a.exe", "application/octet-stream", "MZMZ"}}, 422, "/photo contentType"},
		"no type":              {[]sentPart{title, {"photo", "a.png", "", "\x89PNG"}}, 422, "/photo contentType"},
		"too long":             {[]sentPart{title, {"photo", "a.png", "image/png", strings.Repeat("\xff", 1001)}}, 422, "/photo maxLength"},
		"as long as may be":    {[]sentPart{title, {"photo", "a.png", "image/png", strings.Repeat("\xff", 1000)}}, 200, ""},
		"too short":            {[]sentPart{title, {"photo", "a.png", "image/png", "\x89PN"}}, 422, "/photo minLength"},
		"two where one may be": {[]sentPart{title, {"photo", "a.png", "image/png", "\x89PNG"}, {"photo", "b.png", "image/png", "\x89PNG"}}, 422, "/photo repeated"},
		"a list":               {[]sentPart{title, {"attachments", "a", "", "1"}, {"attachments", "b", "", ""}}, 200, ""},
		"a long list":          {[]sentPart{title, {"attachments", "a", "", "1"}, {"attachments", "b", "", ""}, {"attachments", "c", "", ""}}, 422, "/attachments maxItems"},
		"a long item":          {[]sentPart{title, {"attachments", "a", "", "1"}, {"attachments", "b", "", "12345678901"}}, 422, "/attachments maxLength"},
		"bytes by media type":  {[]sentPart{title, {"archive", "a.zip", "application/zip", "PK\xff"}}, 200, ""},
		"anything":             {[]sentPart{title, {"any", "", "", "\xff"}}, 200, ""},
		"text":                 {[]sentPart{title, {"note", "", "text/plain; charset=UTF-8", "ä"}}, 200, ""},
		"text as a file":       {[]sentPart{title, {"note", "note.txt", "text/plain", "\xff"}}, 200, ""},
		"text, not UTF-8":      {[]sentPart{title, {"note", "", "", "\xff"}}, 422, "/note encoding"},
		"text in Latin 1":      {[]sentPart{title, {"note", "", "text/plain; charset=iso-8859-1", "a"}}, 422, "/note charset"},
		"a field as a file":    {[]sentPart{{"title", "title.txt", "", "x"}}, 422, "/title filename"},
		"JSON as a file":       {[]sentPart{title, {"meta", "blob", "application/json", `{"a":1}`}}, 200, ""},
		"wrong JSON as a file": {[]sentPart{title, {"meta", "blob", "application/json", `{"b":1}`}}, 422, "/meta/a required"},
		"wrong fields":         {[]sentPart{{"title", "", "", ""}, {"count", "", "", "x"}}, 422, "/count type"},
		"an unknown file":      {[]sentPart{title, {"other", "a", "", "x"}}, 422, "/other additionalProperties"},
	} {
		var body bytes.Buffer
		w := multipart.NewWriter(&body)
		for _, p := range test.parts {
			writePart(w, p)
		}
		w.Close()
		resp := gw.Do("POST", "/v1/files", "Content-Type", w.FormDataContentType(), "", body.String())
		got := ""
		if list := resp.Problem().Errors; len(list) > 0 {
			got = fmt.Sprint(list[0]["pointer"], " ", list[0]["rule"])
		}
		if resp.Code != test.status || got != test.want {
			t.Errorf("%s: got %d %s", name, resp.Code, resp.Body)
		}
		if resp.Code == 200 && resp.Body.String() != body.String() {
			t.Errorf("%s: the body arrived changed", name)
		}
	}
	encoded := gw.Do("POST", "/v1/files", "Content-Type", "multipart/form-data; boundary=x", "Content-Encoding", "gzip", "", "x")
	if encoded.Code != 415 || encoded.Header().Get("Accept-Encoding") != "identity" {
		t.Errorf("with a content coding: %d %v", encoded.Code, encoded.Header())
	}
}

// large makes a form with a file of so many bytes, as it is sent.
func large(size int64) (body io.Reader, contentType string) {
	reader, writer := io.Pipe()
	w := multipart.NewWriter(writer)
	go func() {
		part := writePart(w, sentPart{"archive", "a.zip", "application/zip", ""})
		piece := bytes.Repeat([]byte("0123456789abcdef"), 4096)
		for left := size; left > 0; left -= int64(len(piece)) {
			piece = piece[:min(int64(len(piece)), left)]
			if _, err := part.Write(piece); err != nil {
				return
			}
		}
		writePart(w, sentPart{"title", "", "", "x"})
		w.Close()
		writer.Close()
	}()
	return reader, w.FormDataContentType()
}

// TestLargeUpload: a large file reaches the service as it was sent, is not held in
// memory, and leaves nothing behind.
func TestLargeUpload(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	const size = 64 << 20
	var arrived [2][]byte
	service := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		sum := sha256.New()
		_, _ = io.Copy(sum, r.Body)
		arrived[0] = sum.Sum(nil)
	}))
	t.Cleanup(service.Close)
	gw, err := files(t, "\t\t\tmax_body 100MiB\n", "reverse_proxy "+strings.TrimPrefix(service.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(gw)
	t.Cleanup(server.Close)
	body, contentType := large(size)
	sum := sha256.New()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	resp, err := http.Post(server.URL+"/v1/files", contentType, io.TeeReader(body, sum))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	runtime.ReadMemStats(&after)
	arrived[1] = sum.Sum(nil)
	if resp.StatusCode != 200 || !bytes.Equal(arrived[0], arrived[1]) {
		t.Errorf("%d, the service got %x, %x was sent", resp.StatusCode, arrived[0], arrived[1])
	}
	if used := int64(after.TotalAlloc - before.TotalAlloc); used > 8<<20 {
		t.Errorf("%d bytes were allocated for an upload of %d", used, size)
	}
	if left, _ := filepath.Glob(filepath.Join(folder, "*")); len(left) > 0 {
		t.Errorf("%v are left", left)
	}
}

// TestUploadLimits: what is too large is refused while it arrives.
func TestUploadLimits(t *testing.T) {
	t.Parallel()
	gw, err := files(t, "\t\t\tmax_body 2MiB\n", "respond ok")
	if err != nil {
		t.Fatal(err)
	}
	send := func(body io.Reader, contentType string) *gatewaytest.Response {
		r := httptest.NewRequest("POST", "/v1/files", body)
		r.Header.Set("Content-Type", contentType)
		r.ContentLength = -1
		return gw.Serve(r)
	}
	body, contentType := large(3 << 20)
	if resp := send(body, contentType); resp.Code != 413 {
		t.Errorf("a file longer than max_body: %d %s", resp.Code, resp.Body)
	}
	field := "--x\r\nContent-Disposition: form-data; name=note\r\n\r\n" + strings.Repeat("a", 1<<20+1) + "\r\n--x--"
	if resp := send(strings.NewReader(field), "multipart/form-data; boundary=x"); resp.Code != 413 || !strings.Contains(resp.Problem().Detail, "no files") {
		t.Errorf("a field longer than fields may be: %d %s", resp.Code, resp.Body)
	}
	// The refusal comes before the end, which never comes.
	reader, writer := io.Pipe()
	go func() {
		_, _ = io.WriteString(writer, "--x\r\nContent-Disposition: form-data; name=photo; filename=a\r\nContent-Type: image/gif\r\n\r\n"+strings.Repeat("a", 20_000))
	}()
	if resp := send(reader, "multipart/form-data; boundary=x"); resp.Code != 422 || resp.Problem().Errors[0]["rule"] != "contentType" {
		t.Errorf("a wrong media type, and no end: %d %s", resp.Code, resp.Body)
	}
	report, err := files(t, "\t\t\tmode report\n\t\t\tmax_body 1KiB\n", `respond "{http.request.body}"`)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("POST", "/v1/files", strings.NewReader(field))
	r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	if resp := report.Serve(r); resp.Code != 200 || resp.Body.String() != field {
		t.Errorf("an upload that is only reported arrived as %d with %d bytes", resp.Code, resp.Body.Len())
	}
}

// TestNoPlaceForUploads is a folder for temporary files that cannot be written.
func TestNoPlaceForUploads(t *testing.T) {
	place := filepath.Join(t.TempDir(), "nowhere")
	t.Setenv("TMPDIR", place)
	_, err := files(t, "", "respond ok")
	if err == nil || !strings.Contains(err.Error(), "TMPDIR") {
		t.Errorf("loaded with %v", err)
	}
	gw, err := files(t, "\t\t\tmax_body 256KiB\n", "respond ok")
	if err != nil {
		t.Fatalf("without a need for files: %v", err)
	}
	if resp := gw.Do("POST", "/v1/files", "Content-Type", "multipart/form-data; boundary=x", "", "--x\r\nContent-Disposition: form-data; name=title\r\n\r\nx\r\n--x--"); resp.Code != 200 {
		t.Errorf("%d %s", resp.Code, resp.Body)
	}
	if err := os.Mkdir(place, 0o700); err != nil {
		t.Fatal(err)
	}
	gw, err = files(t, "\t\t\tmax_body 2MiB\n", "respond ok")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(place); err != nil { // after the load
		t.Fatal(err)
	}
	body, contentType := large(1 << 20)
	r := httptest.NewRequest("POST", "/v1/files", body)
	r.Header.Set("Content-Type", contentType)
	if resp := gw.Serve(r); resp.Code != 503 || resp.Header().Get("Retry-After") == "" {
		t.Errorf("no place while it runs: %d %s", resp.Code, resp.Body)
	}
}
