// Package faultproxy stands between a client and a container engine's socket
// and breaks what passes: calls fail before or after they took effect, answers
// are late, cut or never come, event streams lose, repeat and reorder lines. It
// records every call, so it is also the oracle of what a tool asked for.
//
// It understands HTTP/1.1 with streams and upgraded connections (exec, attach,
// build sessions). Its limit: an upgraded connection is passed on as it is;
// only its request and its beginning can be tampered with.
package faultproxy

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Proxy is a running proxy. It is safe for concurrent use.
type Proxy struct {
	upstream string
	server   *http.Server
	stop     context.CancelFunc
	served   chan struct{}

	handlers sync.WaitGroup

	mu     sync.Mutex
	closed bool
	rules  []*rule
	calls  []Call
}

type rule struct {
	Rule
	seen int
}

// Start listens on the unix socket listen and forwards to the unix socket
// upstream until Close.
func Start(listen, upstream string) (*Proxy, error) {
	l, err := net.Listen("unix", listen)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", listen, err)
	}
	ctx, stop := context.WithCancel(context.Background())
	p := &Proxy{upstream: upstream, stop: stop, served: make(chan struct{})}
	p.server = &http.Server{
		Handler:     http.HandlerFunc(p.handle),
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	go func() {
		defer close(p.served)
		_ = p.server.Serve(l) // ends with ErrServerClosed
	}()
	return p, nil
}

// Close ends the proxy and every connection through it.
func (p *Proxy) Close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.stop()
	err := p.server.Close()
	<-p.served
	p.handlers.Wait()
	return err
}

// handle serves one call, unless the proxy is closing.
func (p *Proxy) handle(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		panic(http.ErrAbortHandler)
	}
	p.handlers.Add(1)
	p.mu.Unlock()
	defer p.handlers.Done()
	p.serve(w, r)
}

// Add makes the rule apply to calls that begin from now on. Every rule that
// matches a call applies to it, in the order they were added.
func (p *Proxy) Add(r Rule) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rules = append(p.rules, &rule{Rule: r})
}

// Heal removes all rules.
func (p *Proxy) Heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rules = nil
}

// Calls are the calls so far, in the order they came in.
func (p *Proxy) Calls() []Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.calls)
}

// ForgetCalls empties the record and starts its numbers again at 1.
func (p *Proxy) ForgetCalls() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls = nil
}

// admit records the call and gathers what the rules do to it.
func (p *Proxy) admit(c Call) (Call, *fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c.N, c.Begin = len(p.calls)+1, time.Now()
	p.calls = append(p.calls, c)
	f := &fault{}
	for _, r := range p.rules {
		if r.matches(c) {
			r.Action(f)
		}
	}
	return c, f
}

// answered completes the call's record.
func (p *Proxy) answered(c Call, status int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.N <= len(p.calls) && p.calls[c.N-1].Begin.Equal(c.Begin) {
		p.calls[c.N-1].Status = status
	}
}
