package canonical

import (
	"fmt"
	"net/http"
	"testing"
)

func BenchmarkFields(b *testing.B) {
	for _, n := range []int{2, 8, 24} {
		header := http.Header{}
		for i := range n {
			header[fmt.Sprintf("X-Ordinary-%d", i)] = []string{"value"}
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				Fields(header, false)
			}
		})
	}
}
