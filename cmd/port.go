package cmd

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/musterdev/muster/engine"
)

type portOptions struct {
	protocol string
	index    int
}

func portCmd(s *setup) *cobra.Command {
	var opt portOptions
	c := &cobra.Command{
		Use: "port [OPTIONS] SERVICE PRIVATE_PORT", Short: "Print the public port for a port binding", Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error { return runPort(c.Context(), s, opt, args[0], args[1]) },
	}
	c.Flags().StringVar(&opt.protocol, "protocol", "tcp", "tcp or udp")
	c.Flags().IntVar(&opt.index, "index", 0, "Index of the container if the service has several replicas")
	return c
}

func runPort(ctx context.Context, s *setup, opt portOptions, service, private string) error {
	number, err := strconv.ParseUint(private, 10, 16)
	if err != nil {
		return fmt.Errorf("invalid port %q: use a number up to 65535", private)
	}
	c, err := runningContainer(ctx, s.finder, s.engines, service, opt.index)
	if err != nil {
		return err
	}
	protocol := strings.ToLower(opt.protocol)
	var all []string
	for _, p := range c.Ports {
		if p.Container == int(number) && p.Protocol == protocol && p.HostPort != 0 {
			fmt.Fprintln(s.Out, net.JoinHostPort(p.HostIP, strconv.Itoa(p.HostPort)))
			return nil
		}
		all = append(all, fmt.Sprintf("%d/%s", p.Container, p.Protocol))
	}
	slices.Sort(all)
	has := cmp.Or(strings.Join(slices.Compact(all), ", "), "none published")
	return fmt.Errorf("no port %d/%s for container %s: %s", number, protocol, c.Name, has)
}

// runningContainer is the service's running container that a command without a
// replica number means: the lowest number first, one-offs last.
func runningContainer(ctx context.Context, n *finder, f *engines, service string, index int) (engine.Container, error) {
	var none engine.Container
	name, err := n.nameOnly(ctx)
	if err != nil {
		return none, err
	}
	e, err := f.engine()
	if err != nil {
		return none, err
	}
	return pickRunning(ctx, e, target{name: name}, service, index)
}
