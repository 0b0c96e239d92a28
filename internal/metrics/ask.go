package metrics

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"
)

// askTimeout bounds a question to a supervisor.
const askTimeout = 5 * time.Second

// ErrNobody means that no supervisor serves the address.
var ErrNobody = errors.New("nobody answers")

// Ask asks the supervisor that serves the address for its status. The error
// wraps ErrNobody if there is none.
func Ask(ctx context.Context, address string) ([]ContainerStatus, error) {
	var all []ContainerStatus
	err := call(ctx, address, http.MethodGet, "/status", nil, &all)
	return all, err
}

// TellStopped tells the supervisor that serves the address that a user wants the
// services down, all if none is named. The error wraps ErrNobody if there is none.
func TellStopped(ctx context.Context, address string, services []string) error {
	return call(ctx, address, http.MethodPost, "/stopped", append([]string{}, services...), nil)
}

// call makes one request; in is sent and the answer read into out, each if there is one.
func call(ctx context.Context, address, method, path string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	network, target := "tcp", address
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		network, target = "unix", strings.TrimPrefix(path, "//")
	}
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, network, target)
		},
	}}
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://localhost"+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return ErrNobody
	}
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("unexpected answer from the supervisor: %s", resp.Status)
	}
	if out == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(out)
}
