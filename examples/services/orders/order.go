package orders

import (
	"net/http"
	"time"
)

// Status is where an order is in its life.
type Status string

// The life of an order. Shipped and cancelled orders no longer change.
const (
	Open      Status = "open"
	Paid      Status = "paid"
	Shipped   Status = "shipped"
	Cancelled Status = "cancelled"
)

// Order is one order.
type Order struct {
	ID        string
	Status    Status
	Customer  Customer
	Items     []Item
	Currency  string
	Note      *string
	CreatedBy string
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Customer is who ordered.
type Customer struct {
	Email string `json:"email"`
	Name  string `json:"name,omitempty"`
}

// Item is one line of an order.
type Item struct {
	SKU      string
	Quantity int
}

func (o *Order) final() bool { return o.Status == Shipped || o.Status == Cancelled }

// move changes the status.
func (o *Order) move(to Status) error {
	if o.final() && o.Status != to {
		return errFinal
	}
	o.Status = to
	return nil
}

// replace takes over what a client may set.
func (o *Order) replace(by Order) error {
	if o.final() {
		return errFinal
	}
	o.Customer, o.Items, o.Currency, o.Note = by.Customer, by.Items, by.Currency, by.Note
	return nil
}

func (o *Order) patch(by wirePatch) error {
	if o.final() {
		return errFinal
	}
	if by.Note != nil {
		o.Note = by.Note
	}
	if by.Status != "" {
		o.Status = by.Status
	}
	return nil
}

// wireOrder is an order in a body, in either version: v1 has items with a "qty",
// v2 with a "quantity".
type wireOrder struct {
	ID        string     `json:"id,omitempty"`
	Status    Status     `json:"status,omitempty"`
	Customer  Customer   `json:"customer"`
	Items     []wireItem `json:"items"`
	Currency  string     `json:"currency"`
	Note      *string    `json:"note,omitempty"`
	CreatedBy string     `json:"created_by,omitempty"`
	CreatedAt time.Time  `json:"created_at,omitzero"`
	UpdatedAt time.Time  `json:"updated_at,omitzero"`
}

type wireItem struct {
	SKU      string `json:"sku"`
	Qty      int    `json:"qty,omitempty"`
	Quantity int    `json:"quantity,omitempty"`
}

type wirePatch struct {
	Status Status  `json:"status"`
	Note   *string `json:"note"`
}

type wirePage struct {
	Orders     []wireOrder `json:"orders"`
	NextCursor string      `json:"next_cursor,omitempty"`
}

// order returns what a client may set.
func (w wireOrder) order() Order {
	order := Order{Customer: w.Customer, Currency: w.Currency, Note: w.Note}
	for _, item := range w.Items {
		// One of the two is absent, that is 0.
		order.Items = append(order.Items, Item{SKU: item.SKU, Quantity: item.Qty + item.Quantity})
	}
	return order
}

// wire returns the order in the version that the request asks for.
func (o Order) wire(r *http.Request) wireOrder {
	wire := wireOrder{
		ID: o.ID, Status: o.Status, Customer: o.Customer, Currency: o.Currency, Note: o.Note,
		CreatedBy: o.CreatedBy, CreatedAt: o.CreatedAt, UpdatedAt: o.UpdatedAt,
	}
	for _, item := range o.Items {
		if r.Header.Get(versionHeader) == "v1" {
			wire.Items = append(wire.Items, wireItem{SKU: item.SKU, Qty: item.Quantity})
		} else {
			wire.Items = append(wire.Items, wireItem{SKU: item.SKU, Quantity: item.Quantity})
		}
	}
	return wire
}
