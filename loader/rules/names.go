package rules

import (
	"regexp"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/loader/node"
)

var imageReference = regexp.MustCompile(`^(?:[a-zA-Z0-9._\[\]:-]+/)?[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*(?::[\w][\w.-]{0,127})?(?:@[a-zA-Z][\w+.-]*:[0-9a-fA-F]{32,})?$`)

func imageEmpty(a *At) {
	if text, ok := a.Text(); ok && text == "" {
		a.Hint("is empty", node.EmptyHint(a.Node, text))
	}
}

func image(a *At) {
	text, ok := a.Text()
	if !ok || imageReference.MatchString(text) {
		return
	}
	hint := ""
	if lower := strings.ToLower(text); imageReference.MatchString(lower) && !a.Node.Expanded {
		hint = "image names must be lower case: " + lower
	}
	a.Hint(node.QuoteValue(a.Node)+" is not an image reference", hint)
}

var (
	containerNamePattern = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]+$`)
	partOfContainerName  = regexp.MustCompile(`[a-zA-Z0-9][a-zA-Z0-9_.-]+`) // what the schema asks for
)

// containerName rejects what the schema does, and refuses all else that is no name.
func containerName(a *At) {
	text, ok := a.Text()
	if ok && !containerNamePattern.MatchString(text) && partOfContainerName.MatchString(text) == (a.rule.Severity == Refused) {
		a.Report(node.QuoteValue(a.Node) + " is not a container name")
	}
}

// itemName checks that an item of a list in short form has a name.
func itemName(a *At) {
	if text, ok := a.Text(); ok && (text == "" || text[0] == '=') {
		a.Report("the name is missing")
	}
}

func variableName(a *At) {
	text, ok := a.Text()
	if name, _, _ := strings.Cut(text, "="); ok && strings.TrimRight(name, " \t") != name {
		a.Report("white space before the equals sign")
	}
}

// assigned checks items in which a name alone says nothing.
func assigned(alone string) func(*At) {
	return func(a *At) {
		if text, ok := a.Text(); ok && text != alone && !strings.Contains(text, "=") {
			a.Report(node.QuoteValue(a.Node) + " has no value")
		}
	}
}

func contextText(a *At) {
	for _, f := range a.Node.Fields {
		if _, ok := f.Node.Str(); !ok && !f.Node.Bad {
			f.Node.Bad = true
			a.point(f.Place(), node.Dotted(a.Path(), f.Key), "must be a path, a URL or service:NAME", a.rule.Fix)
		}
	}
}

// text checks the values of a mapping that only takes text and integers.
func text(a *At) {
	_, isText := a.Node.Str()
	if _, isInt := a.Node.Value.(int); !isText && !isInt {
		a.Node.Bad = true
		a.point(node.Field{Pos: a.Key, Node: a.Node}.Place(), a.Path(), "must be a string or an integer", a.rule.Fix)
	}
}

func extraHost(a *At) {
	if text, ok := a.Text(); ok {
		if _, err := types.NewHostsList([]string{text}); err != nil {
			a.Report(node.QuoteValue(a.Node) + " has no address")
		}
	}
}

func extraHostName(a *At) {
	for _, f := range a.Node.Fields {
		if f.Key == "" || strings.ContainsAny(f.Key, ":=") {
			f.Node.Bad = true
			a.field(f, "is not a host name")
		}
	}
}

// oldExternal reports external: {name: x}, the form of old files.
func oldExternal(a *At) {
	if a.Node.Kind == node.Mapping {
		a.point(a.Key, a.Path(), "is an old form", a.rule.Fix)
	}
}

func externalName(a *At) {
	old, name := a.Node.Get("name"), a.parent.Node.Get("name")
	if old != nil && name != nil && name.Value != old.Value {
		a.about(name, a.parent.Path()+".name", node.QuoteValue(name)+" is not the name in external, "+node.QuoteValue(old), a.rule.Fix)
	}
}
