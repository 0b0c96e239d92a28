package loader

import (
	"fmt"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/musterdev/muster/restartpolicy"
)

// fields applies checks by key to the values of a mapping.
func (c *checker) fields(n *node, path string, checks map[string]func(*node, string)) {
	if n == nil || n.kind != mapping || n.bad {
		return
	}
	for _, f := range n.fields {
		if check := checks[f.key]; check != nil && !f.node.bad && !f.node.isNull() {
			check(f.node, path+"."+f.key)
		}
	}
}

// named checks that the items of a list in short form have names.
func (c *checker) named(n *node, path string) {
	for i, item := range n.items {
		if text, ok := c.text(item); ok && (text == "" || text[0] == '=') {
			c.refuse(item, path+indexElem(i), "the name is missing", "write NAME=value")
		}
	}
}

func (c *checker) environment(n *node, path string) {
	c.named(n, path)
	for i, item := range n.items {
		text, ok := c.text(item)
		if !ok {
			continue
		}
		if name, _, _ := strings.Cut(text, "="); strings.TrimRight(name, " \t") != name {
			c.reject(item, path+indexElem(i), "there is white space before the equals sign", "write NAME=value")
		}
	}
}

func (c *checker) healthcheck(n *node, path string) {
	c.fields(n, path, map[string]func(*node, string){"test": c.healthTest})
}

func (c *checker) healthTest(n *node, path string) {
	if n.kind != sequence {
		return
	}
	if len(n.items) == 0 {
		return
	}
	first, ok := c.text(n.items[0])
	if !ok {
		return
	}
	if kinds := []string{"CMD", "CMD-SHELL", "NONE"}; !slices.Contains(kinds, first) {
		c.reject(n.items[0], path+"[0]", "a test in list form starts with CMD, CMD-SHELL or NONE", "for example [CMD, "+n.items[0].text+", …]")
		n.bad = true
		return
	}
	if len(n.items) == 1 && first != "NONE" {
		c.refuse(n, path, "there is no command after "+first, "")
	}
}

func (c *checker) deploy(n *node, path string) {
	c.fields(n, path, map[string]func(*node, string){
		"labels":         c.named,
		"mode":           c.deployMode,
		"restart_policy": c.deployRestart,
	})
	if limit := n.at("resources", "limits", "cpus"); limit != nil && !limit.bad {
		c.cpus(limit, path+".resources.limits.cpus")
	}
}

// cpus refuses a limit that is too small for the kernel, which counts thousandths
// of a tenth of a second: the container cannot be started, or, with less than one
// of them, it has no limit at all.
func (c *checker) cpus(n *node, path string) {
	const least = 0.01
	if limit, ok := n.value.(float32); ok && limit > 0 && limit < least {
		c.refuse(n, path, fmt.Sprintf("%s is out of range: %v to 1000000, or 0 for no limit", quoteValue(n), least), "")
	}
}

func (c *checker) deployMode(n *node, path string) {
	modes := []string{"replicated", "global", "replicated-job", "global-job"}
	if text, ok := c.text(n); ok && !slices.Contains(modes, text) {
		c.refuse(n, path, quoteValue(n)+" is not one of "+strings.Join(modes, ", "), didYouMean(text, modes))
	}
}

func (c *checker) deployRestart(n *node, path string) {
	c.fields(n, path, map[string]func(*node, string){
		"condition": func(n *node, path string) {
			text, ok := c.text(n)
			if !ok {
				return
			}
			if _, err := restartpolicy.FromDeploy(text, nil, nil, nil); err != nil {
				hint := didYouMean(text, []string{"none", "on-failure", "any"})
				if hint == "" {
					hint = "use none, on-failure or any"
				}
				c.refuse(n, path, "unknown condition "+quoteValue(n), hint)
				return
			}
			if specified := map[string]string{"no": "none", "always": "any"}[text]; specified != "" {
				c.s.warn(Warning{Pos: n.pos, Path: path, Msg: quoteValue(n) + " is a word of restart, it is taken for " + specified, Hint: "write " + specified})
			} else if text == "unless-stopped" {
				c.s.warn(Warning{Pos: n.pos, Path: path, Msg: quoteValue(n) + " is a word of restart and not of the specification; it is applied", Hint: "write restart: unless-stopped"})
			}
		},
	})
}

