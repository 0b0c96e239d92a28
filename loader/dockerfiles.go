package loader

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// maxDockerfile is the most that is read of a Dockerfile to learn what it builds on.
const maxDockerfile = 1 << 20

var (
	fromLine = regexp.MustCompile(`(?im)^[ \t]*FROM[ \t]+(?:--\S+[ \t]+)*(\S+)`)
	copyFrom = regexp.MustCompile(`(?im)^[ \t]*(?:COPY|ADD)[ \t]+(?:--\S+[ \t]+)*?--from=(\S+)`)
)

// baseImages finds the images that the services' Dockerfiles name, so that
// images which build on each other are built in order. Only projects that build
// several images have an order. What cannot be read is reported by the build.
func baseImages(p *types.Project) map[string][]string {
	bases := map[string][]string{}
	builds := 0
	for name, s := range p.AllServices() {
		if s.Build == nil {
			continue
		}
		builds++
		var images []string
		text := dockerfile(p.WorkingDir, s.Build)
		for _, line := range []*regexp.Regexp{fromLine, copyFrom} {
			for _, m := range line.FindAllStringSubmatch(text, -1) {
				images = append(images, m[1])
			}
		}
		bases[name] = images
	}
	if builds < 2 {
		return nil
	}
	return bases
}

// dockerfile is the text of a build's Dockerfile, or nothing if there is none here.
func dockerfile(dir string, b *types.BuildConfig) string {
	if b.DockerfileInline != "" {
		return b.DockerfileInline
	}
	if strings.Contains(b.Context, "://") || strings.HasPrefix(b.Context, "git@") {
		return ""
	}
	context := b.Context
	if !filepath.IsAbs(context) {
		context = filepath.Join(dir, context)
	}
	file := b.Dockerfile
	if file == "" {
		file = "Dockerfile"
	}
	if !filepath.IsAbs(file) {
		file = filepath.Join(context, file)
	}
	info, err := os.Stat(file)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxDockerfile {
		return ""
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	return string(text)
}
