package docker

import (
	"context"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"
)

// bulkTransport makes connections to a socket of this machine for long answers
// that come in small pieces. Go's network poller wakes up for each piece; with
// the engine on the same processors that costs more than the reading does. These
// connections block a thread instead, and are used for one call each.
func bulkTransport(socket string) http.RoundTripper {
	return &http.Transport{DisableKeepAlives: true, ReadBufferSize: bulkBuffer, DialContext: func(context.Context, string, string) (net.Conn, error) {
		fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
		if err != nil {
			return nil, os.NewSyscallError("socket", err)
		}
		if err := syscall.Connect(fd, &syscall.SockaddrUnix{Name: socket}); err != nil {
			_ = syscall.Close(fd) // it was never used
			return nil, os.NewSyscallError("connect", err)
		}
		return &bulkConn{os.NewFile(uintptr(fd), socket)}, nil
	}}
}

// bulkConn is a connection without deadlines. Close ends a Read under way.
type bulkConn struct{ file *os.File }

func (c *bulkConn) Read(b []byte) (int, error)  { return c.file.Read(b) }
func (c *bulkConn) Write(b []byte) (int, error) { return c.file.Write(b) }

func (c *bulkConn) Close() error {
	if raw, err := c.file.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { _ = syscall.Shutdown(int(fd), syscall.SHUT_RDWR) })
	}
	return c.file.Close()
}

func (c *bulkConn) LocalAddr() net.Addr  { return &net.UnixAddr{Net: "unix"} }
func (c *bulkConn) RemoteAddr() net.Addr { return &net.UnixAddr{Net: "unix", Name: c.file.Name()} }

func (c *bulkConn) SetDeadline(time.Time) error      { return os.ErrNoDeadline }
func (c *bulkConn) SetReadDeadline(time.Time) error  { return os.ErrNoDeadline }
func (c *bulkConn) SetWriteDeadline(time.Time) error { return os.ErrNoDeadline }
