package faultproxy

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// shortBody is the longest request body that the record keeps.
const shortBody = 64 << 10

var apiVersion = regexp.MustCompile(`^/v[0-9]+\.[0-9]+/`)

// serve passes one call on, with what the rules do to it.
func (p *Proxy) serve(w http.ResponseWriter, r *http.Request) {
	c := Call{Method: r.Method, Path: apiVersion.ReplaceAllString(r.URL.Path, "/"), Query: r.URL.RawQuery}
	if r.ContentLength > 0 && r.ContentLength <= shortBody {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler) // the client went away
		}
		c.Body, r.Body = string(body), io.NopCloser(bytes.NewReader(body))
	}
	c, f := p.admit(c)
	if !run(r.Context(), f.before, c, w) {
		return
	}
	conn, err := net.Dial("unix", p.upstream)
	if err != nil {
		http.Error(w, `{"message":"`+err.Error()+`"}`, http.StatusBadGateway)
		return
	}
	defer conn.Close()
	// When the client leaves or the proxy closes, the engine must notice too.
	defer context.AfterFunc(r.Context(), func() { conn.Close() })()
	sent := make(chan error, 1)
	go func() { sent <- r.Write(conn) }()
	defer func() {
		conn.Close()
		<-sent
	}()
	in := bufio.NewReader(conn)
	answer, err := http.ReadResponse(in, r)
	if err != nil {
		panic(http.ErrAbortHandler) // the engine closed the connection: so do we
	}
	// The body is not closed: that would read a stream to its end, and the
	// connection, which nobody uses again, is.
	p.answered(c, answer.StatusCode)
	if f.life > 0 {
		defer time.AfterFunc(f.life, func() { conn.Close() }).Stop()
	}
	if raw(answer) {
		if run(r.Context(), f.after, c, w) {
			join(w, conn, in, answer)
		}
		return
	}
	if len(f.after) > 0 && !strings.HasPrefix(c.Path, "/events") {
		body, err := io.ReadAll(answer.Body) // the engine is done when its answer is
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		answer.Body = io.NopCloser(bytes.NewReader(body))
	}
	if run(r.Context(), f.after, c, w) {
		f.relay(w, answer)
	}
}

// run does the steps and reports whether the call goes on.
func run(ctx context.Context, steps []step, c Call, w http.ResponseWriter) bool {
	for _, s := range steps {
		err := s(ctx, c)
		var status *statusError
		switch {
		case errors.As(err, &status):
			body, _ := json.Marshal(map[string]string{"message": status.message}) // cannot fail for strings
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status.code)
			_, _ = w.Write(body) // the client may be gone
			return false
		case err != nil:
			panic(http.ErrAbortHandler) // closes the connection without an answer
		}
	}
	return true
}

// raw reports whether the answer turns the connection into a two-way stream.
func raw(a *http.Response) bool {
	if a.StatusCode == http.StatusSwitchingProtocols {
		return true
	}
	kind := a.Header.Get("Content-Type")
	return a.StatusCode == http.StatusOK && a.ContentLength < 0 && len(a.TransferEncoding) == 0 &&
		(kind == "application/vnd.docker.raw-stream" || kind == "application/vnd.docker.multiplexed-stream")
}

// join connects client and engine byte by byte until both have finished.
func join(w http.ResponseWriter, engine net.Conn, in *bufio.Reader, answer *http.Response) {
	client, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer client.Close()
	head := "HTTP/1.1 " + answer.Status + "\r\n"
	var b strings.Builder
	b.WriteString(head)
	_ = answer.Header.Write(&b) // a strings.Builder does not fail
	b.WriteString("\r\n")
	if _, err := io.WriteString(client, b.String()); err != nil {
		return
	}
	// Read past the server's own reader, which would cancel the request's
	// context at the client's half-close.
	ahead := io.LimitReader(buffered, int64(buffered.Reader.Buffered()))
	up := make(chan struct{})
	go func() {
		defer close(up)
		_, _ = io.Copy(engine, io.MultiReader(ahead, client)) // ends with either side
		closeWrite(engine)
	}()
	_, _ = io.Copy(client, in)
	closeWrite(client)
	client.Close() // the engine has ended: nothing more is to be said
	<-up
}

func closeWrite(c net.Conn) {
	if h, ok := c.(interface{ CloseWrite() error }); ok {
		_ = h.CloseWrite() // closed already is as good
	}
}

// relay passes the answer on, tampered with.
func (f *fault) relay(w http.ResponseWriter, answer *http.Response) {
	for k, v := range answer.Header {
		w.Header()[k] = v
	}
	if len(f.lines) > 0 {
		w.Header().Del("Content-Length") // lines come and go
	}
	w.WriteHeader(answer.StatusCode)
	out := &flusher{w: w, to: http.NewResponseController(w)}
	_ = out.to.Flush() // a stream's client waits for the head
	var body io.Reader = answer.Body
	if f.limited {
		body = io.LimitReader(body, f.cut)
	}
	var err error
	if len(f.lines) > 0 {
		err = f.edit(out, body)
	} else {
		_, err = io.Copy(out, body)
	}
	if err != nil || f.limited {
		panic(http.ErrAbortHandler) // closes the connection amid the body
	}
}

// edit passes lines through the rules' functions.
func (f *fault) edit(w io.Writer, body io.Reader) error {
	in := bufio.NewReader(body)
	for {
		line, err := in.ReadString('\n')
		if line != "" {
			lines := []string{strings.TrimSuffix(line, "\n")}
			for _, edit := range f.lines {
				var next []string
				for _, l := range lines {
					next = append(next, edit(l)...)
				}
				lines = next
			}
			for _, l := range lines {
				if _, err := io.WriteString(w, l+"\n"); err != nil {
					return err
				}
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// flusher sends every write on at once, as streams need.
type flusher struct {
	w  io.Writer
	to *http.ResponseController
}

func (f *flusher) Write(p []byte) (int, error) {
	n, err := f.w.Write(p)
	if err == nil {
		err = f.to.Flush()
	}
	return n, err
}
