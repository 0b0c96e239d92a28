package docker

import (
	"context"
	"io"
)

// body is what a request sends: it ends with ctx, even while its source is waited
// for, such as a standard input that nobody writes to. An HTTP client would wait on.
func body(ctx context.Context, source io.Reader) io.ReadCloser {
	r, w := io.Pipe()
	go func() {
		_, err := io.Copy(w, source)
		_ = w.CloseWithError(err) // nil is the end
	}()
	return &ending{r, context.AfterFunc(ctx, func() { _ = r.CloseWithError(context.Cause(ctx)) })}
}

type ending struct {
	*io.PipeReader
	forget func() bool
}

// Close lets the source go.
func (e *ending) Close() error {
	e.forget()
	return e.PipeReader.Close()
}
