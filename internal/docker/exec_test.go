package docker

import (
	"encoding/json"
	"net/http"
	"reflect"
	"testing"

	"github.com/docker/docker/api/types/container"

	"github.com/musterdev/muster/engine"
)

// TestExecAsks holds what an engine is asked for to run a command, privileges
// included, which not every engine can give.
func TestExecAsks(t *testing.T) {
	var asked container.ExecOptions
	e := engineOf(t, map[string]http.HandlerFunc{
		"POST /containers/web/exec": func(w http.ResponseWriter, r *http.Request) {
			_ = json.NewDecoder(r.Body).Decode(&asked)
			answer(w, http.StatusConflict, map[string]string{"message": "not running"})
		},
	})
	spec := engine.ExecSpec{Command: []string{"a", "b"}, User: "7:8", WorkingDir: "/w", Environment: []string{"A=b"}, Privileged: true}
	if _, err := e.Exec(t.Context(), engine.Ref{ID: "web"}, spec); err == nil {
		t.Error("no error of an engine that refuses")
	}
	want := container.ExecOptions{
		Cmd: spec.Command, User: spec.User, WorkingDir: spec.WorkingDir, Env: spec.Environment, Privileged: true,
		AttachStdout: true, AttachStderr: true,
	}
	if !reflect.DeepEqual(asked, want) {
		t.Errorf("asked for %+v, want %+v", asked, want)
	}
}
