package bounds

import (
	"context"
	"net/http"
	"time"
)

func loose() {
	_ = context.Background()
	time.Sleep(time.Second)
	_, _ = http.Get("https://idp.example")
	_ = http.DefaultClient
	_ = time.Second
}

func shadowed(context interface{ Background() int }) int { return context.Background() }
