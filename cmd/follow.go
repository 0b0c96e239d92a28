package cmd

import (
	"context"
	"errors"

	"github.com/musterdev/muster/convergence"
	"github.com/musterdev/muster/internal/ui"
)

func (s *session) followLogs(ctx context.Context, e convergence.Engine, t target, cs []convergence.Container, read convergence.LogOptions, style ui.LogStyle) error {
	return errors.New("following containers is not supported yet: use up --detach, or logs without --follow")
}
func (s *session) upAttached(ctx context.Context, op operation, opt upOptions, args []string) error {
	return errors.New("following containers is not supported yet: use up --detach, or logs without --follow")
}
