package docker

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/musterdev/muster/engine"
)

func TestParseStatus(t *testing.T) {
	for _, tc := range []struct {
		status string
		health engine.Health
		code   int
	}{
		{"Up 3 seconds", "", 0},
		{"Up About an hour (healthy)", engine.HealthHealthy, 0},
		{"Up 1 second (health: starting)", engine.HealthStarting, 0},
		{"Up 2 days (unhealthy)", engine.HealthUnhealthy, 0},
		{"Up 2 minutes (Paused)", "", 0},
		{"Exited (0) 3 seconds ago", "", 0},
		{"Exited (137) 5 minutes ago", "", 137},
		{"Restarting (1) Less than a second ago", "", 1},
		{"Created", "", 0},
		{"Removal In Progress", "", 0},
		{"Dead", "", 0},
		{"", "", 0},
		{"Exited (", "", 0},
	} {
		health, code := parseStatus(tc.status)
		if health != tc.health || code != tc.code {
			t.Errorf("parseStatus(%q) = %q, %d; want %q, %d", tc.status, health, code, tc.health, tc.code)
		}
	}
}

// listed is an element of a list answer as an engine of API 1.41 gives it.
const listed = `{
 "Id": "2f1c", "Names": ["/demo-db-1/web", "/demo-web-1"], "Image": "nginx:1", "ImageID": "sha256:aa", "Command": "nginx -g 'daemon off;'",
 "Created": 1700000000, "State": "running", "Status": "Up 3 seconds (healthy)",
 "Ports": [{"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"}, {"PrivatePort": 443, "Type": "tcp"},
  {"IP": "::", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"}],
 "Labels": {"com.docker.compose.project": "demo", "com.docker.compose.service": "web", "com.docker.compose.container-number": "2", "com.docker.compose.oneoff": "False"},
 "HostConfig": {"NetworkMode": "demo_default"},
 "NetworkSettings": {"Networks": {"demo_z": {"NetworkID": "n2", "IPAddress": "172.18.0.2"}, "demo_a": {"NetworkID": "n1", "IPAddress": ""}}},
 "Mounts": [{"Type": "volume", "Name": "demo_data", "Source": "/var/lib/docker/volumes/demo_data/_data", "Destination": "/data", "RW": true},
  {"Type": "bind", "Source": "/etc/conf", "Destination": "/conf", "RW": false}]}`

func TestNewContainer(t *testing.T) {
	var s container.Summary
	if err := json.Unmarshal([]byte(listed), &s); err != nil {
		t.Fatal(err)
	}
	want := engine.Container{
		Ref: engine.Ref{ID: "2f1c", Name: "demo-web-1"}, Project: "demo", Service: "web", Number: 2, Labels: s.Labels,
		Image: "nginx:1", ImageID: "sha256:aa", Command: "nginx -g 'daemon off;'", State: engine.Running,
		Status: "Up 3 seconds (healthy)", Health: engine.HealthHealthy, Created: time.Unix(1700000000, 0).UTC(),
		Networks: []engine.Attachment{{Network: "demo_a", NetworkID: "n1"}, {Network: "demo_z", NetworkID: "n2", Address: "172.18.0.2"}},
		Mounts: []engine.Mount{
			{Type: "bind", Source: "/etc/conf", Target: "/conf", ReadOnly: true}, {Type: "volume", Name: "demo_data", Target: "/data"},
		},
		Ports: []engine.Port{
			{HostIP: "0.0.0.0", HostPort: 8080, Container: 80, Protocol: "tcp"}, {HostIP: "::", HostPort: 8080, Container: 80, Protocol: "tcp"},
			{Container: 443, Protocol: "tcp"},
		},
	}
	if got := newContainer(s); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// TestNewInspectionOfLittle takes answers with whole sections missing.
func TestNewInspectionOfLittle(t *testing.T) {
	got := newInspection(container.InspectResponse{})
	if !reflect.DeepEqual(got, engine.Inspection{}) {
		t.Errorf("got %+v, want nothing", got)
	}
}
