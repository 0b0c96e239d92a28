package loader

import (
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	compose "github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/override"
	"github.com/compose-spec/compose-go/v2/paths"
	"github.com/compose-spec/compose-go/v2/transform"
)

// sections are the top-level sections that hold resources by name.
func sections() []string {
	return []string{"services", "volumes", "networks", "secrets", "configs", "models"}
}

// phase is a step of compose-go's that treats every resource by itself.
type phase func(model map[string]any) (map[string]any, error)

// canonical brings what a document touched to its long form. What it did not
// touch is in that form already: the work grows with the files, not with the
// files times the model.
func canonical(model, touched map[string]any, lenient bool) error {
	part := map[string]any{}
	for _, section := range sections() {
		names, ok := touched[section].(map[string]any)
		all, has := model[section].(map[string]any)
		if !ok || !has {
			continue
		}
		resources := make(map[string]any, len(names))
		for name := range names {
			resources[name] = all[name]
		}
		part[section] = resources
	}
	err := inChunks(part, func(m map[string]any) (map[string]any, error) {
		m, err := override.EnforceUnicity(m)
		if err != nil {
			return nil, err
		}
		if m, err = transform.Canonical(m, lenient); err != nil {
			return nil, err
		}
		return override.EnforceUnicity(compose.OmitEmpty(m))
	})
	if err != nil {
		return err
	}
	for section, resources := range part {
		all := model[section].(map[string]any)
		for name, resource := range resources.(map[string]any) {
			all[name] = resource
		}
	}
	return nil
}

// finish sets defaults and resolves paths against base and bare environment
// names. An empty base leaves paths alone, a nil env the names: where variables
// are kept, so are they, and no secret is written out.
func finish(model map[string]any, base string, env map[string]string) error {
	part := map[string]any{}
	for _, section := range sections() {
		if resources, ok := model[section].(map[string]any); ok {
			part[section] = resources
		}
	}
	err := inChunks(part, func(m map[string]any) (map[string]any, error) {
		m, err := transform.SetDefaultValues(m)
		if err != nil || base == "" {
			return m, err
		}
		return m, paths.ResolveRelativePaths(m, base, nil)
	})
	if err != nil {
		return err
	}
	for section, resources := range part {
		model[section] = resources
	}
	if env != nil {
		compose.ResolveEnvironment(model, env)
	}
	return nil
}

// A chunk has as many services as are worth a goroutine, and no more than what
// decoding them takes, which is freed after each chunk, is a small part of all.
const (
	chunkSize = 64
	chunkMost = 256
)

// inChunks runs a phase over a model, over its services in parallel if there
// are many, and puts the results in their place.
func inChunks(model map[string]any, run phase) error {
	chunks := split(model)
	err := concurrently(len(chunks), func(i int) (err error) { chunks[i], err = run(chunks[i]); return err })
	if err != nil {
		return err
	}
	for _, chunk := range chunks {
		for section, v := range chunk {
			resources, isMap := v.(map[string]any)
			if all, ok := model[section].(map[string]any); ok && isMap {
				maps.Copy(all, resources)
			} else {
				model[section] = v
			}
		}
	}
	return nil
}

// split is the model in parts: everything but the services first, then some of
// them each. A small model is one part.
func split(model map[string]any) []map[string]any {
	services, _ := model["services"].(map[string]any)
	parts := max(min(runtime.GOMAXPROCS(0), len(services)/chunkSize), (len(services)+chunkMost-1)/chunkMost)
	if parts < 2 {
		return []map[string]any{model}
	}
	rest := maps.Clone(model)
	rest["services"] = map[string]any{}
	chunks := []map[string]any{rest}
	names := sortedKeys(services)
	for part := range slices.Chunk(names, (len(names)+parts-1)/parts) {
		some := make(map[string]any, len(part))
		for _, name := range part {
			some[name] = services[name]
		}
		chunks = append(chunks, map[string]any{"services": some})
	}
	return chunks
}

// concurrently calls run for 0 to n-1, as many at once as there are processors,
// waits for all, and returns the first error by number. A panic is an error.
func concurrently(n int, run func(i int) error) error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	var next atomic.Int64
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				errs[i] = guard("resolve", func() error { return run(i) })
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
