package cmd

import (
	"encoding/json"
	"path/filepath"
	"strings"
)

// calledAs is what people type to run the program as it was run.
func calledAs(program string, asPlugin bool) string {
	if program == "" {
		return "muster"
	}
	name := strings.TrimSuffix(filepath.Base(program), ".exe")
	if plugin, isPlugin := strings.CutPrefix(name, "docker-"); isPlugin && asPlugin {
		return "docker " + plugin
	}
	return name
}

// printMetadata answers the docker command line.
func printMetadata(app *App) error {
	return json.NewEncoder(app.Out).Encode(map[string]string{
		"SchemaVersion": "0.1.0", "Vendor": "Muster", "Version": app.Version,
		"ShortDescription": "Run Compose files on a container engine", "URL": "https://github.com/musterdev/muster",
	})
}
