package cmd

import (
	"sync"

	"github.com/musterdev/muster/internal/keyfile"
	"github.com/musterdev/muster/project"
)

// labelKeys has the user's key for digests in labels.
type labelKeys struct {
	flags  *globalFlags
	env    *environment
	makes  bool // containers: what their labels need may be made too
	keying sync.Once
	key    project.Key
	keyErr error // why there is none to keep
}

// labelKey is the key. Commands that make containers make it too if there is none;
// others, and dry runs, leave no file behind.
func (k *labelKeys) labelKey() project.Key {
	k.keying.Do(func() {
		path, err := keyfile.Path(k.env.ofProcess) // whose key it is, is not for a .env file to say
		var secret []byte
		switch {
		case err != nil:
		case k.makes && !k.flags.dryRun:
			secret, err = keyfile.Ensure(path)
		default:
			secret, err = keyfile.Read(path)
		}
		if err != nil {
			secret = keyfile.New()
		}
		if k.makes && !k.flags.dryRun {
			k.keyErr = err
		}
		k.key = project.NewKey(secret)
	})
	return k.key
}
