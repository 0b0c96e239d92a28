// Package notify tells people and programs of a supervisor's alerts: by a
// command that gets the alert as JSON on its standard input, or by a POST of
// the same JSON to a URL. Nothing of a container's environment is in it. A
// slow or broken receiver never holds the supervisor up: alerts wait in a
// short queue, and what does not fit is dropped and said so.
package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"time"

	"github.com/musterdev/muster/convergence/supervise"
	"github.com/musterdev/muster/project"
)

const (
	queueLength    = 64
	commandTimeout = 30 * time.Second
	requestTimeout = 10 * time.Second
	attempts       = 3
	firstRetry     = time.Second
)

// Alert is what receivers get, as JSON.
type Alert struct {
	Project   string    `json:"project"`
	Service   string    `json:"service"`
	Container string    `json:"container"`
	Alert     string    `json:"alert"` // crash_loop, gave_up, unhealthy or recovered
	Seen      string    `json:"seen"`
	Reason    string    `json:"reason,omitempty"`
	Time      time.Time `json:"time"`
}

// Notifier sends alerts to the receivers that services declare.
type Notifier struct {
	env    []string
	client *http.Client
	failed func(error)
	queue  chan job
}

type job struct {
	to    project.Notify
	alert Alert
}

// New returns a Notifier whose commands see nothing of the environment but
// env. failed is told of every alert that could not be delivered. Run sends.
func New(env []string, failed func(error)) *Notifier {
	return &Notifier{
		env: env, failed: failed, client: &http.Client{Timeout: requestTimeout},
		queue: make(chan job, queueLength),
	}
}

// Send queues the record's alert for the service's receiver and returns at
// once. Records without an alert and services without a receiver are ignored.
func (n *Notifier) Send(p *project.Project, r supervise.Record) {
	s := p.Service(r.Service)
	if r.Alert == supervise.AlertNone || s == nil || s.Muster.Notify == nil {
		return
	}
	j := job{*s.Muster.Notify, Alert{
		Project: p.Name, Service: r.Service, Container: r.Container.Name, Alert: string(r.Alert),
		Seen: r.Seen, Reason: string(r.Decision.Reason), Time: r.Time,
	}}
	select {
	case n.queue <- j:
	default:
		n.failed(fmt.Errorf("notify of %s for %s: the alert queue is full, dropping this one", r.Alert, r.Container.Name))
	}
}

// Run delivers alerts one after the other until ctx ends.
func (n *Notifier) Run(ctx context.Context) {
	for {
		select {
		case j := <-n.queue:
			if err := n.deliver(ctx, j); err != nil && ctx.Err() == nil {
				n.failed(fmt.Errorf("notify of %s for %s: %w", j.alert.Alert, j.alert.Container, err))
			}
		case <-ctx.Done():
			return
		}
	}
}

func (n *Notifier) deliver(ctx context.Context, j job) error {
	body, err := json.Marshal(j.alert)
	if err != nil {
		return err
	}
	if len(j.to.Command) > 0 {
		if err := n.command(ctx, j.to.Command, body); err != nil {
			return err
		}
	}
	if j.to.Webhook != "" {
		return n.post(ctx, j.to.Webhook, body)
	}
	return nil
}

// command runs the program directly, without a shell, with the alert on its
// standard input only: arguments can be seen by every user of the host.
func (n *Notifier) command(ctx context.Context, argv []string, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	c := exec.CommandContext(ctx, argv[0], argv[1:]...)
	c.Env, c.Stdin = n.env, bytes.NewReader(append(body, '\n'))
	c.WaitDelay = time.Second
	if err := c.Run(); err != nil {
		return fmt.Errorf("run %s: %w", argv[0], err)
	}
	return nil
}

// post sends the alert, three times at most while the receiver is at fault.
// Errors leave the URL out: it often holds a token.
func (n *Notifier) post(ctx context.Context, url string, body []byte) error {
	var last error
	for try, wait := 0, firstRetry; try < attempts; try, wait = try+1, 2*wait {
		if try > 0 {
			select {
			case <-time.After(wait):
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		again, err := n.postOnce(ctx, url, body)
		if err == nil || !again {
			return err
		}
		last = err
	}
	return last
}

func (n *Notifier) postOnce(ctx context.Context, url string, body []byte) (again bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return false, fmt.Errorf("webhook: the URL is not valid")
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := n.client.Do(req)
	if err != nil {
		return true, fmt.Errorf("webhook: no answer from %s", req.URL.Host)
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		return resp.StatusCode >= 500 || resp.StatusCode == http.StatusTooManyRequests,
			fmt.Errorf("webhook: %s answered %s", req.URL.Host, resp.Status)
	}
	return false, nil
}
