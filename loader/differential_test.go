package loader_test

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"

	compose "github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/loader"
)

// TestAgreesWithComposeGo loads the valid files with compose-go's own loader
// too: wherever both read a file, the model is the same.
func TestAgreesWithComposeGo(t *testing.T) {
	different := map[string]string{
		"letters":       "compose-go takes one-letter volumes for drives",
		"commands":      "compose-go wants a target for every device",
		"environment":   "compose-go knows no raw env files by itself",
		"compose-file":  "the files are found by Muster",
		"stdin":         "standard input is read by Muster",
		"documents":     "compose-go refuses empty documents",
		"named-profile": "compose-go knows no patterns",
		"numbers":       "compose-go loses sizes with exponents, and refuses other spellings",
	}
	each(t, "valid", 15, func(t *testing.T, c *testCase) {
		name := strings.TrimSuffix(filepath.Base(c.path), ".txtar")
		if reason, ok := different[name]; ok {
			t.Log(reason)
			return
		}
		ours, _, err := loader.Load(context.Background(), c.in)
		if err != nil {
			t.Fatal(err)
		}
		agree(t, c.in, ours.Compose, types.ToConfigFiles(ours.Files))
	})
}

// TestAgreesOnManyServices covers what is done in parallel.
func TestAgreesOnManyServices(t *testing.T) {
	file := filepath.Join(t.TempDir(), "compose.yaml")
	write(t, file, manyServices(3*64+5))
	in := loader.Input{Files: []string{file}, WorkingDir: filepath.Dir(file), ProjectName: "many"}
	ours, _, err := loader.Load(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	agree(t, in, ours.Compose, types.ToConfigFiles(ours.Files))
}

func agree(t *testing.T, in loader.Input, ours *types.Project, files []types.ConfigFile) {
	t.Helper()
	theirs, err := compose.LoadWithContext(context.Background(), types.ConfigDetails{
		WorkingDir: ours.WorkingDir, ConfigFiles: files, Environment: ours.Environment,
	}, func(o *compose.Options) {
		o.SetProjectName(ours.Name, true)
		o.Profiles = ours.Profiles
		o.SkipConsistencyCheck = true // it takes exponential time, and ours has been done
		o.PruneUnnecessaryResources = !in.AllResources
		compose.WithDiscardEnvFiles(o)
	})
	if err != nil {
		t.Fatalf("compose-go: %v", err)
	}
	got, err := ours.MarshalYAML()
	if err != nil {
		t.Fatal(err)
	}
	want, err := theirs.MarshalYAML()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(want), "ssh:") { // in random order with compose-go
		return
	}
	if !bytes.Equal(got, want) {
		t.Errorf("ours:\n%s\ncompose-go's:\n%s", got, want)
	}
}
