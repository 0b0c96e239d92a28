package house_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// mayKnowTime are the functions of tests that look at a clock or sleep although
// they do so in real time, with the reason. Everything else waits for conditions
// with internal/patience, or runs in a bubble of testing/synctest, where time is
// not the machine's. What measures speed belongs to test/bench.
var mayKnowTime = map[string]string{
	"convergence.InspectContainer":      "of an engine that answers late, in bubbles",
	"convergence.after":                 "called in bubbles, where another method of that name is not",
	"convergence.awaited":               "called in bubbles, where a variable of that name is not",
	"convergence.interrupt":             "called in bubbles, where another method of that name is not",
	"convergence.record":                "called in bubbles, where another method of that name is not",
	"depgraph.TestWalkCancelledBefore":  "the deadline has passed already",
	"internal/enginetest.testWatchEnds": "that a deadline ends the call is what is tested",
	"test/faultproxy.TestBlockAndStall": "that a deadline ends the call is what is tested",
	"depgraph.TestWalkProperties":       "lets random visits take their time, to shake the order; nothing depends on it",
	"test/faultmatrix.TestSoak":         "random faults at random moments, for as long as one asks for (make soak)",
	"test/faultmatrix.fault":            "random faults at random moments",
	"internal/patience.on":              "called in bubbles, in a table",
	"loader.bounded":                    "while make fuzz looks for inputs that take long, and only then",
}

// clock are the functions that assert on real time, wait for it, or are deadlines.
var clock = map[string][]string{
	"time":    {"Sleep", "Since", "Until", "After", "AfterFunc", "Tick", "NewTicker", "NewTimer"},
	"context": {"WithTimeout", "WithTimeoutCause", "WithDeadline", "WithDeadlineCause"},
}

