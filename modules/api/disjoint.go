package api

import (
	"gateway/internal/exchange"
	"gateway/internal/openapi"
)

// disjoint refuses two APIs of one site that have the same path and method: which of
// them answers would depend on the order of the blocks.
func disjoint(offers []*offer) error {
	for i, a := range offers {
		for _, b := range offers[i+1:] {
			for _, v := range a.versions {
				for _, w := range b.versions {
					both := append(append([]openapi.Entry[*exchange.Route](nil), v.entries...), w.entries...)
					if _, err := openapi.NewRouter(both); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}
