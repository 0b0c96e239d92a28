package ui

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/musterdev/muster/engine"
	"github.com/musterdev/muster/project"
)

func containers(now time.Time) []engine.Container {
	return []engine.Container{
		{
			Ref: engine.Ref{ID: strings.Repeat("b", 64), Name: "demo-web-1"}, Project: "demo", Service: "web", Image: "web:1",
			Command: "/bin/server --with <flags>", State: engine.Running, Status: "Up 3 seconds (healthy)", Health: engine.HealthHealthy,
			Created: now.Add(-90 * time.Second), Labels: map[string]string{"b": "2", "a.key": "1", project.LabelConfigFiles: "/x/compose.yaml"},
			Ports: []engine.Port{
				{HostIP: "::", HostPort: 8080, Container: 80, Protocol: "tcp"}, {HostIP: "0.0.0.0", HostPort: 8080, Container: 80, Protocol: "tcp"},
				{HostIP: "0.0.0.0", HostPort: 8081, Container: 81, Protocol: "tcp"}, {Container: 9000, Protocol: "udp"},
			},
			Mounts:   []engine.Mount{{Type: "volume", Name: "demo_a-very-long-name", Target: "/data"}, {Type: "bind", Source: "/srv", Target: "/srv"}},
			Networks: []engine.Attachment{{Network: "demo_back"}, {Network: "demo_default"}},
		},
		{
			Ref: engine.Ref{ID: strings.Repeat("a", 64), Name: "demo-job-1"}, Project: "demo", Service: "job", Image: "job:1",
			Command: "true", State: engine.Exited, Status: "Exited (3) 2 minutes ago", ExitCode: 3, Created: now.Add(-3 * time.Hour),
		},
	}
}

func TestContainerFormats(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, c := range []struct {
		format string
		full   bool
		want   string
	}{
		{"", false, `NAME         IMAGE     COMMAND                  SERVICE   CREATED              STATUS                     PORTS
demo-job-1   job:1     "true"                   job       3 hours ago          Exited (3) 2 minutes ago   
demo-web-1   web:1     "/bin/server --with …"   web       About a minute ago   Up 3 seconds (healthy)     0.0.0.0:8080-8081->80-81/tcp, [::]:8080->80/tcp, 9000/udp
`},
		{"json", false, `{"Command":"\"true\"","CreatedAt":"2026-01-02 00:04:05 +0000 UTC","Engine":"","ExitCode":3,"Health":"","ID":"aaaaaaaaaaaa","Image":"job:1","Labels":"","LocalVolumes":"0","Mounts":"","Name":"demo-job-1","Names":"demo-job-1","Networks":"","Ports":"","Project":"demo","Publishers":[],"RunningFor":"3 hours ago","Service":"job","Size":"0B","State":"exited","Status":"Exited (3) 2 minutes ago"}
{"Command":"\"/bin/server --with …\"","CreatedAt":"2026-01-02 03:02:35 +0000 UTC","Engine":"","ExitCode":0,"Health":"healthy","ID":"bbbbbbbbbbbb","Image":"web:1","Labels":"a.key=1,b=2,com.docker.compose.project.config_files=/x/compose.yaml","LocalVolumes":"1","Mounts":"demo_a-very-lo…,/srv","Name":"demo-web-1","Names":"demo-web-1","Networks":"demo_back,demo_default","Ports":"0.0.0.0:8080-8081->80-81/tcp, [::]:8080->80/tcp, 9000/udp","Project":"demo","Publishers":[{"URL":"0.0.0.0","TargetPort":80,"PublishedPort":8080,"Protocol":"tcp"},{"URL":"::","TargetPort":80,"PublishedPort":8080,"Protocol":"tcp"},{"URL":"0.0.0.0","TargetPort":81,"PublishedPort":8081,"Protocol":"tcp"},{"URL":"","TargetPort":9000,"PublishedPort":0,"Protocol":"udp"}],"RunningFor":"About a minute ago","Service":"web","Size":"0B","State":"running","Status":"Up 3 seconds (healthy)"}
`},
		{"{{.ID}} {{.Command}} {{.Mounts}}", true, strings.Repeat("a", 64) + ` "true" ` + "\n" + strings.Repeat("b", 64) + ` "/bin/server --with <flags>" demo_a-very-long-name,/srv` + "\n"},
		{`table {{.Name}}\t{{.Label "a.key"}}\t{{upper .State}}`, false, "NAME         KEY       STATE\ndemo-job-1             EXITED\ndemo-web-1   1         RUNNING\n"},
		{"{{range .Publishers}}{{.PublishedPort}} {{end}}", false, "\n8080 8080 8081 0 \n"},
		{"raw", false, "container_id: aaaaaaaaaaaa\nimage: job:1\ncommand: \"true\"\ncreated_at: 2026-01-02 00:04:05 +0000 UTC\nstate: exited\nstatus: Exited (3) 2 minutes ago\nnames: demo-job-1\nlabels: \nports: \n\n" +
			"container_id: bbbbbbbbbbbb\nimage: web:1\ncommand: \"/bin/server --with …\"\ncreated_at: 2026-01-02 03:02:35 +0000 UTC\nstate: running\nstatus: Up 3 seconds (healthy)\nnames: demo-web-1\nlabels: a.key=1,b=2,com.docker.compose.project.config_files=/x/compose.yaml\nports: 0.0.0.0:8080-8081->80-81/tcp, [::]:8080->80/tcp, 9000/udp\n\n"},
	} {
		var out bytes.Buffer
		if err := ContainerTable(containers(now), nil, now, c.full).Print(&out, c.format); err != nil {
			t.Errorf("%s: %v", c.format, err)
		}
		if got := out.String(); got != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.format, got, c.want)
		}
	}
}

