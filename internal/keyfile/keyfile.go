// Package keyfile keeps a random secret of the user's on this machine.
package keyfile

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// size is that of the secret, in bytes.
const size = 32

// Path is where the secret lies: in the user's folder for state, which is
// XDG_STATE_HOME or ~/.local/state. A home that is another user's, as sudo may
// leave it, is passed over for the system's own folder.
func Path(getenv func(string) string) (string, error) {
	if dir := getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) && ours(dir) {
		return filepath.Join(dir, "muster", "key"), nil
	}
	if home := getenv("HOME"); filepath.IsAbs(home) && ours(home) {
		return filepath.Join(home, ".local", "state", "muster", "key"), nil
	}
	if dir := "/var/lib"; ours(dir) {
		return filepath.Join(dir, "muster", "key"), nil
	}
	return "", errors.New("no directory for the user's state: neither HOME nor XDG_STATE_HOME names one that the user owns")
}

// Read returns the secret; the error is fs.ErrNotExist if there is none yet.
func Read(path string) ([]byte, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|noFollow, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file", path)
	case readable(info):
		return nil, fmt.Errorf("%s is readable by others: chmod 600 it, or remove it to get a new one", path)
	}
	text := make([]byte, 2*size+2)
	n, err := file.Read(text)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	secret, err := hex.DecodeString(strings.TrimSpace(string(text[:n])))
	if err != nil || len(secret) != size {
		return nil, fmt.Errorf("%s contains no key: remove it to get a new one", path)
	}
	return secret, nil
}

// Ensure returns the secret, which it makes if there is none. Of several who do
// so at the same time all get the same.
func Ensure(path string) ([]byte, error) {
	secret, err := Read(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return secret, err
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	file, err := os.CreateTemp(dir, ".key-") // readable for nobody else
	if err != nil {
		return nil, err
	}
	defer os.Remove(file.Name())
	_, err = file.WriteString(hex.EncodeToString(New()) + "\n")
	if err == nil {
		err = file.Sync() // an empty key after a crash of the machine would be in the way
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	// A link, unlike a rename, replaces nobody's.
	if err := os.Link(file.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return Read(path)
}

// New is a secret of its own, which nothing keeps.
func New() []byte {
	secret := make([]byte, size)
	_, _ = rand.Read(secret) // never fails
	return secret
}