// TestTestsDoNotMeasureTime fails for a test that sleeps, waits for a span of
// time or looks how long something took: such a test is red on a busy machine.
func TestTestsDoNotMeasureTime(t *testing.T) {
	used := map[string]bool{}
	err := filepath.WalkDir(root, func(dir string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		for _, found := range inRealTime(t, dir) {
			name := strings.TrimPrefix(strings.TrimPrefix(filepath.ToSlash(dir)+"."+found.function, root), "/")
			if used[name] = true; mayKnowTime[name] == "" {
				t.Errorf("%s: %s uses %s outside of testing/synctest: wait for the condition, with internal/patience", found.where, found.function, found.call)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range mayKnowTime {
		if !used[name] {
			t.Errorf("mayKnowTime lists %s, which has no need of it", name)
		}
	}
}

// timed is a use of the clock in a function of a test.
type timed struct{ where, function, call string }

// inRealTime are the uses of the clock in the tests of a folder that are in no
// bubble. A function is in a bubble if it is called from there only.
func inRealTime(t *testing.T, dir string) []timed {
	t.Helper()
	positions, functions := testFunctions(t, dir)
	bubbles := map[string]bool{"Test": true} // of synctest, and what hands a function on to it
	for _, f := range functions {
		if handsOn(f) {
			bubbles[f.Name.Name] = true
		}
	}
	var uses []timed
	outside := map[string]bool{} // functions that something outside of bubbles calls
	calls := map[string][]string{}
	for _, f := range functions {
		name := f.Name.Name
		for _, prefix := range []string{"Test", "Fuzz", "Example"} {
			outside[name] = outside[name] || strings.HasPrefix(name, prefix)
		}
		calls[name] = append(calls[name], "")
		outOfBubbles(f.Body, bubbles, func(call ast.Expr) {
			if s, ok := call.(*ast.SelectorExpr); ok {
				if x, ok := s.X.(*ast.Ident); ok && slices.Contains(clock[x.Name], s.Sel.Name) {
					uses = append(uses, timed{positions.Position(s.Pos()).String(), name, x.Name + "." + s.Sel.Name})
				}
			}
			calls[name] = append(calls[name], nameOf(call))
		})
	}
	reach(outside, calls)
	return slices.DeleteFunc(uses, func(u timed) bool { return !outside[u.function] })
}

// testFunctions are the functions of the tests in a folder. The contract of engines
// is one of tests, too.
func testFunctions(t *testing.T, dir string) (*token.FileSet, []*ast.FuncDecl) {
	t.Helper()
	positions := token.NewFileSet()
	var functions []*ast.FuncDecl
	for _, pattern := range []string{"*_test.go", "contract*.go"} {
		paths, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			file, err := parser.ParseFile(positions, path, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, decl := range file.Decls {
				if f, ok := decl.(*ast.FuncDecl); ok && f.Body != nil {
					functions = append(functions, f)
				}
			}
		}
	}
	return positions, functions
}

// handsOn reports whether a function calls within a bubble what it was given.
func handsOn(f *ast.FuncDecl) bool {
	given := map[string]bool{}
	for _, p := range f.Type.Params.List {
		if _, ok := p.Type.(*ast.FuncType); ok {
			for _, name := range p.Names {
				given[name.Name] = true
			}
		}
	}
	found := false
	ast.Inspect(f.Body, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && nameOf(call.Fun) == "Test" {
			ast.Inspect(call, func(n ast.Node) bool {
				x, ok := n.(*ast.Ident)
				found = found || ok && given[x.Name]
				return true
			})
		}
		return true
	})
	return found
}

// nameOf is the last name of what is called or handed on.
func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

// reach adds what is called, directly or not.
func reach(from map[string]bool, calls map[string][]string) {
	for more := true; more; {
		more = false
		for name := range maps.Clone(from) {
			for _, called := range calls[name] {
				if _, declared := calls[called]; from[name] && declared && !from[called] {
					from[called], more = true, true
				}
			}
		}
	}
}

// outOfBubbles visits what is called and what is handed on as an argument or in a
// table, except for what is handed to a bubble.
func outOfBubbles(body ast.Node, bubbles map[string]bool, visit func(ast.Expr)) {
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			visit(n.Fun)
			if bubbles[nameOf(n.Fun)] {
				return false
			}
			for _, arg := range n.Args {
				visit(arg)
			}
		case *ast.CompositeLit:
			for _, e := range n.Elts {
				if pair, ok := e.(*ast.KeyValueExpr); ok {
					e = pair.Value
				}
				visit(e)
			}
		}
		return true
	})
}

// A program of a script may sleep for good, or in a loop that looks for something.
// Everything else would be a guess at how fast the machine is.
var (
	sleeps = regexp.MustCompile(`\bsleep ([0-9.]+)([smh]?)([^\n]*)`)
	looks  = regexp.MustCompile(`^ *; *done\b`)
)

// mayBeLate are scripts in which how long a program runs is what is tested.
var mayBeLate = map[string]string{
	"cmd/testdata/script/supervised.txtar": "runs between crashes, and one that lasts longer than its policy's window: later is as good",
}

// TestScriptsDoNotSleep fails for scripts whose programs sleep to be late.
func TestScriptsDoNotSleep(t *testing.T) {
	var files []string
	for _, pattern := range []string{root + "/cmd/testdata/script/*.txtar", root + "/cmd/testdata/script/e2e/*.txtar"} {
		more, err := filepath.Glob(pattern)
		if err != nil || len(more) == 0 {
			t.Fatalf("no scripts %s: %v", pattern, err)
		}
		files = append(files, more...)
	}
	for _, path := range files {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range sleeps.FindAllStringSubmatch(string(txtar.Format(archive)), -1) {
			if long, err := strconv.ParseFloat(m[1], 64); err == nil && (long >= 1000 || m[2] == "h") || looks.MatchString(m[3]) {
				continue
			}
			if mayBeLate[strings.TrimPrefix(filepath.ToSlash(path), root+"/")] != "" {
				continue
			}
			t.Errorf("%s: %q: let it wait for something, or for ever (sleep 1000)", path, m[0])
		}
	}
}
