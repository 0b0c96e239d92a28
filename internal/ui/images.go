package ui

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/musterdev/muster/engine"
)

// ImageRow is a container's image as `images` shows it. The fields are those of
// Docker Compose's JSON.
type ImageRow struct {
	ID            string
	ContainerName string
	Repository    string
	Tag           string
	Platform      string
	Size          any        // bytes as an int64; text in the table
	Created       *time.Time `json:",omitempty"`
	LastTagTime   *time.Time `json:",omitempty"`

	age string
}

// Age is how long ago the image was created, for the table.
func (r ImageRow) Age() string { return r.age }

// ImageTable is the table of `images`: a row per container, by its name. For
// machines IDs are whole and sizes are numbers.
func ImageTable(cs []engine.Container, images []engine.Image, now time.Time, machine bool) Table[ImageRow] {
	t := Table[ImageRow]{
		Header:  ImageRow{ID: "IMAGE ID", ContainerName: "CONTAINER", Repository: "REPOSITORY", Tag: "TAG", Platform: "PLATFORM", Size: "SIZE", age: "CREATED"},
		Columns: "{{.ContainerName}}\t{{.Repository}}\t{{.Tag}}\t{{.Platform}}\t{{.ID}}\t{{.Size}}\t{{.Age}}", MinWidth: 20, Array: true,
	}
	cs = slices.Clone(cs)
	slices.SortStableFunc(cs, func(a, b engine.Container) int { return cmp.Compare(a.Name, b.Name) })
	for _, c := range cs {
		r := ImageRow{ID: c.ImageID, ContainerName: c.Name, Platform: "N/A", Size: int64(0), age: "N/A"}
		i := slices.IndexFunc(images, func(m engine.Image) bool { return m.ID == c.ImageID })
		if i >= 0 {
			r.fill(images[i], c.Image, now)
		} else { // the image was deleted since
			r.Repository, r.Tag = splitTag(c.Image)
		}
		if !machine {
			r.ID = strings.TrimPrefix(r.ID, "sha256:")
			r.ID = r.ID[:min(12, len(r.ID))]
			r.Size = byteSize(r.Size.(int64))
		}
		t.Rows = append(t.Rows, r)
	}
	return t
}

// fill tells of the image; of its tags the one that the container was made from.
func (r *ImageRow) fill(m engine.Image, asked string, now time.Time) {
	tag := ""
	if len(m.Tags) > 0 {
		tag = m.Tags[0]
		if slices.Contains(m.Tags, asked) {
			tag = asked
		}
	}
	r.Repository, r.Tag = splitTag(tag)
	r.Platform, r.Size = m.Platform, m.Size
	if !m.Created.IsZero() {
		r.Created, r.age = &m.Created, ago(now.Sub(m.Created))+" ago"
	}
	if !m.LastTagged.IsZero() {
		r.LastTagTime = &m.LastTagged
	}
}

func splitTag(ref string) (repository, tag string) {
	if ref == "" || strings.HasPrefix(ref, "sha256:") {
		return "<none>", "<none>"
	}
	ref, _, _ = strings.Cut(ref, "@")
	if i := strings.LastIndexByte(ref, ':'); i > strings.LastIndexByte(ref, '/') {
		return ref[:i], ref[i+1:]
	}
	return ref, "latest"
}
