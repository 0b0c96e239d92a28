package loader

import (
	"fmt"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/loader/hint"
	"github.com/musterdev/muster/loader/node"
	"github.com/musterdev/muster/restartpolicy"
)

// fields applies checks by key to the values of a mapping.
func (c *checker) fields(n *node.Node, path string, checks map[string]func(*node.Node, string)) {
	if n == nil || n.Kind != node.Mapping || n.Bad {
		return
	}
	for _, f := range n.Fields {
		if check := checks[f.Key]; check != nil && !f.Node.Bad && !f.Node.IsNull() {
			check(f.Node, path+"."+f.Key)
		}
	}
}

// named checks that the items of a list in short form have names.
func (c *checker) named(n *node.Node, path string) {
	for i, item := range n.Items {
		if text, ok := c.text(item); ok && (text == "" || text[0] == '=') {
			c.refuse(item, path+node.IndexElem(i), "the name is missing", "write NAME=value")
		}
	}
}

func (c *checker) environment(n *node.Node, path string) {
	c.named(n, path)
	for i, item := range n.Items {
		text, ok := c.text(item)
		if !ok {
			continue
		}
		if name, _, _ := strings.Cut(text, "="); strings.TrimRight(name, " \t") != name {
			c.reject(item, path+node.IndexElem(i), "there is white space before the equals sign", "write NAME=value")
		}
	}
}

func (c *checker) healthcheck(n *node.Node, path string) {
	c.fields(n, path, map[string]func(*node.Node, string){"test": c.healthTest})
}

func (c *checker) healthTest(n *node.Node, path string) {
	if n.Kind != node.Sequence {
		return
	}
	if len(n.Items) == 0 {
		return
	}
	first, ok := c.text(n.Items[0])
	if !ok {
		return
	}
	if kinds := []string{"CMD", "CMD-SHELL", "NONE"}; !slices.Contains(kinds, first) {
		c.reject(n.Items[0], path+"[0]", "a test in list form starts with CMD, CMD-SHELL or NONE", "for example [CMD, "+n.Items[0].Text+", …]")
		n.Bad = true
		return
	}
	if len(n.Items) == 1 && first != "NONE" {
		c.refuse(n, path, "there is no command after "+first, "")
	}
}

func (c *checker) deploy(n *node.Node, path string) {
	c.fields(n, path, map[string]func(*node.Node, string){
		"labels":         c.named,
		"mode":           c.deployMode,
		"restart_policy": c.deployRestart,
	})
	if limit := n.At("resources", "limits", "cpus"); limit != nil && !limit.Bad {
		c.cpus(limit, path+".resources.limits.cpus")
	}
}

// cpus refuses a limit that is too small for the kernel, which counts thousandths
// of a tenth of a second: the container cannot be started, or, with less than one
// of them, it has no limit at all.
func (c *checker) cpus(n *node.Node, path string) {
	const least = 0.01
	if limit, ok := n.Value.(float32); ok && limit > 0 && limit < least {
		c.refuse(n, path, fmt.Sprintf("%s is out of range: %v to 1000000, or 0 for no limit", node.QuoteValue(n), least), "")
	}
}

func (c *checker) deployMode(n *node.Node, path string) {
	modes := []string{"replicated", "global", "replicated-job", "global-job"}
	if text, ok := c.text(n); ok && !slices.Contains(modes, text) {
		c.refuse(n, path, node.QuoteValue(n)+" is not one of "+strings.Join(modes, ", "), hint.DidYouMean(text, modes))
	}
}

func (c *checker) deployRestart(n *node.Node, path string) {
	c.fields(n, path, map[string]func(*node.Node, string){
		"condition": func(n *node.Node, path string) {
			text, ok := c.text(n)
			if !ok {
				return
			}
			if _, err := restartpolicy.FromDeploy(text, nil, nil, nil); err != nil {
				hint := hint.DidYouMean(text, []string{"none", "on-failure", "any"})
				if hint == "" {
					hint = "use none, on-failure or any"
				}
				c.refuse(n, path, "unknown condition "+node.QuoteValue(n), hint)
				return
			}
			if specified := map[string]string{"no": "none", "always": "any"}[text]; specified != "" {
				c.s.warn(Warning{Pos: n.Pos, Path: path, Msg: node.QuoteValue(n) + " is a word of restart, it is taken for " + specified, Hint: "write " + specified})
			} else if text == "unless-stopped" {
				c.s.warn(Warning{Pos: n.Pos, Path: path, Msg: node.QuoteValue(n) + " is a word of restart and not of the specification; it is applied", Hint: "write restart: unless-stopped"})
			}
		},
	})
}

