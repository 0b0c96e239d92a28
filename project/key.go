package project

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

// Key keys the digests that labels carry, so that nobody who sees labels can try
// guesses at what they stand for. It never leaves its user's machine. The zero
// value makes no digests: what they are good for is then not known.
type Key struct{ secret string }

// NewKey is the key of a random secret; an empty one is the zero value.
func NewKey(secret []byte) Key { return Key{string(secret)} }

// ID tells keys apart and says nothing about them; empty is that of the zero value.
func (k Key) ID() string {
	if k == (Key{}) {
		return ""
	}
	return string(k.Digest("id", nil))[:12]
}

// String is the ID, for whoever prints a project.
func (k Key) String() string { return "key " + k.ID() }

// GoString is String.
func (k Key) GoString() string { return k.String() }

// Digest stands for a content at a path; empty if the key is the zero value.
func (k Key) Digest(path string, content []byte) Fingerprint {
	if k == (Key{}) {
		return ""
	}
	mac := hmac.New(sha256.New, []byte(k.secret))
	mac.Write([]byte("dev.muster\x1f" + path + "\x00"))
	mac.Write(content)
	return Fingerprint(hex.EncodeToString(mac.Sum(nil)))
}
