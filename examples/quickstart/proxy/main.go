// Command proxy passes every request on to the API.
package main

import (
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"

	"github.com/musterdev/muster/examples/quickstart/internal/service"
)

func main() { os.Exit(service.Run(start)) }

func start() (*http.ServeMux, func() error, error) {
	api, err := url.Parse(service.Env("API_URL", "http://api:8080"))
	if err != nil {
		return nil, nil, fmt.Errorf("API_URL: %w", err)
	}
	// A connection per request: the name is looked up again each time, so that
	// the visits spread over the API's replicas.
	transport := &http.Transport{DisableKeepAlives: true}
	proxy := &httputil.ReverseProxy{Transport: transport, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(api)
		r.SetXForwarded()
	}}
	mux := http.NewServeMux()
	mux.Handle("/", proxy)
	// Alive is ready here: whether the API answers is the API's own health.
	return mux, func() error { return nil }, nil
}
