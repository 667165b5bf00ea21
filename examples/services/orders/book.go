package orders

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// maxOrders bounds the book; a full book takes no more orders.
const maxOrders = 10_000

var (
	errUnknown = errors.New("there is no such order")
	errFinal   = errors.New("the order is shipped or cancelled and no longer changes")
	errFull    = errors.New("the book is full; restart the service")
)

// book holds the orders, oldest first. It hands out copies only.
type book struct {
	now func() time.Time

	mu     sync.RWMutex
	orders []Order        // order n has the id ord_00000n
	keys   map[string]int // idempotency key to index
}

func newBook(now func() time.Time) *book {
	return &book{now: now, keys: make(map[string]int)}
}

// seed puts in the orders that the examples talk about.
func (b *book) seed() {
	for i, status := range []Status{Open, Paid, Shipped} {
		order := Order{
			Customer:  Customer{Email: "ada@example.com", Name: "Ada"},
			Items:     []Item{{SKU: fmt.Sprintf("TEA-%03d", i+1), Quantity: i + 1}},
			Currency:  "EUR",
			CreatedBy: "seed",
		}
		// An empty book has room.
		_, _ = b.add(order, "")
		b.orders[i].Status = status
	}
}

// add files a new order. The same idempotency key gives the same order again.
func (b *book) add(order Order, key string) (Order, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if index, ok := b.keys[key]; ok {
		return b.orders[index], nil
	}
	if len(b.orders) >= maxOrders {
		return Order{}, errFull
	}
	if key != "" {
		b.keys[key] = len(b.orders)
	}
	order.ID = fmt.Sprintf("ord_%06d", len(b.orders)+1)
	order.Status = Open
	order.CreatedAt = b.now().UTC()
	order.UpdatedAt = order.CreatedAt
	b.orders = append(b.orders, order)
	return order, nil
}

func (b *book) find(id string) (Order, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	index, ok := b.index(id)
	if !ok {
		return Order{}, errUnknown
	}
	return b.orders[index], nil
}

// change applies f to one order, or leaves it alone if f fails.
func (b *book) change(id string, f func(*Order) error) (Order, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	index, ok := b.index(id)
	if !ok {
		return Order{}, errUnknown
	}
	order := b.orders[index]
	if err := f(&order); err != nil {
		return Order{}, err
	}
	order.UpdatedAt = b.now().UTC()
	b.orders[index] = order
	return order, nil
}

// page returns up to limit orders after the one that cursor names, and the cursor of
// the page after it, "" if there is none. An empty status means all.
func (b *book) page(status Status, cursor string, limit int) (orders []Order, next string) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	start := 0
	if index, ok := b.index(cursor); ok {
		start = index + 1
	}
	for _, order := range b.orders[start:] {
		if status != "" && order.Status != status {
			continue
		}
		if len(orders) == limit {
			return orders, orders[limit-1].ID
		}
		orders = append(orders, order)
	}
	return orders, ""
}

// index finds an order by its id; ids sort as the orders do.
func (b *book) index(id string) (int, bool) {
	return slices.BinarySearchFunc(b.orders, id, func(order Order, id string) int {
		switch {
		case order.ID < id:
			return -1
		case order.ID > id:
			return 1
		}
		return 0
	})
}
