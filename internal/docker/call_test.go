package docker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/loader"
	"github.com/musterdev/muster/project"
)

// engineOf is an Engine of API 1.41 whose calls the handlers answer, keyed by
// method and path below the version.
func engineOf(t *testing.T, handlers map[string]http.HandlerFunc) *Engine {
	t.Helper()
	mux := http.NewServeMux()
	for pattern, h := range handlers {
		method, path, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(method+" /v1.41"+path, h)
	}
	s := answering(t, "1.41", mux)
	s.Start()
	e, err := Connect(Options{Host: "tcp://" + strings.TrimPrefix(s.URL, "http://"), ConfigDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// hangUp loses the answer.
func hangUp(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

func TestReadsAreRepeated(t *testing.T) {
	var calls atomic.Int32
	for name, fails := range map[string]http.HandlerFunc{
		"the engine stumbles":  func(w http.ResponseWriter, _ *http.Request) { answer(w, 500, map[string]string{"message": "oops"}) },
		"the connection drops": hangUp,
		"the answer is cut": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `[{"Id": "1", "Na`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			calls.Store(0)
			e := engineOf(t, map[string]http.HandlerFunc{"GET /containers/json": func(w http.ResponseWriter, r *http.Request) {
				if calls.Add(1) < 3 {
					fails(w, r)
					return
				}
				answer(w, 200, []map[string]any{{"Id": "1", "Names": []string{"/x"}}})
			}})
			cs, err := e.ListContainers(t.Context(), engine.ContainerFilter{})
			if err != nil || len(cs) != 1 || calls.Load() != 3 {
				t.Errorf("containers = %v, %v after %d calls; want one after 3", cs, err, calls.Load())
			}
			calls.Store(-10) // net/http may repeat a call of its own accord
			if cs, err = e.ListContainers(t.Context(), engine.ContainerFilter{}); err == nil || cs != nil || calls.Load() < -7 || calls.Load() > -4 {
				t.Errorf("containers = %v, %v after %d calls; want an error after 3", cs, err, calls.Load()+10)
			}
		})
	}
}

func TestErrorKinds(t *testing.T) {
	for status, kind := range map[int]error{404: engine.ErrNotFound, 409: engine.ErrConflict, 501: engine.ErrUnsupported} {
		e := engineOf(t, map[string]http.HandlerFunc{"POST /containers/web/kill": func(w http.ResponseWriter, _ *http.Request) {
			answer(w, status, map[string]string{"message": "because"})
		}})
		err := e.KillContainer(t.Context(), engine.Ref{Name: "web"}, "HUP")
		if !errors.Is(err, kind) || err.Error() != "kill web: because" {
			t.Errorf("status %d: %v; want %v", status, err, kind)
		}
	}
}

// demo is the project of a Compose file.
func demo(t *testing.T, file string) *project.Project {
	t.Helper()
	p, _, err := loader.Load(t.Context(), loader.Input{Files: []string{"-"}, Stdin: strings.NewReader(file), ProjectName: "demo", Dir: "/project"})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// createSpec asks for a container of a service with two networks.
func createSpec(t *testing.T) engine.CreateSpec {
	p := demo(t, "services: {web: {image: nginx, networks: [a, b]}}\nnetworks: {a: {}, b: {}}\n")
	return engine.CreateSpec{
		Project: p, Service: p.Service("web"), Name: "demo-web-1", Number: 1,
		Labels: map[string]string{project.LabelProject: "demo", project.LabelService: "web", project.LabelOp: "op1"},
	}
}

func holder(labels map[string]string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		answer(w, 200, map[string]any{"Id": "c0ffee0123456789", "Name": "/demo-web-1", "Config": map[string]any{"Image": "redis:7", "Labels": labels}})
	}
}

func TestCreateAnswerLost(t *testing.T) {
	spec := createSpec(t)
	connected := ""
	e := engineOf(t, map[string]http.HandlerFunc{
		"POST /containers/create":         hangUp,
		"GET /containers/demo-web-1/json": holder(spec.Labels),
		"POST /networks/demo_b/connect": func(w http.ResponseWriter, r *http.Request) {
			var body struct{ Container string }
			_ = json.NewDecoder(r.Body).Decode(&body)
			connected = body.Container
		},
	})
	made, err := e.CreateContainer(t.Context(), spec)
	if err != nil || made.ID != "c0ffee0123456789" || connected != made.ID {
		t.Errorf("created %+v, %v, connected %q; want the container that is there", made, err, connected)
	}
}

func TestCreateNameTaken(t *testing.T) {
	for who, labels := range map[string]map[string]string{
		"container c0ffee012345 (image redis:7)":                   nil,
		"container c0ffee012345 (service db of project elsewhere)": {project.LabelProject: "elsewhere", project.LabelService: "db"},
	} {
		e := engineOf(t, map[string]http.HandlerFunc{
			"POST /containers/create": func(w http.ResponseWriter, _ *http.Request) {
				answer(w, 409, map[string]string{"message": "Conflict. The container name is already in use"})
			},
			"GET /containers/demo-web-1/json": holder(labels),
		})
		_, err := e.CreateContainer(t.Context(), createSpec(t))
		if want := "create demo-web-1: the name is taken by " + who; !errors.Is(err, engine.ErrConflict) || err.Error() != want {
			t.Errorf("error = %v, want %s", err, want)
		}
	}
}

// TestCreateNameReserved: the engine gives a name away before it shows who has
// it; that is worth another look.
func TestCreateNameReserved(t *testing.T) {
	e := engineOf(t, map[string]http.HandlerFunc{
		"POST /containers/create": func(w http.ResponseWriter, _ *http.Request) {
			answer(w, 409, map[string]string{"message": "Conflict. The container name is already in use"})
		},
		"GET /containers/demo-web-1/json": func(w http.ResponseWriter, _ *http.Request) {
			answer(w, 404, map[string]string{"message": "No such container: demo-web-1"})
		},
	})
	if _, err := e.CreateContainer(t.Context(), createSpec(t)); !errors.Is(err, engine.ErrStale) {
		t.Errorf("error = %v, want a stale look", err)
	}
}

// TestCreateHalf removes a container that cannot be attached to its networks.
func TestCreateHalf(t *testing.T) {
	removed := false
	e := engineOf(t, map[string]http.HandlerFunc{
		"POST /containers/create": func(w http.ResponseWriter, _ *http.Request) {
			answer(w, 201, map[string]any{"Id": "c0ffee", "Warnings": []string{}})
		},
		"POST /networks/demo_b/connect": func(w http.ResponseWriter, _ *http.Request) {
			answer(w, 404, map[string]string{"message": "network demo_b not found"})
		},
		"GET /containers/c0ffee/json": holder(nil),
		"DELETE /containers/c0ffee": func(w http.ResponseWriter, r *http.Request) {
			removed = r.URL.Query().Get("force") == "1" && r.URL.Query().Get("v") == "1"
		},
	})
	_, err := e.CreateContainer(t.Context(), createSpec(t))
	if want := "connect demo-web-1 to network demo_b: network demo_b not found"; err == nil || err.Error() != want || !removed {
		t.Errorf("error = %v, removed %t; want %s and the container removed", err, removed, want)
	}
}

func TestCreateNetworkConflict(t *testing.T) {
	n := demo(t, "services: {web: {image: nginx}}\n").Network("default")
	for _, tc := range []struct {
		labels map[string]string
		want   error
	}{
		{map[string]string{project.LabelProject: "demo", project.LabelNetwork: "default"}, nil},
		{map[string]string{project.LabelProject: "other", project.LabelNetwork: "default"}, engine.ErrConflict},
		{nil, engine.ErrConflict},
	} {
		e := engineOf(t, map[string]http.HandlerFunc{
			"POST /networks/create": func(w http.ResponseWriter, _ *http.Request) {
				answer(w, 409, map[string]string{"message": "network with name demo_default already exists"})
			},
			"GET /networks": func(w http.ResponseWriter, _ *http.Request) {
				answer(w, 200, []map[string]any{{"Id": "n1", "Name": "demo_default", "Labels": tc.labels}})
			},
		})
		id, err := e.CreateNetwork(t.Context(), n, map[string]string{project.LabelProject: "demo", project.LabelNetwork: "default"})
		if !errors.Is(err, tc.want) || (err == nil && id != "n1") {
			t.Errorf("labels %v: %q, %v; want %v", tc.labels, id, err, tc.want)
		}
	}
}

func TestRemovalInProgress(t *testing.T) {
	waited := false
	e := engineOf(t, map[string]http.HandlerFunc{
		"DELETE /containers/web": func(w http.ResponseWriter, _ *http.Request) {
			answer(w, 409, map[string]string{"message": "removal of container web is already in progress"})
		},
		"POST /containers/web/wait": func(w http.ResponseWriter, r *http.Request) {
			waited = r.URL.Query().Get("condition") == "removed"
			answer(w, 200, map[string]int{"StatusCode": 0})
		},
	})
	if err := e.RemoveContainer(t.Context(), engine.Ref{Name: "web"}, false); err != nil || !waited {
		t.Errorf("error = %v, waited %t; want to wait for the end of it", err, waited)
	}
}

// TestSilence ends calls that the engine accepts and does not answer.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, err := Connect(Options{Host: "tcp://127.0.0.1:1", ConfigDir: "/made/up"})
		if err != nil {
			t.Fatal(err)
		}
		e.endpoint.transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
			here, there := net.Pipe()
			go func() { _, _ = io.Copy(io.Discard, there) }() // it listens, and says nothing
			return here, nil
		}
		began := time.Now()
		_, err = e.ListContainers(t.Context(), engine.ContainerFilter{})
		if !errors.Is(err, engine.ErrUnreachable) || !strings.Contains(fmt.Sprint(err), "did not respond") {
			t.Errorf("error = %v, want that the engine does not answer", err)
		}
		if took := time.Since(began); took != pingDeadline {
			t.Errorf("it took %s, want %s", took, pingDeadline)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		mind := errors.New("changed my mind")
		time.AfterFunc(time.Second, func() { cancel(mind) })
		if _, err = e.ListContainers(ctx, engine.ContainerFilter{}); !errors.Is(err, mind) {
			t.Errorf("error = %v, want %v", err, mind)
		}
		e.endpoint.transport.CloseIdleConnections()
	})
}

