package hostfile

import (
	"archive/tar"
	"fmt"
	"io"
)

// Archive adds a regular file to an archive as a stream: as much as it holds when
// it is opened, so that one which grows meanwhile comes to an end. The header's
// size is set to that.
func Archive(w *tar.Writer, header *tar.Header, path string) error {
	f, err := Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	header.Size = info.Size()
	if err := w.WriteHeader(header); err != nil {
		return err
	}
	n, err := io.CopyN(w, f, header.Size)
	if err == io.EOF {
		return fmt.Errorf("read %s: it was truncated while being read (%d of %d bytes)", path, n, header.Size)
	}
	return err
}
