package engine

import (
	"regexp"
	"sync"
)

// Most commands hide nothing, so that these are compiled by the first that does.
var (
	// webUser is who one is in an address of the web: a token may stand where the
	// name does. In ssh://git@host it is a name, and no secret.
	webUser = lazily(`(?i)(https?://)[^\s/?#"'@]+@`)
	// password is the one in any other address.
	password = lazily(`(://[^\s/?#"':@]*:)[^\s/?#"'@]+@`)
	// option is the password among the options of a mount.
	option = lazily(`(?i)(^|[\s,;"'(])((?:pass|passwd|password)2?=)[^\s,;"')]*[^\s,;:"')]`)
)

func lazily(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}

// HideInAddresses takes passwords and tokens out of the addresses in a text:
// builders say again where they were sent.
func HideInAddresses(text string) string {
	return password().ReplaceAllString(webUser().ReplaceAllString(text, "${1}****@"), "${1}****@")
}

// HidePasswords is HideInAddresses for an engine's complaints, which also say again
// the options of the volume that they could not mount.
func HidePasswords(complaint string) string {
	return option().ReplaceAllString(HideInAddresses(complaint), "${1}${2}****")
}
