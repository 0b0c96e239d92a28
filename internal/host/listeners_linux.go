package host

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/musterdev/muster/convergence/plan"
)

// Listeners are the sockets of this machine that listen on one of the ports,
// with the processes that hold them as far as we may see them. Nothing is known
// where /proc cannot be read. The engine's own sockets are not among them: the
// containers that they serve are in its list, and the socket of one that has just
// stopped may live a moment longer than the container.
func Listeners(ports []int) []plan.Listener {
	var found []plan.Listener
	inodes := map[string][]int{} // socket inode → indices of found
	engines := engineSockets()
	for _, table := range []string{"tcp", "tcp6", "udp", "udp6"} {
		f, err := os.Open("/proc/net/" + table)
		if err != nil {
			continue
		}
		for _, s := range parseSockets(f, strings.TrimSuffix(table, "6")) {
			if slices.Contains(ports, s.Port) && !engines[engineSocket{s.Protocol, s.Port}] {
				inodes[s.inode] = append(inodes[s.inode], len(found))
				found = append(found, s.Listener)
			}
		}
		f.Close()
	}
	if len(found) > 0 {
		nameProcesses(inodes, found)
	}
	return found
}

// engineSocket is what a docker-proxy process holds for a published port.
type engineSocket struct {
	protocol string
	port     int
}

// engineSockets are the ports of all docker-proxy processes. Their command lines
// are read because their sockets are hidden from users other than root.
func engineSockets() map[engineSocket]bool {
	found := map[engineSocket]bool{}
	names, err := filepath.Glob("/proc/[0-9]*/comm")
	if err != nil {
		return found
	}
	for _, name := range names {
		if comm, err := os.ReadFile(name); err != nil || string(comm) != "docker-proxy\n" {
			continue
		}
		line, err := os.ReadFile(filepath.Join(filepath.Dir(name), "cmdline"))
		if err != nil {
			continue
		}
		if s, ok := parseProxy(string(line)); ok {
			found[s] = true
		}
	}
	return found
}

// parseProxy reads a docker-proxy's command line, whose words end with NUL.
func parseProxy(line string) (engineSocket, bool) {
	var s engineSocket
	words := strings.Split(line, "\x00")
	for i, w := range words[:len(words)-1] {
		switch strings.TrimLeft(w, "-") {
		case "proto":
			s.protocol = words[i+1]
		case "host-port":
			port, err := strconv.ParseUint(words[i+1], 10, 16)
			if err != nil {
				return engineSocket{}, false
			}
			s.port = int(port)
		}
	}
	return s, s.protocol != "" && s.port != 0
}

type socket struct {
	plan.Listener
	inode string
}

// parseSockets reads one of /proc/net/{tcp,udp}{,6}: sockets that accept
// connections, or datagrams of anybody.
func parseSockets(r io.Reader, protocol string) []socket {
	const listen, unconnected = "0A", "07"
	var sockets []socket
	for lines := bufio.NewScanner(r); lines.Scan(); {
		f := strings.Fields(lines.Text())
		if len(f) < 10 || (protocol == "tcp" && f[3] != listen) || (protocol == "udp" && f[3] != unconnected) {
			continue
		}
		address, portText, _ := strings.Cut(f[1], ":")
		port, err := strconv.ParseUint(portText, 16, 16)
		ip := kernelAddress(address)
		if err != nil || ip == nil {
			continue
		}
		s := socket{plan.Listener{IP: ip.String(), Port: int(port), Protocol: protocol}, f[9]}
		if ip.IsUnspecified() {
			s.IP = ""
		}
		sockets = append(sockets, s)
	}
	return sockets
}

// kernelAddress decodes an address that the kernel prints as words in the
// machine's byte order.
func kernelAddress(text string) net.IP {
	b, err := hex.DecodeString(text)
	if err != nil || (len(b) != net.IPv4len && len(b) != net.IPv6len) {
		return nil
	}
	for word := b; len(word) > 0; word = word[4:] {
		binary.NativeEndian.PutUint32(word, binary.BigEndian.Uint32(word))
	}
	return net.IP(b)
}

// nameProcesses finds the processes that hold the sockets.
func nameProcesses(inodes map[string][]int, found []plan.Listener) {
	fds, err := filepath.Glob("/proc/[0-9]*/fd/*")
	if err != nil {
		return
	}
	for _, fd := range fds {
		link, err := os.Readlink(fd)
		if err != nil {
			continue
		}
		inode, ok := strings.CutPrefix(link, "socket:[")
		if !ok {
			continue
		}
		for _, i := range inodes[strings.TrimSuffix(inode, "]")] {
			if found[i].Process == "" {
				found[i].Process = processName(filepath.Dir(filepath.Dir(fd)))
			}
		}
	}
}

func processName(dir string) string {
	name, err := os.ReadFile(filepath.Join(dir, "comm"))
	if err != nil {
		return ""
	}
	return fmt.Sprintf("process %s (pid %s)", strings.TrimSpace(string(name)), filepath.Base(dir))
}
