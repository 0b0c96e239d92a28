package request

import (
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
)

func TestParseRestartPolicy(t *testing.T) {
	for _, tc := range []struct {
		in   string
		name container.RestartPolicyMode
		max  int
		ok   bool
	}{
		{"no", "no", 0, true}, {"always", "always", 0, true}, {"unless-stopped", "unless-stopped", 0, true},
		{"on-failure", "on-failure", 0, true}, {"on-failure:3", "on-failure", 3, true},
		{"always:3", "always", 3, false}, {"on-failure:x", "on-failure", 0, false}, {"sometimes", "sometimes", 0, false},
	} {
		p, err := RestartPolicy(tc.in)
		if p.Name != tc.name || p.MaximumRetryCount != tc.max || (err == nil) != tc.ok {
			t.Errorf("parseRestartPolicy(%q) = %+v, %v", tc.in, p, err)
		}
	}
}

func TestSeconds(t *testing.T) {
	for grace, want := range map[time.Duration]int{0: 0, time.Millisecond: 1, time.Second: 1, 1500 * time.Millisecond: 2, -time.Second: -1} {
		if got := Seconds(&grace); *got != want {
			t.Errorf("seconds(%s) = %d, want %d", grace, *got, want)
		}
	}
	if Seconds(nil) != nil {
		t.Error("seconds(nil) is not nil")
	}
}

// TestProxyBelowEnvironment: what the service says of its environment is over the
// client's proxy variables.
func TestProxyBelowEnvironment(t *testing.T) {
	tr := exampleTranslation(load(t, "services: {web: {image: nginx, environment: {HTTP_PROXY: mine}}}"), newest)
	tr.Proxy = map[string]string{"HTTP_PROXY": "http://p", "http_proxy": "http://p", "NO_PROXY": "local", "no_proxy": "local"}
	if env := strings.Join(tr.environment(), " "); env != "HTTP_PROXY=mine NO_PROXY=local http_proxy=http://p no_proxy=local" {
		t.Errorf("environment = %s", env)
	}
}
