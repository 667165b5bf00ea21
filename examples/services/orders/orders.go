// Package orders is a sample service: a small order book over HTTP, kept in memory.
//
// It is what a service behind the gateway may look like. It verifies no token, checks
// no schema, counts no requests: whoever reaches it has been let through, its caller
// is in X-User-Id, and its bodies keep the contract in api/orders. What is left is
// the business: orders, their life, and two answers of its own (404 and 409).
//
// It speaks both versions of the contract. The version is the first segment of the
// path ("/v1/orders"), or else the header API-Version, or else v2.
package orders

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Options are the settings of a Service. The zero value is a well-behaved service
// on the system clock.
type Options struct {
	// Mode is how the service misbehaves. Default: it does not.
	Mode Mode
	// Delay is how long a slow answer takes. Default: 3s.
	Delay time.Duration
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// Service is the order book. It is safe for concurrent use.
type Service struct {
	book    *book
	mux     *http.ServeMux
	trouble trouble
}

// New returns a service with three orders in its book.
func New(options Options) *Service {
	if options.Delay == 0 {
		options.Delay = 3 * time.Second
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	s := &Service{
		book:    newBook(options.Now),
		mux:     http.NewServeMux(),
		trouble: trouble{mode: options.Mode, delay: options.Delay},
	}
	s.mux.HandleFunc("GET /health", s.health)
	s.mux.HandleFunc("GET /orders", s.list)
	s.mux.HandleFunc("POST /orders", s.create)
	s.mux.HandleFunc("GET /orders/{id}", s.get)
	s.mux.HandleFunc("PUT /orders/{id}", s.replace)
	s.mux.HandleFunc("PATCH /orders/{id}", s.patch)
	s.mux.HandleFunc("POST /orders/{id}/cancel", s.cancel)
	s.book.seed()
	return s
}

// ServeHTTP implements http.Handler.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.trouble.pass(w, r) {
		return
	}
	path, version := split(r)
	r = r.Clone(r.Context())
	r.URL.Path, r.URL.RawPath = path, ""
	r.Header.Set(versionHeader, version)
	s.mux.ServeHTTP(w, r)
}

const versionHeader = "API-Version"

// split takes the version off the path.
func split(r *http.Request) (path, version string) {
	for _, version := range []string{"v1", "v2"} {
		if rest, ok := strings.CutPrefix(r.URL.Path, "/"+version+"/"); ok {
			return "/" + rest, version
		}
	}
	if r.Header.Get(versionHeader) == "v1" {
		return r.URL.Path, "v1"
	}
	return r.URL.Path, "v2"
}

func (s *Service) health(w http.ResponseWriter, r *http.Request) {
	respond(w, http.StatusOK, map[string]string{"status": "ok"})
}

func (s *Service) list(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	limit, err := strconv.Atoi(query.Get("limit"))
	if err != nil || limit < 1 {
		limit = 20 // the default of the contract
	}
	orders, next := s.book.page(Status(query.Get("status")), query.Get("cursor"), limit)
	page := wirePage{Orders: make([]wireOrder, 0, len(orders)), NextCursor: next}
	for _, order := range orders {
		page.Orders = append(page.Orders, order.wire(r))
	}
	respond(w, http.StatusOK, page)
}

func (s *Service) get(w http.ResponseWriter, r *http.Request) {
	order, err := s.book.find(r.PathValue("id"))
	answer(w, r, http.StatusOK, order, err)
}

func (s *Service) create(w http.ResponseWriter, r *http.Request) {
	var body wireOrder
	if !read(w, r, &body) {
		return
	}
	order := body.order()
	order.CreatedBy = r.Header.Get("X-User-Id")
	order, err := s.book.add(order, r.Header.Get("Idempotency-Key"))
	if err == nil {
		w.Header().Set("Location", "orders/"+order.ID) // relative, so right under any prefix
	}
	answer(w, r, http.StatusCreated, order, err)
}

func (s *Service) replace(w http.ResponseWriter, r *http.Request) {
	var body wireOrder
	if !read(w, r, &body) {
		return
	}
	order, err := s.book.change(r.PathValue("id"), func(order *Order) error {
		return order.replace(body.order())
	})
	answer(w, r, http.StatusOK, order, err)
}

func (s *Service) patch(w http.ResponseWriter, r *http.Request) {
	var body wirePatch
	if !read(w, r, &body) {
		return
	}
	order, err := s.book.change(r.PathValue("id"), func(order *Order) error {
		return order.patch(body)
	})
	answer(w, r, http.StatusOK, order, err)
}

func (s *Service) cancel(w http.ResponseWriter, r *http.Request) {
	order, err := s.book.change(r.PathValue("id"), func(order *Order) error {
		return order.move(Cancelled)
	})
	answer(w, r, http.StatusOK, order, err)
}

// read decodes the body. That it is JSON of the right shape is the gateway's
// promise; the check is for those who call the service without one.
func read(w http.ResponseWriter, r *http.Request, body any) bool {
	if err := json.NewDecoder(r.Body).Decode(body); err != nil {
		refuse(w, http.StatusBadRequest, "the body is not an order")
		return false
	}
	return true
}
