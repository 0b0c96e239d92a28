package build

import (
	"bytes"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/solver/errdefs"
	"github.com/moby/buildkit/solver/pb"
)

// locate finds the instruction that a step came from. Engines of API 1.41 say
// which step failed, as "[stage 2/3] RUN make", but not where it stands.
func locate(filename string, dockerfile []byte, step string) (*errdefs.Source, bool) {
	if rest, found := strings.CutPrefix(step, "["); found {
		_, step, _ = strings.Cut(rest, "] ")
	}
	parsed, err := parser.Parse(bytes.NewReader(dockerfile))
	if err != nil || step == "" {
		return nil, false
	}
	wanted := normal(step)
	for _, node := range parsed.AST.Children {
		// The step shows arguments replaced and heredocs shortened; then the
		// longest common beginning has to do.
		written := normal(node.Original)
		if wanted == written || len(written) > 0 && strings.HasPrefix(wanted, written) {
			return &errdefs.Source{
				Info: &pb.SourceInfo{Filename: filename, Data: dockerfile},
				Ranges: []*pb.Range{{
					Start: &pb.Position{Line: int32(node.StartLine)}, End: &pb.Position{Line: int32(node.EndLine)},
				}},
			}, true
		}
	}
	return nil, false
}

// normal folds white space and the case of the instruction's name.
func normal(s string) string {
	fields := strings.Fields(s)
	if len(fields) > 0 {
		fields[0] = strings.ToUpper(fields[0])
	}
	return strings.Join(fields, " ")
}
