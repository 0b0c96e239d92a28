package engine_test

import (
	"testing"

	"github.com/musterdev/muster/engine"
)

// TestHidePasswords: what came in by addresses and by options of volumes does not go
// out again with the words of those who could not use it; all else stays.
func TestHidePasswords(t *testing.T) {
	for said, want := range map[string]string{
		"fetch https://ann:s3cr:et@git.example/x.git#main: exit 128": "fetch https://****@git.example/x.git#main: exit 128",
		"fetch HTTPS://ghp_token@git.example/x.git":                  "fetch HTTPS://****@git.example/x.git",
		`Get "http://u:p%40ss@proxy:3128/v2/": refused`:              `Get "http://****@proxy:3128/v2/": refused`,
		"git://u:secret@h/x and ftp://u:secret@h/y":                  "git://u:****@h/x and ftp://u:****@h/y",
		"clone ssh://git@git.example/x.git":                          "clone ssh://git@git.example/x.git",
		"see https://docs.example/@latest or a:b@c":                  "see https://docs.example/@latest or a:b@c",
		"mount //nas/x, data: username=u,password=a!b#c,addr=1.2":    "mount //nas/x, data: username=u,password=****,addr=1.2",
		"data: pass=x,password2=y: no such device":                   "data: pass=****,password2=****: no such device",
		"bypass=1,PASSWD=z":                                          "bypass=1,PASSWD=****",
		"no password":                                                "no password",
	} {
		if got := engine.HidePasswords(said); got != want {
			t.Errorf("HidePasswords(%q) = %q, want %q", said, got, want)
		}
	}
	if got := engine.HideInAddresses("RUN app --password=x http://a:b@c"); got != "RUN app --password=x http://****@c" {
		t.Errorf("HideInAddresses hides %q", got)
	}
}
