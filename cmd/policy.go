package cmd

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/musterdev/muster/project"
)

// deniedCode is the exit code of a project that the policy forbids.
const deniedCode = 78

// policyFlag lets a command that makes containers be held to a policy.
func policyFlag(f *pflag.FlagSet, policy *string) {
	f.StringVar(policy, "policy", "", "Refuse what the services ask of the host, with exit code 78: deny: and a list of "+strings.Join(project.GrantKinds[:], ", "))
}

// checkPolicy is an error if the named services, or what they need, ask for a
// grant that the policy, deny:KIND,KIND, forbids. An empty policy forbids nothing.
func checkPolicy(policy string, p *project.Project, names []string) error {
	if policy == "" {
		return nil
	}
	list, ok := strings.CutPrefix(policy, "deny:")
	denied := strings.Split(list, ",")
	unknown := slices.IndexFunc(denied, func(k string) bool { return !slices.Contains(project.GrantKinds[:], k) })
	if !ok || unknown >= 0 {
		return fmt.Errorf("--policy %q: give deny: and a list of %s", policy, strings.Join(project.GrantKinds[:], ", "))
	}
	p, err := p.Select(names...)
	if err != nil {
		return err
	}
	var errs []error
	for _, g := range p.Grants() {
		if slices.Contains(denied, g.Kind) {
			errs = append(errs, fmt.Errorf("%s: service %s asks for %s, forbidden by --policy deny:%s", g.Pos, g.Service, g.What, g.Kind))
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return &exitError{code: deniedCode, err: errors.Join(errs...)}
}
