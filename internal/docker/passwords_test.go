package docker

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/musterdev/muster/engine"
)

// TestPasswordsAreNotSaidAgain: engines repeat the options of a volume that they
// cannot mount, and addresses with who one is. No error shows them, whichever way
// it comes: an answer, an answer after the status, the state of a container.
func TestPasswordsAreNotSaidAgain(t *testing.T) {
	const complaint = "failed to mount local volume: mount //nas/x:/v, data: username=u,password=hunter2: no such device; https://u:hunter2@example.org"
	e := engineOf(t, map[string]http.HandlerFunc{
		"POST /containers/web/start": func(w http.ResponseWriter, _ *http.Request) {
			answer(w, 500, map[string]string{"message": complaint})
		},
		"POST /images/create": func(w http.ResponseWriter, _ *http.Request) {
			answer(w, 200, map[string]any{"error": complaint, "errorDetail": map[string]string{"message": complaint}})
		},
		"GET /containers/web/json": func(w http.ResponseWriter, _ *http.Request) {
			answer(w, 200, map[string]any{"Id": "c0ffee", "Name": "/web", "State": map[string]any{"Status": "created", "Error": complaint}, "Config": map[string]any{}, "HostConfig": map[string]any{}})
		},
	})
	web := engine.Ref{Name: "web"}
	seen, err := e.InspectContainer(t.Context(), web)
	if err != nil {
		t.Fatal(err)
	}
	for way, got := range map[string]error{
		"start": e.StartContainer(t.Context(), web),
		"pull":  e.PullImage(t.Context(), engine.ImageRef{Ref: "example.org/x"}, func(engine.Progress) {}),
		"state": errors.New(seen.Error),
	} {
		if got == nil || strings.Contains(got.Error(), "hunter2") || !strings.Contains(got.Error(), "username=u,password=****: no such device") {
			t.Errorf("%s: %v", way, got)
		}
	}
}
