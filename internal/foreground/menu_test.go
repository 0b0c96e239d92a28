package foreground

import (
	"strings"
	"testing"
)

// TestMenu: what the keys ask for, one after the other, and what the menu says then.
func TestMenu(t *testing.T) {
	names := map[keyCommand]string{noCommand: "-", newLine: "line", detach: "detach", toggleWatch: "watch", showLogs: "logs", restart: "restart"}
	for keys, c := range map[string]struct{ orders, says string }{
		"d":      {"detach", "w Enable Watch   l Logs of   r Restart   d Detach   Ctrl+C Stop"},
		"w\r":    {"watch, line", "w Enable Watch   l Logs of   r Restart   d Detach   Ctrl+C Stop"},
		"l":      {"-", "Logs of:   0 all   1 db   2 web   Esc back"},
		"r":      {"-", "Restart:   1 db   2 web   Esc back"},
		"l2":     {"-, logs web", "w Enable Watch   l Logs of   r Restart   d Detach   Ctrl+C Stop"},
		"l0":     {"-, logs", "w Enable Watch   l Logs of   r Restart   d Detach   Ctrl+C Stop"},
		"r1":     {"-, restart db", "w Enable Watch   l Logs of   r Restart   d Detach   Ctrl+C Stop"},
		"r0d":    {"-, -, detach", "w Enable Watch   l Logs of   r Restart   d Detach   Ctrl+C Stop"},
		"r3":     {"-, -", "w Enable Watch   l Logs of   r Restart   d Detach   Ctrl+C Stop"},
		"l\x1bd": {"-, -, detach", "w Enable Watch   l Logs of   r Restart   d Detach   Ctrl+C Stop"},
		"ld":     {"-, -", "w Enable Watch   l Logs of   r Restart   d Detach   Ctrl+C Stop"},
		"x1":     {"-, -", "w Enable Watch   l Logs of   r Restart   d Detach   Ctrl+C Stop"},
	} {
		services := []string{"db", "web"}
		m := &menu{}
		var got []string
		for _, key := range []byte(keys) {
			what, service := m.press(key, services)
			got = append(got, strings.TrimSpace(names[what]+" "+service))
		}
		if orders := strings.Join(got, ", "); orders != c.orders {
			t.Errorf("%q asks for %s, want %s", keys, orders, c.orders)
		}
		if says := strings.TrimSpace(m.line(services, true, false)); says != c.says {
			t.Errorf("after %q the menu says %q, want %q", keys, says, c.says)
		}
	}
	for _, c := range []struct {
		watchable, watching bool
		begins              string
	}{{false, false, "l Logs"}, {true, false, "w Enable"}, {true, true, "w Disable"}} {
		if says := strings.TrimSpace((&menu{}).line(nil, c.watchable, c.watching)); !strings.HasPrefix(says, c.begins) {
			t.Errorf("%+v: the menu says %q", c, says)
		}
	}
}
