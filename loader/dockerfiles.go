package loader

import (
	"path/filepath"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// maxDockerfile is the most that is read of a Dockerfile to learn what it builds on.
const maxDockerfile = 1 << 20

// baseImages finds the images that the services' Dockerfiles use, so that
// images which build on each other are built in order. Only projects that build
// several images have an order. What cannot be read is reported by the build.
func baseImages(p *types.Project) map[string][]string {
	builds := map[string]*types.BuildConfig{}
	for name, s := range p.AllServices() {
		if s.Build != nil {
			builds[name] = s.Build
		}
	}
	if len(builds) < 2 {
		return nil
	}
	bases := map[string][]string{}
	for name, b := range builds {
		args := func(arg string) (string, bool) {
			value, given := b.Args[arg]
			switch {
			case !given:
				return "", false
			case value != nil:
				return *value, true
			}
			inherited, set := p.Environment[arg]
			return inherited, set
		}
		for _, ref := range stagesOf(dockerfile(p.WorkingDir, b), args).images(b.Target) {
			if ref = inContexts(ref, b.AdditionalContexts); ref != "" {
				bases[name] = append(bases[name], ref)
			}
		}
	}
	return bases
}

// inContexts is the image that stands for a name of the Dockerfile: a named
// context of the build comes first, and may be an image. It is empty if the
// context is none.
func inContexts(ref string, contexts map[string]string) string {
	for _, name := range []string{ref, strings.TrimSuffix(ref, ":latest"), ref + ":latest"} {
		if value, named := contexts[name]; named {
			image, isImage := strings.CutPrefix(value, "docker-image://")
			if !isImage {
				return ""
			}
			return image
		}
	}
	return ref
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
	text, err := readRegular(file, maxDockerfile)
	if err != nil {
		return ""
	}
	return string(text)
}
