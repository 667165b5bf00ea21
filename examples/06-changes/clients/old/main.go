// Command old is a client of version 1 of the orders API: it orders, reads what it has
// ordered, and lists everything page by page. It prints what it has seen, and exits with 1
// if anything is not as its contract says.
//
//	go run ./examples/06-changes/clients/old http://localhost:8080
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"time"
)

type order struct {
	ID       string   `json:"id,omitempty"`
	Status   string   `json:"status,omitempty"`
	Customer customer `json:"customer"`
	Items    []item   `json:"items"`
	Currency string   `json:"currency"`
}

type customer struct {
	Email string `json:"email"`
	Name  string `json:"name,omitempty"`
}

type item struct {
	SKU string `json:"sku"`
	Qty int    `json:"qty"`
}

type page struct {
	Data     []order `json:"data"`
	NextPage string  `json:"next_page,omitempty"`
}

func main() {
	if err := run(os.Args[1] + "/v1"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(api string) error {
	var made, read order
	mine := order{Customer: customer{Email: "old@example.com"}, Items: []item{{SKU: "TEA-008", Qty: 7}}, Currency: "EUR"}
	if err := call(http.MethodPost, api+"/purchases", mine, http.StatusCreated, &made); err != nil {
		return err
	}
	if err := call(http.MethodGet, api+"/purchases/"+made.ID, nil, http.StatusOK, &read); err != nil {
		return err
	}
	if len(read.Items) != 1 || read.Items[0] != mine.Items[0] || read.Customer != mine.Customer {
		return fmt.Errorf("ordered %+v, and read %+v", mine, read)
	}
	if err := call(http.MethodGet, api+"/purchases/ord_999999", nil, http.StatusNotFound, nil); err != nil {
		return err
	}
	fmt.Println("ordered", made.ID)
	for cursor := ""; ; {
		var p page
		if err := call(http.MethodGet, api+"/purchases?page_size=2"+cursor, nil, http.StatusOK, &p); err != nil {
			return err
		}
		for _, o := range p.Data {
			fmt.Println(o.ID, o.Status, o.Customer.Email, o.Items[0].SKU, o.Items[0].Qty)
		}
		if p.NextPage == "" {
			return nil
		}
		cursor = "&page=" + url.QueryEscape(p.NextPage)
	}
}

var client = &http.Client{Timeout: 10 * time.Second}

// call sends a request and reads the answer strictly: a member that this client does not
// know is a mistake.
func call(method, target string, body any, status int, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequest(method, target, bytes.NewReader(text))
	if err != nil {
		return err
	}
	if body == nil {
		request.Body, request.ContentLength = http.NoBody, 0
	} else {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != status {
		return fmt.Errorf("%s %s: got %s, want %d", method, target, response.Status, status)
	}
	if into == nil {
		return nil
	}
	decoder := json.NewDecoder(response.Body)
	var all map[string]any
	if err := decoder.Decode(&all); err != nil {
		return fmt.Errorf("%s %s: %w", method, target, err)
	}
	return strict(all, into)
}

// strict reads what this client knows, and refuses what its contract does not have.
func strict(all map[string]any, into any) error {
	for _, o := range append(list(all["data"]), any(all)) {
		if o, ok := o.(map[string]any); ok {
			for _, unknown := range []string{"created_by", "created_at", "updated_at"} {
				delete(o, unknown) // the contract allows more, and the service says more
			}
		}
	}
	text, err := json.Marshal(all)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}
