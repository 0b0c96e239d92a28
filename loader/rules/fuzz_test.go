package rules

import (
	"slices"
	"testing"

	"github.com/compose-spec/compose-go/v2/format"
	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/loader/node"
)

// FuzzPort makes sure that what passes the check is what compose-go reads, as
// many times.
func FuzzPort(f *testing.F) {
	for _, seed := range []string{"80", "80:80", "127.0.0.1:80:80/udp", "1-5:1-5", "[::1]:80:80", "::1:80:80", ":80", "80:", "1-70000", "1000-2000", "a", "8000-9000:80", "127.0.0.1::80", "80/TCP", "-1", "1-"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		count, problem, _ := parsePort(text, 100)
		if problem != "" {
			return
		}
		ports, err := types.ParsePortConfig(text)
		if err != nil || count > 100 || len(ports) != count {
			t.Errorf("%q is %d ports; compose-go has %d, %v", text, count, len(ports), err)
		}
	})
}

// placed is a document with the value at a place of the table.
func placed(on string, value *node.Node) *node.Node {
	elems := elemsOf(on)
	n := value
	for i := len(elems) - 1; i >= 0; i-- {
		if elems[i] == "[]" {
			n = &node.Node{Kind: node.Sequence, Items: []*node.Node{n}}
			continue
		}
		n = &node.Node{Kind: node.Mapping, Fields: []node.Field{{Key: elems[i], Node: n}}}
	}
	return n
}

// marked reports whether anything in the tree is.
func marked(n *node.Node) bool {
	return n.Bad || n.Refused || slices.ContainsFunc(n.Items, marked) || slices.ContainsFunc(n.Fields, func(f node.Field) bool { return marked(f.Node) })
}

// FuzzValue puts one text into every place of the table: what is reported as
// rejected or refused is marked so, and nothing else.
func FuzzValue(f *testing.F) {
	for _, seed := range []string{"1s", "1m30s", "10", "-1s", "1h1h", "512m", "1GB", "-1", "1.5g", "0x10", "9999999999999999999999", "data:/data:ro", "./a:/b", "v:/v", "C:\\a:/b", "a:b:c:d", ":", "a,b", "on-failure:3", "SIGTERM", "busybox:1"} {
		f.Add(seed)
	}
	reported := false
	c := NewChecker(Settings{
		Ports: 100, Declared: func(name string) bool { return name == "v" },
		Tell: func(f Finding) { reported = reported || f.Severity != Warned },
	})
	f.Fuzz(func(t *testing.T, text string) {
		for _, rule := range Table() {
			for _, on := range rule.On {
				if rule.AppliesTo != Document || rule.Check == nil {
					continue
				}
				n := &node.Node{Value: text, Text: text, Plain: true}
				reported = false
				doc := placed(on, n)
				c.Document(doc, node.Owner{})
				if marked(doc) != reported {
					t.Errorf("%q at %s: marked %t, reported %t", text, on, marked(doc), reported)
				}
			}
		}
	})
}

// FuzzMount makes sure that what passes the check is a mount to compose-go.
func FuzzMount(f *testing.F) {
	for _, seed := range []string{"data:/data", "/anon", "./a:/b:ro,z", "v:/v:nocopy", "c:/a:/b", "a:/b:c", "~/x:/y", "${A}:/b"} {
		f.Add(seed)
	}
	c := NewChecker(Settings{Ports: 100, Declared: func(string) bool { return false }, Tell: func(Finding) {}})
	f.Fuzz(func(t *testing.T, text string) {
		n := &node.Node{Value: text, Text: text, Plain: true}
		c.Document(placed("services.*.volumes[]", n), node.Owner{})
		if n.Bad {
			return
		}
		if v, err := format.ParseVolume(text); err != nil || v.Target == "" {
			t.Errorf("%q passes; compose-go has %+v, %v", text, v, err)
		}
	})
}