func (c *checker) build(n *node.Node, path string) {
	c.fields(n, path, map[string]func(*node.Node, string){
		"extra_hosts": c.extraHosts, "args": c.named, "labels": c.named, "additional_contexts": c.contexts, "ssh": c.keys,
		"platforms": c.list(c.platform),
	})
	contexts := n.Get("additional_contexts")
	if contexts == nil || contexts.Bad {
		return
	}
	for _, f := range contexts.Fields {
		if _, ok := f.Node.Str(); !ok && !f.Node.Bad {
			f.Node.Bad = true
			c.s.fail(&Error{Pos: f.Place(), Path: path + ".additional_contexts." + f.Key, Msg: "must be a path, a URL or service:NAME"})
		}
	}
}

// contexts and keys are lists in which a name alone says nothing.
func (c *checker) contexts(n *node.Node, path string) { c.assigned(n, path, "write NAME=CONTEXT", "") }

func (c *checker) keys(n *node.Node, path string) {
	c.assigned(n, path, "write NAME=PATH, or default for the agent", "default")
}

func (c *checker) assigned(n *node.Node, path, hint, alone string) {
	c.named(n, path)
	for i, item := range n.Items {
		if text, ok := c.text(item); ok && text != alone && !strings.Contains(text, "=") {
			c.reject(item, path+node.IndexElem(i), node.QuoteValue(item)+" has no value", hint)
		}
	}
}

// texts checks the values of a mapping that only takes text and integers.
func (c *checker) texts(n *node.Node, path string) {
	for _, f := range n.Fields {
		_, isText := f.Node.Str()
		if _, isInt := f.Node.Value.(int); !isText && !isInt && !f.Node.Bad && !f.Node.IsNull() {
			f.Node.Bad = true
			c.s.fail(&Error{Pos: f.Place(), Path: node.Dotted(path, f.Key), Msg: "must be a string or an integer", Hint: "put it in quotes"})
		}
	}
}

func (c *checker) extraHosts(n *node.Node, path string) {
	for i, item := range n.Items {
		text, ok := c.text(item)
		if !ok {
			continue
		}
		if _, err := types.NewHostsList([]string{text}); err != nil {
			c.reject(item, path+node.IndexElem(i), node.QuoteValue(item)+" has no address", "write host=address")
		}
	}
	for _, f := range n.Fields {
		if f.Key == "" || strings.ContainsAny(f.Key, ":=") {
			f.Node.Bad = true
			c.s.fail(&Error{Pos: f.Pos, Path: node.Dotted(path, f.Key), Msg: "is not a host name"})
		}
	}
}

func (c *checker) serviceNetworks(n *node.Node, path string) {
	for _, f := range n.Fields {
		c.fields(f.Node, node.Dotted(path, f.Key), map[string]func(*node.Node, string){
			"ipv4_address": c.address, "ipv6_address": c.address, "link_local_ips": c.list(c.address), "mac_address": c.mac,
		})
	}
}

func (c *checker) network(n *node.Node, path string) {
	pools := n.At("ipam", "config")
	if pools == nil || pools.Kind != node.Sequence {
		return
	}
	for i, pool := range pools.Items {
		at := path + ".ipam.config" + node.IndexElem(i)
		c.fields(pool, at, map[string]func(*node.Node, string){"subnet": c.prefix, "ip_range": c.prefix, "gateway": c.address})
		if aux := pool.Get("aux_addresses"); aux != nil && aux.Kind == node.Mapping {
			for _, f := range aux.Fields {
				c.address(f.Node, at+".aux_addresses."+f.Key)
			}
		}
	}
}

// command checks the shell-like splitting of a command in string form.
func (c *checker) command(n *node.Node, path string) {
	text, ok := c.text(n)
	if !ok {
		return
	}
	var command types.ShellCommand
	if err := command.DecodeMapstructure(text); err != nil {
		c.reject(n, path, "cannot be split into words: a quote is not closed", "write the command as a list")
	}
}
