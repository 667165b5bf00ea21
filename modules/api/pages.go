package api

import (
	"net/http"
	"strings"
)

func isPage(path string) bool { return path == "/docs" || strings.HasPrefix(path, "/docs/") }

func pages(apis []*API) (http.Handler, error) { return http.NotFoundHandler(), nil }