func TestFormatErrors(t *testing.T) {
	table := ContainerTable(containers(time.Now()), nil, time.Now(), false)
	for _, format := range []string{"xml", "{{.Nope}}", "{{", "table {{.Nope}}"} {
		var out bytes.Buffer
		if err := table.Print(&out, format); err == nil || !strings.Contains(err.Error(), "format") {
			t.Errorf("%s: error %v", format, err)
		}
	}
}

func TestNamesCannotDriveTheTerminal(t *testing.T) {
	var out bytes.Buffer
	cs := []engine.Container{{Ref: engine.Ref{Name: "x"}, Image: "a\x1b[2J", Labels: map[string]string{"l": "\x1b]0;t\a"}}}
	for _, format := range []string{"", `{{.Image}} {{.Label "l"}} {{.Labels}}`} {
		if err := ContainerTable(cs, nil, time.Now(), false).Print(&out, format); err != nil {
			t.Fatal(err)
		}
	}
	if strings.Contains(out.String(), "\x1b") {
		t.Errorf("escape sequence in %q", out.String())
	}
}

func TestProjectFormats(t *testing.T) {
	cs := append(containers(time.Now()), engine.Container{Project: "other", State: engine.Running})
	for format, want := range map[string]string{
		"":     "NAME                STATUS                  CONFIG FILES\ndemo                exited(1), running(1)   /x/compose.yaml\nother               running(1)              N/A\n",
		"json": `[{"Name":"demo","Status":"exited(1), running(1)","ConfigFiles":"/x/compose.yaml"},{"Name":"other","Status":"running(1)","ConfigFiles":"N/A"}]` + "\n",
	} {
		var out bytes.Buffer
		if err := ProjectTable(cs).Print(&out, format); err != nil {
			t.Fatal(err)
		}
		if got := out.String(); got != want {
			t.Errorf("%q: got\n%s\nwant\n%s", format, got, want)
		}
	}
	var out bytes.Buffer
	if err := ProjectTable(nil).Print(&out, "json"); err != nil || out.String() != "[]\n" {
		t.Errorf("nothing: %q, %v", out.String(), err)
	}
}

func TestAgo(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "Less than a second", time.Second: "1 second", 59 * time.Second: "59 seconds", time.Minute: "About a minute",
		45 * time.Minute: "45 minutes", time.Hour: "About an hour", 3 * time.Hour: "3 hours", 50 * time.Hour: "2 days",
		15 * 24 * time.Hour: "2 weeks", 100 * 24 * time.Hour: "3 months", 1000 * 24 * time.Hour: "2 years",
	} {
		if got := ago(d); got != want {
			t.Errorf("ago(%s) = %q, want %q", d, got, want)
		}
	}
}

func TestBytes(t *testing.T) {
	for n, want := range map[int64]string{0: "0B", 999: "999B", 1000: "1kB", 1420000: "1.42MB", 5_000_000_000: "5GB"} {
		if got := byteSize(n); got != want {
			t.Errorf("byteSize(%d) = %q, want %q", n, got, want)
		}
	}
}