func (c *checker) build(n *node, path string) {
	c.fields(n, path, map[string]func(*node, string){
		"extra_hosts": c.extraHosts, "args": c.named, "labels": c.named, "additional_contexts": c.contexts, "ssh": c.keys,
		"platforms": c.list(c.platform),
	})
	contexts := n.get("additional_contexts")
	if contexts == nil || contexts.bad {
		return
	}
	for _, f := range contexts.fields {
		if _, ok := f.node.str(); !ok && !f.node.bad {
			f.node.bad = true
			c.s.fail(&Error{Pos: f.place(), Path: path + ".additional_contexts." + f.key, Msg: "must be a path, a URL or service:NAME"})
		}
	}
}

// contexts and keys are lists in which a name alone says nothing.
func (c *checker) contexts(n *node, path string) { c.assigned(n, path, "write NAME=CONTEXT", "") }

func (c *checker) keys(n *node, path string) {
	c.assigned(n, path, "write NAME=PATH, or default for the agent", "default")
}

func (c *checker) assigned(n *node, path, hint, alone string) {
	c.named(n, path)
	for i, item := range n.items {
		if text, ok := c.text(item); ok && text != alone && !strings.Contains(text, "=") {
			c.reject(item, path+indexElem(i), quoteValue(item)+" has no value", hint)
		}
	}
}

// texts checks the values of a mapping that only takes text and integers.
func (c *checker) texts(n *node, path string) {
	for _, f := range n.fields {
		_, isText := f.node.str()
		if _, isInt := f.node.value.(int); !isText && !isInt && !f.node.bad && !f.node.isNull() {
			f.node.bad = true
			c.s.fail(&Error{Pos: f.place(), Path: dotted(path, f.key), Msg: "must be a string or an integer", Hint: "put it in quotes"})
		}
	}
}

func (c *checker) extraHosts(n *node, path string) {
	for i, item := range n.items {
		text, ok := c.text(item)
		if !ok {
			continue
		}
		if _, err := types.NewHostsList([]string{text}); err != nil {
			c.reject(item, path+indexElem(i), quoteValue(item)+" has no address", "write host=address")
		}
	}
	for _, f := range n.fields {
		if f.key == "" || strings.ContainsAny(f.key, ":=") {
			f.node.bad = true
			c.s.fail(&Error{Pos: f.pos, Path: dotted(path, f.key), Msg: "is not a host name"})
		}
	}
}

func (c *checker) serviceNetworks(n *node, path string) {
	for _, f := range n.fields {
		c.fields(f.node, dotted(path, f.key), map[string]func(*node, string){
			"ipv4_address": c.address, "ipv6_address": c.address, "link_local_ips": c.list(c.address), "mac_address": c.mac,
		})
	}
}

func (c *checker) network(n *node, path string) {
	pools := n.at("ipam", "config")
	if pools == nil || pools.kind != sequence {
		return
	}
	for i, pool := range pools.items {
		at := path + ".ipam.config" + indexElem(i)
		c.fields(pool, at, map[string]func(*node, string){"subnet": c.prefix, "ip_range": c.prefix, "gateway": c.address})
		if aux := pool.get("aux_addresses"); aux != nil && aux.kind == mapping {
			for _, f := range aux.fields {
				c.address(f.node, at+".aux_addresses."+f.key)
			}
		}
	}
}

// command checks the shell-like splitting of a command in string form.
func (c *checker) command(n *node, path string) {
	text, ok := c.text(n)
	if !ok {
		return
	}
	var command types.ShellCommand
	if err := command.DecodeMapstructure(text); err != nil {
		c.reject(n, path, "cannot be split into words: a quote is not closed", "write the command as a list")
	}
}
