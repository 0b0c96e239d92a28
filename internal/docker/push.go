package docker

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/distribution/reference"

	"github.com/musterdev/muster/engine"
)

// PushImage implements engine.Images.
func (e *Engine) PushImage(ctx context.Context, ref engine.ImageRef, report func(engine.Progress)) error {
	named, err := reference.ParseNormalizedNamed(ref.Ref)
	if err != nil {
		return fmt.Errorf("push %s: not an image reference: %w", ref.Ref, err)
	}
	if _, err := e.connected(ctx); err != nil {
		return err
	}
	given := e.credentials(registryOf(named))
	return e.tryAgain(ctx, "push", named, ref.Ref, given, report, func() error { return e.push(ctx, named, ref, given.auth, report) })
}

func (e *Engine) push(ctx context.Context, named reference.Named, ref engine.ImageRef, auth string, report func(engine.Progress)) error {
	if auth == "" {
		auth = "e30=" // engines want the header even if there is nothing to say: {}
	}
	header := http.Header{"X-Registry-Auth": {auth}}
	resp, err := e.send(ctx, http.MethodPost, versioned(e.client, "/images/"+named.Name()+"/push"), url.Values{"tag": {tagOf(named)}}, header, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return decodeMessages(resp.Body, func(m message) error {
		if m.ID == "" {
			return nil
		}
		phase := engine.Working
		if m.Status == "Pushed" || m.Status == "Layer already exists" {
			phase = engine.Done
		}
		report(engine.Progress{
			ID: m.ID, Parent: "Image " + ref.Ref, Phase: phase, Text: m.Status,
			Current: m.Progress.Current, Total: m.Progress.Total, At: time.Now(),
		})
		return nil
	})
}
