// Command client is a client of the orders API that knows one of its versions only: it
// orders, reads what it has ordered, and lists everything page by page. It prints what it
// has seen, and exits with 1 if anything is not as the contract of its version says.
//
//	go run ./examples/06-changes/client --version v1 http://localhost:8080
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"slices"
	"time"
)

// words are the names that a version of the API has for things.
type words struct {
	orders, quantity      string // the path of the collection, a member of an item
	list, next            string // members of a page
	pageSize, pageAddress string // parameters
}

var versions = map[string]words{
	"v1": {"purchases", "qty", "data", "next_page", "page_size", "page"},
	"v2": {"orders", "quantity", "orders", "next_cursor", "limit", "cursor"},
}

func main() {
	version := flag.String("version", "v2", "the version that this client knows: v1 or v2")
	flag.Parse()
	if _, known := versions[*version]; !known || flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: client [--version v1|v2] http://localhost:8080")
		os.Exit(2)
	}
	if err := run(os.Stdout, flag.Arg(0), *version); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(out io.Writer, gateway, version string) error {
	say := versions[version]
	collection := gateway + "/" + version + "/" + say.orders
	mine := map[string]any{
		"customer": map[string]any{"email": version + "@example.com"},
		"items":    []any{map[string]any{"sku": "TEA-007", say.quantity: 7.0}},
		"currency": "EUR",
	}
	made, err := call(http.MethodPost, collection, mine, http.StatusCreated)
	if err != nil {
		return err
	}
	id, _ := made["id"].(string)
	read, err := call(http.MethodGet, collection+"/"+id, nil, http.StatusOK)
	if err != nil {
		return err
	}
	for member, want := range mine {
		if !reflect.DeepEqual(read[member], want) {
			return fmt.Errorf("ordered %v, and read %v", mine, read)
		}
	}
	if _, err := call(http.MethodGet, collection+"/ord_999999", nil, http.StatusNotFound); err != nil {
		return err
	}
	fmt.Fprintln(out, "ordered", id)
	return say.all(out, collection+"?"+say.pageSize+"=2")
}

// all prints all orders, page by page.
func (say words) all(out io.Writer, first string) error {
	for target := first; ; {
		page, err := call(http.MethodGet, target, nil, http.StatusOK)
		if err != nil {
			return err
		}
		if err := only(page, say.list, say.next); err != nil {
			return fmt.Errorf("%s: %w", target, err)
		}
		orders, ok := page[say.list].([]any)
		if !ok {
			return fmt.Errorf("%s: a page without %s: %v", target, say.list, page)
		}
		for _, one := range orders {
			if err := say.print(out, one); err != nil {
				return fmt.Errorf("%s: %w", target, err)
			}
		}
		next, more := page[say.next].(string)
		if !more {
			return nil
		}
		target = first + "&" + say.pageAddress + "=" + url.QueryEscape(next)
	}
}

// print prints an order in a line.
func (say words) print(out io.Writer, one any) error {
	order, _ := one.(map[string]any)
	// The contract allows more, and the service says more.
	if err := only(order, "id", "status", "customer", "items", "currency", "created_by", "created_at", "updated_at"); err != nil {
		return err
	}
	customer, _ := order["customer"].(map[string]any)
	items, _ := order["items"].([]any)
	if len(items) == 0 {
		return fmt.Errorf("an order without items: %v", order)
	}
	item, _ := items[0].(map[string]any)
	if err := only(item, "sku", say.quantity); err != nil {
		return err
	}
	fmt.Fprintln(out, order["id"], order["status"], customer["email"], item["sku"], item[say.quantity])
	return nil
}

// only refuses members that this client does not know.
func only(object map[string]any, members ...string) error {
	for member := range object {
		if !slices.Contains(members, member) {
			return fmt.Errorf("a member called %s in %v", member, object)
		}
	}
	return nil
}

var client = &http.Client{Timeout: 10 * time.Second}

// call sends a request, and returns the answer if it has the status.
func call(method, target string, body any, status int) (answer map[string]any, err error) {
	content := []byte(nil)
	if body != nil {
		if content, err = json.Marshal(body); err != nil {
			return nil, err
		}
	}
	request, err := http.NewRequest(method, target, bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != status {
		return nil, fmt.Errorf("%s %s: got %s, want %d", method, target, response.Status, status)
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, target, err)
	}
	return answer, nil
}
