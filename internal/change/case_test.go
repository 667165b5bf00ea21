package change_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"gateway/internal/change"
	"gateway/internal/openapi"
	"gateway/modules/validate"
)

// The cases in testdata are archives with a contract for each version (v1.yaml, v2.yaml),
// the change files of each (v2/<name>.yaml), and pairs: three lines each.
//
//	> putThing            a request body: the old form, the new one
//	< putThing 200        a response body: the old form, the new one
//	@ listThings          a query: the old one, and what the service gets with its path
//	# listThings 200      a status and header fields: the old ones, the new ones
type testCase struct {
	*world
	pairs []pair
	title string
}

type pair struct{ head, old, new string }

func readCase(t testing.TB, file string) *testCase {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	c := &testCase{world: versions(t), title: strings.TrimSpace(string(archive.Comment))}
	for _, f := range archive.Files {
		switch {
		case f.Name == "pairs":
			lines := strings.Split(strings.TrimSpace(string(f.Data)), "\n")
			for i := 0; i+2 < len(lines); i += 4 {
				c.pairs = append(c.pairs, pair{lines[i], lines[i+1], lines[i+2]})
			}
		case strings.Contains(f.Name, "/"):
			folder, name := filepath.Split(f.Name)
			folder = filepath.Join(c.dir, folder, "changes")
			if err := os.MkdirAll(folder, 0o755); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(folder, name), string(f.Data))
		}
	}
	for _, f := range archive.Files {
		if !strings.Contains(f.Name, "/") && f.Name != "pairs" {
			c.add(strings.TrimSuffix(f.Name, ".yaml"), string(f.Data))
		}
	}
	return c
}

// add adds a version whose change files are written already.
func (w *world) add(name, contract string) {
	w.t.Helper()
	if !strings.HasPrefix(contract, "openapi:") {
		contract = "openapi: 3.1.0\ninfo: {title: T, version: \"1\"}\n" + contract
	}
	file := filepath.Join(w.dir, name, "openapi.yaml")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		w.t.Fatal(err)
	}
	write(w.t, file, contract)
	c, err := openapi.Load(file)
	if err != nil {
		w.t.Fatal(err)
	}
	w.versions = append(w.versions, change.Version{Name: name, Contract: c, Folder: change.Folder(file)})
}

func (c *testCase) check(t *testing.T) {
	plan := c.plan()
	if err := plan.Prove(new(validate.Check).Document, change.Budget{}); err != nil {
		t.Errorf("the plan is not proved: %v", err)
	}
	if len(c.pairs) == 0 {
		t.Fatal("the case has no pairs")
	}
	for _, p := range c.pairs {
		words := strings.Fields(p.head)
		carrier := plan.Carrier(c.operation(strings.Replace(words[1], "_", " ", 1)))
		if carrier == nil {
			t.Errorf("%s: nothing changes", p.head)
			continue
		}
		switch words[0] {
		case ">":
			if got := forward(t, carrier, p.old); !same(t, got, p.new) {
				t.Errorf("%s:\n got %s\nwant %s", p.head, got, p.new)
			}
		case "<":
			code := 200
			if len(words) > 2 {
				code = number(words[2])
			}
			if got := back(t, carrier, code, p.new); !same(t, got, p.old) {
				t.Errorf("%s:\n got %s\nwant %s", p.head, got, p.old)
			}
		case "@":
			if got := query(t, carrier, p.old); got != p.new {
				t.Errorf("%s:\n got %s\nwant %s", p.head, got, p.new)
			}
		case "#":
			if got := headers(t, carrier, p.new); got != p.old {
				t.Errorf("%s:\n got %s\nwant %s", p.head, got, p.old)
			}
		default:
			t.Errorf("%q is not a pair", p.head)
		}
	}
}

// same tells whether two texts say the same, members in any order.
func same(t testing.TB, a, b string) bool {
	t.Helper()
	var values [2]any
	for i, text := range []string{a, b} {
		decoder := json.NewDecoder(strings.NewReader(text))
		decoder.UseNumber()
		if err := decoder.Decode(&values[i]); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	return reflect.DeepEqual(values[0], values[1])
}

func number(s string) (n int) {
	for _, c := range s {
		n = n*10 + int(c-'0')
	}
	return n
}

// query carries a request forward that is written as "METHOD value,value query header: value".
func query(t testing.TB, c *change.Carrier, line string) string {
	t.Helper()
	words := strings.Fields(line)
	r := change.Request{Method: words[0], Header: http.Header{}}
	if words[1] != "-" {
		r.Values = strings.Split(words[1], ",")
	}
	if words[2] != "-" {
		r.Query = words[2]
	}
	fields(r.Header, words[3:])
	if err := c.Request(&r); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	out := []string{r.Method, r.Target, r.Query}
	for i := range out {
		if out[i] == "" {
			out[i] = "-"
		}
	}
	return strings.Join(append(out, lines(r.Header)...), " ")
}

// headers carries a response back that is written as "200 Name: value".
func headers(t testing.TB, c *change.Carrier, line string) string {
	t.Helper()
	words := strings.Fields(line)
	r := change.Response{Status: number(words[0]), Header: http.Header{}}
	fields(r.Header, words[1:])
	if err := c.Response(&r); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return strings.Join(append([]string{itoa(r.Status)}, lines(r.Header)...), " ")
}

func itoa(n int) string {
	return string([]byte{byte('0' + n/100), byte('0' + n/10%10), byte('0' + n%10)})
}

func fields(h http.Header, words []string) {
	for _, word := range words {
		name, value, _ := strings.Cut(word, ":")
		h.Add(name, value)
	}
}

func lines(h http.Header) (list []string) {
	for _, name := range sorted(h) {
		for _, v := range h[name] {
			list = append(list, name+":"+v)
		}
	}
	return list
}

func sorted(h http.Header) (names []string) {
	for name := range h {
		i := 0
		for i < len(names) && names[i] < name {
			i++
		}
		names = append(names[:i], append([]string{name}, names[i:]...)...)
	}
	return names
}

func TestSteps(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("there are no cases", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			readCase(t, file).check(t)
		})
	}
}
