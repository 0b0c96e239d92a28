package loader

import (
	"os"
	"regexp"
	"strconv"
	"strings"
)

// stages are those of a Dockerfile, as far as they use each other and images.
type stages []stage

// stage is a part of a Dockerfile that begins with FROM.
type stage struct {
	name string   // in lower case; empty if it has none
	uses []string // stages and images, as written, arguments replaced
}

var (
	directive = regexp.MustCompile(`^#\s*([a-zA-Z]+)\s*=\s*(\S+)\s*$`)
	heredoc   = regexp.MustCompile(`<<-?\s*["']?([A-Za-z_][A-Za-z0-9_]*)["']?`)
	mountFrom = regexp.MustCompile(`(?:^|,)from=([^,\s]+)`)
)

// stagesOf reads a Dockerfile. args are the build's arguments, which replace
// the defaults of those that stand before the first stage. What is malformed is
// passed over: the builder says so.
func stagesOf(text string, args func(string) (string, bool)) stages {
	var all stages
	global := map[string]string{}
	expand := func(word string) string {
		return expandArg(strings.Trim(word, `"'`), func(name string) string { return global[name] })
	}
	for _, words := range instructions(text) {
		verb, words := strings.ToUpper(words[0]), words[1:]
		flags, rest := splitFlags(words)
		switch {
		case verb == "ARG" && len(all) == 0:
			for _, word := range rest {
				name, value, _ := strings.Cut(word, "=")
				global[name] = expand(value)
				if given, ok := args(name); ok {
					global[name] = given
				}
			}
		case verb == "FROM" && len(rest) > 0:
			s := stage{uses: []string{expand(rest[0])}}
			if len(rest) == 3 && strings.EqualFold(rest[1], "AS") {
				s.name = strings.ToLower(rest[2])
			}
			all = append(all, s)
		case len(all) > 0:
			s := &all[len(all)-1]
			for _, flag := range flags {
				key, value, _ := strings.Cut(flag, "=")
				if m := mountFrom.FindStringSubmatch(value); key == "--mount" && verb == "RUN" && m != nil {
					s.uses = append(s.uses, expand(m[1]))
				}
				if key == "--from" && (verb == "COPY" || verb == "ADD") {
					s.uses = append(s.uses, expand(value))
				}
			}
		}
	}
	return all
}

// splitFlags separates the flags in front of an instruction's words.
func splitFlags(words []string) (flags, rest []string) {
	for i, w := range words {
		if !strings.HasPrefix(w, "--") {
			return words[:i], words[i:]
		}
	}
	return words, nil
}

// expandArg replaces $NAME, ${NAME}, ${NAME:-default} and ${NAME:+other}.
func expandArg(text string, value func(string) string) string {
	return os.Expand(text, func(name string) string {
		if name, fallback, found := strings.Cut(name, ":-"); found {
			if v := value(name); v != "" {
				return v
			}
			return expandArg(fallback, value)
		}
		if name, other, found := strings.Cut(name, ":+"); found {
			if value(name) == "" {
				return ""
			}
			return other
		}
		return value(name)
	})
}

// instructions are the words of each instruction: lines are joined, comments
// and the texts of heredocs left out.
func instructions(text string) [][]string {
	var all [][]string
	escape, joined, head := `\`, "", true
	var ends []string // of the heredocs that are open
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case len(ends) > 0:
			if line == ends[0] {
				ends = ends[1:]
			}
			continue
		case strings.HasPrefix(line, "#"):
			if m := directive.FindStringSubmatch(line); head && m != nil && strings.EqualFold(m[1], "escape") {
				escape = m[2]
			}
			continue
		case line == "":
			continue
		}
		head = false
		if begin, more := strings.CutSuffix(line, escape); more {
			joined += begin + " "
			continue
		}
		words := strings.Fields(joined + line)
		joined = ""
		all = append(all, words)
		switch strings.ToUpper(words[0]) {
		case "RUN", "COPY", "ADD":
			for _, m := range heredoc.FindAllStringSubmatch(strings.Join(words, " "), -1) {
				ends = append(ends, m[1])
			}
		}
	}
	return all
}

// images are those that a target uses, by way of other stages too; an empty
// target is the last stage.
func (all stages) images(target string) []string {
	var images []string
	seen := map[int]bool{}
	var visit func(i int)
	visit = func(i int) {
		if i < 0 || seen[i] {
			return
		}
		seen[i] = true
		for _, use := range all[i].uses {
			if other := all.find(use, i); other >= 0 {
				visit(other)
			} else {
				images = append(images, use)
			}
		}
	}
	last := len(all) - 1
	if target == "" {
		visit(last)
	} else {
		visit(all.find(target, len(all)))
	}
	return images
}

// find is the number of the stage of that name or number among the first n, or -1.
func (all stages) find(name string, n int) int {
	for i := n - 1; i >= 0; i-- {
		if all[i].name != "" && all[i].name == strings.ToLower(name) {
			return i
		}
	}
	if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < n {
		return i
	}
	return -1
}
