package docker

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

// frames reads the engine's multiplexed output: a header of eight bytes, whose
// first is the stream and whose last four are the length, then that many bytes.
// It holds no payload, however long a frame is.
type frames struct {
	r    *bufio.Reader
	left uint32 // bytes of the current frame that are still to be read
}

// The streams that a frame can belong to. System errors are the engine's own
// words and belong to neither of the program's streams.
const (
	streamStdin  = 0
	streamStdout = 1
	streamStderr = 2
	streamSystem = 3
)

func newFrames(r io.Reader) *frames { return &frames{r: bufio.NewReaderSize(r, 64<<10)} }

// next goes to the next frame and returns its stream, io.EOF after the last
// one. What was not read of the frame before is skipped.
func (f *frames) next() (stream byte, err error) {
	if f.left > 0 {
		if _, err := io.CopyN(io.Discard, f.r, int64(f.left)); err != nil {
			return 0, noEOF(err)
		}
		f.left = 0
	}
	var header [8]byte
	if _, err := io.ReadFull(f.r, header[:]); err != nil {
		return 0, err // io.EOF between frames, io.ErrUnexpectedEOF within a header
	}
	if header[0] > streamSystem || header[1] != 0 || header[2] != 0 || header[3] != 0 {
		return 0, fmt.Errorf("output is not framed: unexpected header % x", header[:4])
	}
	f.left = binary.BigEndian.Uint32(header[4:])
	if header[0] != streamSystem {
		return header[0], nil
	}
	text, err := io.ReadAll(io.LimitReader(f, 4<<10))
	if err != nil {
		return 0, err
	}
	return 0, fmt.Errorf("the engine says: %s", text)
}

// Read reads from the current frame and returns io.EOF at its end.
func (f *frames) Read(p []byte) (int, error) {
	if f.left == 0 {
		return 0, io.EOF
	}
	if uint32(min(len(p), 1<<30)) > f.left {
		p = p[:f.left]
	}
	n, err := f.r.Read(p)
	f.left -= uint32(n)
	if err == io.EOF && f.left > 0 {
		return n, io.ErrUnexpectedEOF
	}
	if err == io.EOF {
		err = nil // the frame is complete; next finds the end
	}
	return n, err
}

// stamp takes the engine's time off the beginning of the frame; it is empty if
// there is none.
func (f *frames) stamp() (string, error) {
	head, err := f.r.Peek(int(min(f.left, maxStamp)))
	if err != nil {
		return "", noEOF(err)
	}
	i := bytes.IndexByte(head, ' ')
	if i < 0 {
		return "", nil
	}
	text := string(head[:i])
	n, err := f.r.Discard(i + 1)
	f.left -= uint32(n)
	return text, err
}

// maxStamp is room for a time with nanoseconds and zone, and a space.
const maxStamp = 40

func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
