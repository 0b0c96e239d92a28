package convergence_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/convergence/up"
	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

// TestPreflight names whoever has what a plan needs, and lets be what the plan
// itself frees.
func TestPreflight(t *testing.T) {
	const web = "services:\n  web:\n    image: x:1\n    ports: [\"127.0.0.1:80:80\", \"53:53/udp\", \"9000-9010:90\"]\n"
	foreign := func(name, project string, ports ...engine.Port) engine.Container {
		return engine.Container{Ref: engine.Ref{ID: "f" + name, Name: name}, Project: project, State: engine.Running, Ports: ports}
	}
	http := engine.Port{HostPort: 80, Container: 80, Protocol: "tcp"}
	tests := []struct {
		name      string
		yaml      string
		have      string
		others    []engine.Container
		listening []plan.Listener
		want      string
	}{
		{name: "nothing in the way", yaml: web},
		{
			name: "a container of another project", yaml: web, others: []engine.Container{foreign("shop-web-1", "shop", http)},
			want: "compose.yaml:4:13: service web: host port 127.0.0.1:80/tcp is taken by container shop-web-1 of project shop",
		},
		{
			name: "a container of no project, another protocol and another port", yaml: web,
			others: []engine.Container{foreign("dns", "", engine.Port{HostPort: 53, Protocol: "udp"}), foreign("x", "", engine.Port{HostPort: 53, Protocol: "tcp"}, engine.Port{HostPort: 81})},
			want:   "compose.yaml:4:32: service web: host port 53/udp is taken by container dns, which belongs to no project",
		},
		{
			name: "another address", yaml: web,
			others: []engine.Container{foreign("x", "", engine.Port{HostIP: "10.0.0.1", HostPort: 80, Protocol: "tcp"})},
		},
		{
			name: "a stopped container holds no port", yaml: web,
			others: []engine.Container{{Ref: engine.Ref{ID: "f", Name: "x"}, State: engine.Exited, Ports: []engine.Port{http}}},
		},
		{
			name: "a process", yaml: web, listening: []plan.Listener{{IP: "0.0.0.0", Port: 80, Protocol: "tcp", Process: "apache2 (pid 7)"}},
			want: "compose.yaml:4:13: service web: host port 127.0.0.1:80/tcp is taken by apache2 (pid 7)",
		},
		{
			name: "a process that nobody knows", yaml: web, listening: []plan.Listener{{Port: 53, Protocol: "udp"}, {Port: 9000, Protocol: "tcp"}},
			want: "compose.yaml:4:32: service web: host port 53/udp is taken by a process of this host",
		},
		{
			name: "the plan stops the holder, whose proxy listens", yaml: strings.Replace(web, "x:1", "x:2", 1),
			have:      "container web-1 ports=80:80 label:com.docker.compose.config-hash=old\nimage x:2\nnetwork default",
			listening: []plan.Listener{{IP: "127.0.0.1", Port: 80, Protocol: "tcp", Process: "docker-proxy"}},
		},
		{
			name: "two replicas", yaml: "services:\n  web: {image: \"x:1\", scale: 2, ports: [\"80:80\"]}\n",
			want: "compose.yaml:2:41: service web: host port 80/tcp is taken by container demo-web-1 of the same plan",
		},
		{
			name: "a container name", yaml: "services:\n  web:\n    image: x:1\n    container_name: app\n",
			others: []engine.Container{foreign("app", "shop")},
			want:   "compose.yaml:4:21: service web: container name app is taken by container app of project shop",
		},
		{
			name: "a planned name", yaml: "services:\n  web:\n    image: x:1\n", others: []engine.Container{foreign("demo-web-1", "")},
			want: "compose.yaml:2:3: service web: container name demo-web-1 is taken by container demo-web-1, which belongs to no project",
		},
		{
			name: "the new name of a successor", yaml: "services:\n  web:\n    image: x:1\n    container_name: app\n",
			have: "container web-1 label:com.docker.compose.config-hash=old\nnetwork default", others: []engine.Container{foreign("app", "shop")},
			want: "compose.yaml:4:21: service web: container name app is taken by container app of project shop",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			want := load(t, test.yaml, "")
			have := observation(t, want, want, test.have)
			p, err := up.PlanUp(want, have, up.UpOptions{Now: now})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, c := range plan.Preflight(p, want, append(test.others, have.Containers...), test.listening) {
				got = append(got, c.Error())
			}
			if s := strings.Join(got, "\n"); s != test.want {
				t.Errorf("conflicts:\n%s\nwant:\n%s", s, test.want)
			}
		})
	}
}

// TestPreflightLate: a container of the service itself that the plan does not
// know came up meanwhile, so that another look helps; a one-off or a stranger of
// that name does not go away by itself.
func TestPreflightLate(t *testing.T) {
	want := load(t, "services:\n  web:\n    image: x:1\n", "")
	p, err := up.PlanUp(want, observation(t, want, want, ""), up.UpOptions{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	managed := map[string]string{project.LabelConfigHash: "x"}
	for _, tc := range []struct {
		holder engine.Container
		late   bool
	}{
		{engine.Container{Ref: engine.Ref{ID: "1", Name: "demo-web-1"}, Project: "demo", Service: "web", Number: 1, Labels: managed}, true},
		{engine.Container{Ref: engine.Ref{ID: "1", Name: "demo-web-1"}, Project: "demo", Service: "web", OneOff: true, Labels: managed}, false},
		{engine.Container{Ref: engine.Ref{ID: "1", Name: "demo-web-1"}, Project: "demo", Service: "db", Labels: managed}, false},
		{engine.Container{Ref: engine.Ref{ID: "1", Name: "demo-web-1"}, Project: "shop", Service: "web", Labels: managed}, false},
		// Run by hand from an image that was built for the service, and of a commit of its
		// second container: they have labels of it, and stay.
		{engine.Container{Ref: engine.Ref{ID: "1", Name: "demo-web-1"}, Project: "demo", Service: "web"}, false},
		{engine.Container{Ref: engine.Ref{ID: "1", Name: "demo-web-1"}, Project: "demo", Service: "web", Number: 2, Labels: managed}, false},
	} {
		found := plan.Preflight(p, want, []engine.Container{tc.holder}, nil)
		if len(found) != 1 || errors.Is(found[0], engine.ErrStale) != tc.late {
			t.Errorf("%+v: conflicts %v, late %v", tc.holder, found, tc.late)
		}
	}
}
