package loader

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/musterdev/muster/project"
)

// Masked stands for a value that is hidden.
const Masked = "********"

// leastSecret is the length from which on a value of the environment is hidden
// wherever it stands: shorter ones stand in many places by chance.
const leastSecret = 6

var (
	secretName = regexp.MustCompile(`(?i)passw|passphrase|pass([_.-]|$)|token|secret|key|credential`)
	fileName   = regexp.MustCompile(`(?i)[_.-](file|path|dir)$`) // POSTGRES_PASSWORD_FILE: where it is, not what
	reference  = regexp.MustCompile(`^\$(\w+|\{\w+(:?\?[^}]*)?\})$`)
	listed     = regexp.MustCompile(`(?s)^(-*[\w.-]+)=(.+)$`)
	assigned   = regexp.MustCompile(`(?i)([\w.-]*(?:pass|pass(?:w|phrase|[_.-])[\w.-]*|(?:token|secret|[_-]key|apikey|credential)[\w.-]*)(?:\s*=\s*|:[ \t]+)["']?)([^\s,;&"'*]+)`)
	userinfo   = regexp.MustCompile(`(://[^\s/:@]*:)([^\s/@]+)@`)
)

// LooksSecret reports whether the value of such a name is for few to see.
func LooksSecret(name string) bool {
	return secretName.MatchString(name) && !fileName.MatchString(name)
}

// masker hides what looks secret in a rendered model: values under names that
// look so, variables from env files, passwords in addresses and command lines,
// and, wherever they were put, values that the environment has under such names.
type masker struct {
	hidden  bool                   // something was
	values  []string               // of the environment, the longest first
	written func(path string) bool // nil where variables are kept: all is written then
}

func newMasker(p *project.Project) *masker {
	m := &masker{written: func(path string) bool { _, ok := p.Positions[path]; return ok }}
	for name, value := range p.Compose.Environment {
		if LooksSecret(name) && len(value) >= leastSecret {
			m.values = append(m.values, value)
		}
	}
	slices.SortFunc(m.values, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	return m
}

func (m *masker) mask(n *yaml.Node, path []string) {
	switch n.Kind {
	case yaml.DocumentNode:
		m.mask(n.Content[0], path)
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, value := n.Content[i].Value, n.Content[i+1]
			below := append(slices.Clone(path), key)
			if value.Kind == yaml.ScalarNode && m.hides(below, key, value) {
				m.hide(value, Masked)
			} else {
				m.mask(value, below)
			}
		}
	case yaml.SequenceNode:
		for i, item := range n.Content {
			if i > 0 && item.Kind == yaml.ScalarNode && secretFlag(n.Content[i-1].Value) && !strings.HasPrefix(item.Value, "-") {
				m.hide(item, Masked)
			} else if parts := listed.FindStringSubmatch(item.Value); parts != nil && m.hides(path, parts[1], &yaml.Node{Kind: yaml.ScalarNode, Value: parts[2]}) {
				m.hide(item, parts[1]+"="+Masked)
			} else {
				m.mask(item, path)
			}
		}
	case yaml.ScalarNode:
		if text := m.text(n.Value); n.ShortTag() == "!!str" && text != n.Value {
			m.hide(n, text)
		}
	}
}

// secretFlag reports whether the next word of a command line is a secret.
func secretFlag(word string) bool {
	return strings.HasPrefix(word, "-") && !strings.Contains(word, "=") && LooksSecret(word)
}

func (m *masker) hides(path []string, key string, value *yaml.Node) bool {
	if tag := value.ShortTag(); tag == "!!null" || tag == "!!bool" || value.Value == "" || (m.written == nil && reference.MatchString(value.Value)) {
		return false
	}
	switch {
	case len(path) == 3 && path[0] == "secrets" && key == "content":
		return true
	case m.written != nil && len(path) == 4 && path[0] == "services" && path[2] == "environment" && !m.written(project.Path(path...)):
		return true // it comes from an env file
	}
	return LooksSecret(key)
}

// text is a value with what is secret inside of it hidden.
func (m *masker) text(s string) string {
	for _, value := range m.values {
		s = strings.ReplaceAll(s, value, Masked)
	}
	s = userinfo.ReplaceAllString(s, "${1}"+Masked+"@")
	return assigned.ReplaceAllString(s, "${1}"+Masked)
}

func (m *masker) hide(n *yaml.Node, text string) {
	m.hidden = true
	*n = yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: n.Style &^ yaml.TaggedStyle, Value: text}
}
