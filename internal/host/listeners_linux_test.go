package host

import (
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/musterdev/muster/convergence/plan"
)

func TestListenersNamesTheHolder(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	all := Listeners([]int{port})
	i := slices.IndexFunc(all, func(l plan.Listener) bool { return l.IP == "127.0.0.1" && l.Protocol == "tcp" })
	if i < 0 {
		t.Fatalf("no listener on port %d among %v", port, all)
	}
	if want := fmt.Sprintf("(pid %d)", os.Getpid()); !strings.HasSuffix(all[i].Process, want) {
		t.Errorf("held by %q, want ... %s", all[i].Process, want)
	}
}

func TestParseSockets(t *testing.T) {
	const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 100 1 0 100 0 0 10 0
   1: 0100007F:0050 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 101 1 0 100 0 0 10 0
   2: nonsense
`
	got := parseSockets(strings.NewReader(table), "tcp")
	if len(got) != 1 || got[0].Listener != (plan.Listener{Port: 8080, Protocol: "tcp"}) || got[0].inode != "100" {
		t.Errorf("got %+v", got)
	}
}

func TestParseProxy(t *testing.T) {
	tests := []struct {
		line string
		want engineSocket
		ok   bool
	}{
		{"/usr/bin/docker-proxy -proto tcp -host-ip 127.0.0.1 -host-port 8080 -container-ip 172.18.0.2 -container-port 80", engineSocket{"tcp", 8080}, true},
		{"docker-proxy --proto udp --host-port 53 --use-listen-fd", engineSocket{"udp", 53}, true},
		{"docker-proxy -proto tcp -host-port 65536", engineSocket{}, false},
		{"docker-proxy -proto tcp", engineSocket{protocol: "tcp"}, false},
		{"", engineSocket{}, false},
	}
	for _, tt := range tests {
		line := strings.ReplaceAll(tt.line, " ", "\x00") + "\x00"
		if got, ok := parseProxy(line); got != tt.want || ok != tt.ok {
			t.Errorf("%s: got %v, %v, want %v, %v", tt.line, got, ok, tt.want, tt.ok)
		}
	}
}
