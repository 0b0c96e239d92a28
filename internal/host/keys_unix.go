//go:build linux || darwin

package host

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// KeyMode returns a function that makes the terminal hand over keys one by one, and back. While it is on, a read or a change of
// mode in the background fails instead of stopping the process.
func KeyMode(terminal *os.File) func(resumed func()) (func(), error) {
	fd := int(terminal.Fd())
	return func(resumed func()) (func(), error) {
		before, err := unix.IoctlGetTermios(fd, getTermios)
		if err != nil {
			return nil, err
		}
		keys := *before
		keys.Lflag &^= unix.ICANON | unix.ECHO
		keys.Cc[unix.VMIN], keys.Cc[unix.VTIME] = 1, 0
		if err := unix.IoctlSetTermios(fd, setTermios, &keys); err != nil {
			return nil, err
		}
		signal.Ignore(syscall.SIGTTIN, syscall.SIGTTOU)
		continued := make(chan os.Signal, 1)
		signal.Notify(continued, syscall.SIGCONT)
		end, ended := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(ended)
			for {
				select {
				case <-continued:
					if foreground(fd) && unix.IoctlSetTermios(fd, setTermios, &keys) == nil {
						resumed()
					}
				case <-end:
					return
				}
			}
		}()
		return func() {
			signal.Stop(continued)
			close(end)
			<-ended
			if foreground(fd) {
				_ = unix.IoctlSetTermios(fd, setTermios, before) // the terminal may be gone
			}
			signal.Reset(syscall.SIGTTIN, syscall.SIGTTOU)
		}, nil
	}
}

// foreground reports whether this process may use its terminal.
func foreground(fd int) bool {
	group, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}
