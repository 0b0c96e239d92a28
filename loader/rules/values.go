package rules

import (
	"cmp"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/loader/hint"
	"github.com/musterdev/muster/loader/node"
	"github.com/musterdev/muster/loader/quantity"
	"github.com/musterdev/muster/project"
	"github.com/musterdev/muster/restartpolicy"
)

func restart(a *At) {
	text, ok := a.Text()
	if !ok {
		return
	}
	if _, err := restartpolicy.Parse(text); err == nil {
		return
	}
	fix := a.rule.Fix
	if strings.HasPrefix(text, "on-failure:") {
		fix = "use on-failure, or on-failure:N with N from 0 to 2147483647"
	}
	policies := []string{"no", "always", "unless-stopped", "on-failure"}
	if meant := hint.Nearest(text, policies); meant != "" && !strings.HasPrefix(text, "on-failure") {
		fix = "did you mean " + meant + "? " + a.rule.Fix
	}
	a.Hint("unknown policy "+node.QuoteValue(a.Node), fix)
}

func restartCondition(a *At) {
	text, ok := a.Text()
	if !ok {
		return
	}
	if _, err := restartpolicy.FromDeploy(text, nil, nil, nil); err != nil {
		fix := cmp.Or(hint.DidYouMean(text, []string{"none", "on-failure", "any"}), a.rule.Fix)
		a.Hint("unknown condition "+node.QuoteValue(a.Node), fix)
	}
}

func restartWord(a *At) {
	text, _ := a.Text()
	if specified := map[string]string{"no": "none", "always": "any"}[text]; specified != "" {
		a.Hint(node.QuoteValue(a.Node)+" is a value of restart; using "+specified, "write "+specified)
	} else if text == "unless-stopped" {
		a.Hint(node.QuoteValue(a.Node)+" is a value of restart, not of the specification; applied as such", "write restart: unless-stopped")
	}
}

func deployMode(a *At) {
	modes := []string{"replicated", "global", "replicated-job", "global-job"}
	if text, ok := a.Text(); ok && !slices.Contains(modes, text) {
		a.Hint(node.QuoteValue(a.Node)+" is not one of "+strings.Join(modes, ", "), hint.DidYouMean(text, modes))
	}
}

func platform(a *At) {
	if text, ok := a.Text(); ok && text != "" && !project.IsPlatform(text) {
		a.Report(node.QuoteValue(a.Node) + " is not a platform")
	}
}

func grace(a *At) {
	text, ok := a.Text()
	if d, _ := quantity.Duration(text); ok && d%time.Second != 0 {
		up := (d + time.Second - 1).Truncate(time.Second)
		a.Report(fmt.Sprintf("%s is rounded up to %s: engines know whole seconds only", node.QuoteValue(a.Node), up))
	}
}

func signal(a *At) {
	if text, ok := a.Text(); ok {
		if meant, known := Signal(text); !known {
			a.Hint(node.QuoteValue(a.Node)+" is not a signal", meant)
		}
	}
}

// cpus refuses a limit that is too small for the kernel, which counts thousandths
// of a tenth of a second: the container cannot be started, or, with less than one
// of them, it has no limit at all.
func cpus(a *At) {
	const least = 0.01
	if limit, ok := a.Node.Value.(float32); ok && limit > 0 && limit < least {
		a.Report(fmt.Sprintf("%s is out of range: %v to 1000000, or 0 for no limit", node.QuoteValue(a.Node), least))
	}
}

func healthTest(a *At) {
	if a.Node.Kind != node.Sequence || len(a.Node.Items) == 0 {
		return
	}
	first := a.Node.Items[0]
	if text, ok := a.run.text(first); ok && !slices.Contains([]string{"CMD", "CMD-SHELL", "NONE"}, text) {
		a.about(first, a.Path()+"[0]", "a test in list form starts with CMD, CMD-SHELL or NONE", "for example [CMD, "+first.Text+", …]")
		a.Node.Bad = true
	}
}

func healthCommand(a *At) {
	if a.Node.Kind != node.Sequence || len(a.Node.Items) != 1 {
		return
	}
	if text, ok := a.run.text(a.Node.Items[0]); ok && text != "NONE" {
		a.Report("no command after " + text)
	}
}

func isAddress(a *At) bool {
	text, ok := a.Text()
	if !ok || text == "" {
		return true
	}
	_, err := netip.ParseAddr(text)
	return err == nil
}

func address(a *At) {
	if !isAddress(a) {
		a.Report(node.QuoteValue(a.Node) + " is not an IP address")
	}
}

var macAddress = regexp.MustCompile(`^[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}$`)

func mac(a *At) {
	if text, ok := a.Text(); ok && !macAddress.MatchString(text) {
		a.Report(node.QuoteValue(a.Node) + " is not a MAC address")
	}
}

func subnet(a *At) {
	if text, ok := a.Text(); ok {
		if _, err := netip.ParsePrefix(text); err != nil {
			a.Report(node.QuoteValue(a.Node) + " is not a subnet")
		}
	}
}

// command checks the shell-like splitting of a command in string form.
func command(a *At) {
	text, ok := a.Text()
	if !ok {
		return
	}
	var words types.ShellCommand
	if err := words.DecodeMapstructure(text); err != nil {
		a.Report("cannot be split into words: a quote is not closed")
	}
}
