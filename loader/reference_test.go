package loader_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/musterdev/muster/loader"
)

// extensionDoc is the reference of x-muster.
const extensionDoc = "../docs/X-MUSTER.md"

// saidOfExtension is what the loader says of an x-muster section, at the top level of the file
// or, with a service, in one.
func saidOfExtension(t *testing.T, section, level string) string {
	t.Helper()
	text := "services: {web: {image: busybox, restart: always}}\nx-muster: " + section + "\n"
	if level == "service" {
		text = "services: {web: {image: busybox, restart: always, x-muster: " + section + "}}\n"
	}
	return saidOf(t, text)
}

func saidOf(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "compose.yaml"), text)
	_, warnings, err := loader.Load(context.Background(), loader.Input{WorkingDir: dir, ProjectName: "app"})
	return diagnostics(warnings, err)
}

// at is a section in which only a key says something: ready.tcp and 1 are
// {ready: {tcp: 1}}.
func at(key, value string) string {
	for _, k := range slices.Backward(strings.Split(key, ".")) {
		value = "{" + k + ": " + value + "}"
	}
	return value
}

// taken are the keys that the loader takes below a key, as it says to whoever writes
// another one; none if it takes no mapping there.
func taken(t *testing.T, key string) []string {
	t.Helper()
	section := "{qqqqqqq: 1}"
	if key != "" {
		section = at(key, section)
	}
	m := regexp.MustCompile(`qqqqqqq: unknown key \(known are (.*)\)`).FindStringSubmatch(saidOfExtension(t, section, "service"))
	if m == nil {
		return nil
	}
	var keys []string
	for _, k := range strings.Split(m[1], ", ") {
		below := strings.TrimPrefix(key+"."+k, ".")
		keys = append(append(keys, below), taken(t, below)...)
	}
	return keys
}

// TestExtensionReference: docs/X-MUSTER.md has a row for every key that the loader
// takes, and for no other; the words that it lists are those that can be given; every
// key is in an example, and the examples load without a word.
func TestExtensionReference(t *testing.T) {
	text, err := os.ReadFile(extensionDoc)
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{} // values by key
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_.]+)` \\| (.*?) \\|").FindAllStringSubmatch(string(text), -1) {
		rows[m[1]] = m[2]
	}
	keys := taken(t, "")
	if documented := slices.Sorted(maps.Keys(rows)); !slices.Equal(documented, slices.Sorted(slices.Values(keys))) || len(keys) < 15 {
		t.Errorf("documented: %q\nthe loader takes %q", documented, keys)
	}
	for _, key := range keys {
		if m := regexp.MustCompile(`must be ([a-z, ]+)\n`).FindStringSubmatch(saidOfExtension(t, at(key, "qqqqqqq"), "service")); m != nil {
			if words := strings.ReplaceAll(rows[key], "`", ""); words != m[1] {
				t.Errorf("%s is %s, and documented as %s", key, m[1], words)
			}
		}
	}
	var examples string
	for _, m := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		examples += m[1]
		if s := saidOf(t, m[1]); s != "" {
			t.Errorf("an example does not load as it is:\n%s%s", m[1], s)
		}
	}
	for _, key := range keys {
		if last := key[strings.LastIndex(key, ".")+1:]; !regexp.MustCompile(`\b` + last + `:`).MatchString(examples) {
			t.Errorf("no example has %s", key)
		}
	}
	commonKeys(t, string(text), keys)
}

// commonKeys holds what the page says of the top level.
func commonKeys(t *testing.T, text string, keys []string) {
	t.Helper()
	_, section, _ := strings.Cut(text, "## Keys of the top level\n")
	section, _, _ = strings.Cut(section, "can be set")
	for _, key := range keys {
		if taken(t, key) != nil && key != "notify" || strings.HasPrefix(key, "notify.") {
			continue // its keys tell
		}
		everywhere := !strings.Contains(saidOfExtension(t, at(key, "qqqqqqq"), "top"), "belongs to a service")
		if documented := strings.Contains(section, fmt.Sprintf("`%s`", key)); documented != everywhere {
			t.Errorf("%s can be common: %t, documented: %t", key, everywhere, documented)
		}
	}
}
