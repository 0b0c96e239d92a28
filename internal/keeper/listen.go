package keeper

import (
	"errors"
	"net"

	"github.com/musterdev/muster/internal/lock"
	"github.com/musterdev/muster/internal/metrics"
)

// listen opens what serves status and metrics of the project: its own socket,
// which whoever may use the engine can use too, and where else it was asked for.
func listen(opt Options) ([]net.Listener, error) {
	socket, err := lock.Socket(opt.Place)
	if err != nil {
		opt.Report.Warn("ps and up cannot see this supervisor: " + err.Error())
	}
	var listeners []net.Listener
	for _, at := range []string{socket, opt.Metrics} {
		if at == "" {
			continue
		}
		group := metrics.Nobody
		if at == socket {
			at, group = "unix:"+socket, lock.Group(opt.Place.Engine)
		}
		l, err := metrics.Listen(at, group)
		if err != nil {
			return nil, errors.Join(err, closeAll(listeners))
		}
		listeners = append(listeners, l)
	}
	return listeners, nil
}

func closeAll(listeners []net.Listener) (err error) {
	for _, l := range listeners {
		err = errors.Join(err, l.Close())
	}
	return err
}
