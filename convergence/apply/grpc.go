package apply

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
)

const (
	// healthCheck is the standard method by which a gRPC server says how it is: the
	// health checking protocol of gRPC.
	healthCheck = "/grpc.health.v1.Health/Check"

	grpcOK            = "0"
	grpcUnimplemented = "12" // the server has no such method

	// mostOfHealth is far more than an answer about health takes.
	mostOfHealth = 1 << 10
)

// probeGRPC asks a gRPC server at the address, without TLS, how it is. It is ready
// if it is serving, or has no health service and says so.
func probeGRPC(ctx context.Context, address string) (bool, error) {
	once, done, err := dialHTTP(ctx, address)
	if err != nil {
		return false, err
	}
	defer done()
	empty := make([]byte, 5) // no compression, no length: it asks for the server as a whole
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+healthCheck, bytes.NewReader(empty))
	if err != nil {
		return false, err
	}
	req.Header = http.Header{"Content-Type": {"application/grpc"}, "Te": {"trailers"}, "User-Agent": {probeAgent}}
	once.Protocols = new(http.Protocols)
	once.Protocols.SetUnencryptedHTTP2(true)
	resp, err := (&http.Client{Transport: once, CheckRedirect: stay}).Do(req)
	if err != nil {
		return false, errors.Join(errAnswered, err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, mostOfHealth))
	if err != nil {
		return false, errors.Join(errAnswered, err)
	}
	if !strings.HasPrefix(resp.Header.Get("Content-Type"), "application/grpc") {
		return false, nil // a web server
	}
	// The status follows the answer; without one it can stand at the head.
	switch cmp.Or(resp.Trailer.Get("Grpc-Status"), resp.Header.Get("Grpc-Status")) {
	case grpcOK:
		return bytes.Equal(answer, serving()), nil
	case grpcUnimplemented:
		return true, nil
	}
	return false, nil
}

// serving is the answer of a server that is well: not compressed, of two bytes, the
// first field of the message is 1.
func serving() []byte { return []byte{0, 0, 0, 0, 2, 1 << 3, 1} }
