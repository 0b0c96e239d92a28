package cmd

import (
	"fmt"
	"io"
	"strings"

	"github.com/musterdev/muster/convergence/plan"
	"github.com/musterdev/muster/internal/operation"
	"github.com/musterdev/muster/internal/ui"
)

// confirm asks a question that yes, y, true or 1 agrees to. An empty answer and
// the end of input are the default.
func (c *console) confirm(question string, byDefault bool) (bool, error) {
	choices := "[y/N]"
	if byDefault {
		choices = "[Y/n]"
	}
	question = ui.EscapeText(question)
	var line string
	var err error
	c.printer.Around(func() {
		fmt.Fprintf(c.Err, "%s %s ", question, choices)
		line, err = readLine(c.In)
		if !c.Terminal.In {
			fmt.Fprintln(c.Err)
		}
	})
	if err != nil {
		return false, err
	}
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes", "t", "true", "1":
		return true, nil
	case "":
		return byDefault, nil
	}
	return false, nil
}

// readLine reads up to the end of the line and no further: what follows is for
// whoever asks next.
func readLine(r io.Reader) (string, error) {
	if r == nil {
		return "", nil
	}
	var b strings.Builder
	for one := make([]byte, 1); ; {
		n, err := r.Read(one)
		if n > 0 && one[0] != '\n' {
			b.WriteByte(one[0])
		}
		switch {
		case err == io.EOF, n > 0 && one[0] == '\n':
			return b.String(), nil
		case err != nil:
			return "", err
		}
	}
}

// askForVolumes asks, where a person sits at the terminal, whether volumes whose
// definition changed are to be recreated, which destroys their data; without an
// answer they stay.
func askForVolumes(c *console, op *operation.Operation) {
	if !c.Terminal.In || !c.Terminal.Err {
		return
	}
	op.Question = func(p plan.Plan) string {
		if len(p.Diverged) == 0 {
			return ""
		}
		if len(p.Diverged) > 1 {
			return "Volumes " + strings.Join(p.Diverged, ", ") + " have changed. Recreate them? All their data will be lost."
		}
		return "Volume " + p.Diverged[0] + " has changed. Recreate it? All its data will be lost."
	}
	op.Ask = func(question string) (bool, error) { return c.confirm(question, false) }
}
