package docker

import (
	"errors"
	"testing"
	"time"
)

func TestClassify(t *testing.T) {
	for _, tc := range []struct {
		text    string
		want    failure
		passing bool
		after   time.Duration
	}{
		{"manifest for nginx:99 not found: manifest unknown: manifest unknown", failedName, false, 0},
		{"pull access denied for nope, repository does not exist or may require 'docker login': denied: requested access to the resource is denied", failedName, false, 0},
		{"no matching manifest for linux/arm64/v8 in the manifest list entries", failedName, false, 0},
		{"unauthorized: incorrect username or password", failedCredentials, false, 0},
		{"denied: requested access to the resource is denied", failedCredentials, false, 0},
		{"toomanyrequests: You have reached your pull rate limit.", failedBusy, true, 0},
		{"toomanyrequests: retry-after: 1.5s, allowed: 44000/minute", failedBusy, true, 1500 * time.Millisecond},
		{"received unexpected HTTP status: 503 Service Unavailable, Retry-After: 7", failedBusy, true, 7 * time.Second},
		{"Get \"https://registry-1.docker.io/v2/\": net/http: TLS handshake timeout", failedNetwork, true, 0},
		{"read tcp 1.2.3.4:5->6.7.8.9:443: read: connection reset by peer", failedNetwork, true, 0},
		{"Get \"https://r.example/v2/\": dial tcp: lookup r.example: no such host", failedNetwork, false, 0},
		{"Get \"https://r.example/v2/\": http: server gave HTTP response to HTTPS client", failedNetwork, false, 0},
		{"failed to register layer: write /x: no space left on device", failedOtherwise, false, 0},
	} {
		err := errors.New(tc.text)
		if got := classify(err); got != tc.want || passing(err) != tc.passing || retryAfter(err) != tc.after {
			t.Errorf("%s:\n%d, passing %t, after %s; want %d, %t, %s", tc.text, got, passing(err), retryAfter(err), tc.want, tc.passing, tc.after)
		}
	}
}

func TestPause(t *testing.T) {
	for _, tc := range []struct {
		try    int
		asked  time.Duration
		spread float64
		want   time.Duration
	}{
		{1, 0, 0, 250 * time.Millisecond}, {1, 0, 0.5, 500 * time.Millisecond}, {2, 0, 0.5, time.Second}, {4, 0, 0.999, 5996 * time.Millisecond},
		{1, 10 * time.Second, 0.5, 10 * time.Second}, {12, 0, 0.5, maxPause},
	} {
		if got := pause(tc.try, tc.asked, tc.spread); got != tc.want {
			t.Errorf("pause(%d, %s, %g) = %s, want %s", tc.try, tc.asked, tc.spread, got, tc.want)
		}
	}
}

func TestFamiliarTag(t *testing.T) {
	const digest = "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	for ref, want := range map[string]string{
		"nginx": "nginx:latest", "nginx:2": "nginx:2", "docker.io/library/nginx:2": "nginx:2", "r.example:5000/a/b": "r.example:5000/a/b:latest",
		"nginx" + digest: "", "nginx:2" + digest: "", digest[1:]: "", "Upper": "",
	} {
		if got, ok := familiarTag(ref); got != want || ok != (want != "") {
			t.Errorf("familiarTag(%s) = %q, %t; want %q", ref, got, ok, want)
		}
	}
}
