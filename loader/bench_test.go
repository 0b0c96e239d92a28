package loader_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/musterdev/muster/loader"
)

// manyServices is a Compose file of n services that use a bit of everything and
// depend on each other in a chain of layers.
func manyServices(n int) string {
	var b strings.Builder
	b.WriteString("x-base: &base\n  restart: unless-stopped\n  logging: {driver: json-file, options: {max-size: 10m}}\nservices:\n")
	for i := range n {
		fmt.Fprintf(&b, "  service%04d:\n    <<: *base\n    image: registry.example.com/team/service%d:${TAG:-1.0}\n", i, i)
		fmt.Fprintf(&b, "    command: [\"serve\", \"--port\", \"8080\"]\n    ports: [\"%d:8080\"]\n", 10000+i)
		b.WriteString("    environment:\n      LOG_LEVEL: info\n      DATABASE_URL: postgres://db/app\n      REGION: ${REGION:-eu}\n")
		b.WriteString("    volumes: [\"data:/data\", \"./conf:/etc/app:ro\"]\n    networks: [front, back]\n")
		b.WriteString("    healthcheck: {test: [CMD, check], interval: 10s, retries: 3}\n    labels: {team: a, tier: \"2\"}\n")
		b.WriteString("    deploy: {resources: {limits: {cpus: \"0.5\", memory: 256M}}}\n")
		if i >= 10 {
			fmt.Fprintf(&b, "    depends_on:\n      service%04d: {condition: service_healthy}\n      service%04d: {condition: service_started}\n", i-10, i-7)
		}
	}
	b.WriteString("volumes: {data: }\nnetworks: {front: , back: }\n")
	return b.String()
}

func benchmarkLoad(b *testing.B, services int) {
	text := manyServices(services)
	b.ReportAllocs()
	for b.Loop() {
		p, _, err := loader.Load(context.Background(), loader.Input{
			Files: []string{"-"}, Stdin: strings.NewReader(text), WorkingDir: b.TempDir(), ProjectName: "bench",
		})
		if err != nil {
			b.Fatal(err)
		}
		if len(p.Services) != services {
			b.Fatalf("%d services, want %d", len(p.Services), services)
		}
	}
}

// BenchmarkLoad3 is an everyday file.
func BenchmarkLoad3(b *testing.B) { benchmarkLoad(b, 3) }

// BenchmarkLoad1000 is a file of a thousand services, some 20 000 lines.
func BenchmarkLoad1000(b *testing.B) { benchmarkLoad(b, 1000) }