// TestCreateStale tells a container of the same place in the project, made by
// another run meanwhile, from a stranger.
func TestCreateStale(t *testing.T) {
	spec := createSpec(t)
	theirs := maps.Clone(spec.Labels)
	theirs[project.LabelOp] = "another run"
	e := engineOf(t, map[string]http.HandlerFunc{
		"POST /containers/create": func(w http.ResponseWriter, _ *http.Request) {
			answer(w, 409, map[string]string{"message": "Conflict. The container name is already in use"})
		},
		"GET /containers/demo-web-1/json": holder(theirs),
	})
	if _, err := e.CreateContainer(t.Context(), spec); !errors.Is(err, engine.ErrStale) {
		t.Errorf("error = %v, want a stale picture of the engine", err)
	}
}

// TestStartAmbiguous takes two networks of one name for the trace of another run.
func TestStartAmbiguous(t *testing.T) {
	e := engineOf(t, map[string]http.HandlerFunc{
		"POST /containers/web/start": func(w http.ResponseWriter, _ *http.Request) {
			answer(w, 400, map[string]string{"message": "network demo_default is ambiguous (2 matches found on name)"})
		},
	})
	if err := e.StartContainer(t.Context(), engine.Ref{Name: "web"}); !errors.Is(err, engine.ErrStale) {
		t.Errorf("error = %v, want a stale picture of the engine", err)
	}
}
