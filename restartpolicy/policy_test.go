package restartpolicy_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/musterdev/muster/restartpolicy"
	"pgregory.net/rapid"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want restartpolicy.Policy
		text string
	}{
		{"", restartpolicy.Policy{Mode: restartpolicy.No}, "no"},
		{"no", restartpolicy.Policy{Mode: restartpolicy.No}, "no"},
		{"always", restartpolicy.Policy{Mode: restartpolicy.Always}, "always"},
		{"unless-stopped", restartpolicy.Policy{Mode: restartpolicy.UnlessStopped}, "unless-stopped"},
		{"on-failure", restartpolicy.Policy{Mode: restartpolicy.OnFailure}, "on-failure"},
		{"on-failure:0", restartpolicy.Policy{Mode: restartpolicy.OnFailure}, "on-failure"},
		{"on-failure:3", restartpolicy.Policy{Mode: restartpolicy.OnFailure, MaxAttempts: 3}, "on-failure:3"},
		{"on-failure:2147483647", restartpolicy.Policy{Mode: restartpolicy.OnFailure, MaxAttempts: 2147483647}, "on-failure:2147483647"},
	} {
		t.Run(tt.in, func(t *testing.T) {
			got, err := restartpolicy.Parse(tt.in)
			if err != nil || got != tt.want || got.String() != tt.text {
				t.Errorf("Parse(%q) = %+v %q, %v; want %+v %q", tt.in, got, got, err, tt.want, tt.text)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	all := "use no, always, unless-stopped or on-failure[:N]"
	for _, tt := range []struct{ in, want string }{
		{"allways", `unknown restart policy "allways" (did you mean "always"?)`},
		{"Always", `unknown restart policy "Always" (did you mean "always"?)`},
		{"unless_stoped", `unknown restart policy "unless_stoped" (did you mean "unless-stopped"?)`},
		{"on-falure:3", `unknown restart policy "on-falure:3" (did you mean "on-failure"?)`},
		{"onfailure", `unknown restart policy "onfailure" (did you mean "on-failure"?)`},
		{"never", `unknown restart policy "never" (did you mean "no"?)`},
		{"any", `unknown restart policy "any" (did you mean "always"?)`},
		{"true", `unknown restart policy "true" (did you mean "always"?)`},
		{"false", `unknown restart policy "false" (did you mean "no"?)`},
		{"sometimes", `unknown restart policy "sometimes" (` + all + `)`},
		{":3", `unknown restart policy ":3" (` + all + `)`},
		{"always:3", `restart policy "always:3": only on-failure takes a count (use always or on-failure:3; to bound restarts after every exit, use deploy.restart_policy.max_attempts)`},
		{"no:", `restart policy "no:": only on-failure takes a count (use no or on-failure:N; to bound restarts after every exit, use deploy.restart_policy.max_attempts)`},
		{"on-failure:", `restart policy "on-failure:": "" is not a number of restarts (use on-failure, or on-failure:N with N from 0 (no bound) to 2147483647)`},
		{"on-failure:abc", `restart policy "on-failure:abc": "abc" is not a number of restarts (use on-failure, or on-failure:N with N from 0 (no bound) to 2147483647)`},
		{"on-failure:-1", `restart policy "on-failure:-1": "-1" is not a number of restarts (use on-failure, or on-failure:N with N from 0 (no bound) to 2147483647)`},
		{"on-failure:+1", `restart policy "on-failure:+1": "+1" is not a number of restarts (use on-failure, or on-failure:N with N from 0 (no bound) to 2147483647)`},
		{"on-failure:2147483648", `restart policy "on-failure:2147483648": "2147483648" is not a number of restarts (use on-failure, or on-failure:N with N from 0 (no bound) to 2147483647)`},
	} {
		t.Run(tt.in, func(t *testing.T) {
			got, err := restartpolicy.Parse(tt.in)
			var syntax *restartpolicy.SyntaxError
			if !errors.As(err, &syntax) || err.Error() != tt.want || got != (restartpolicy.Policy{}) {
				t.Errorf("Parse(%q) = %v, %v\nwant %s", tt.in, got, err, tt.want)
			}
		})
	}
}

func pointer[T any](v T) *T { return &v }

func TestFromDeploy(t *testing.T) {
	second, minute := pointer(time.Second), pointer(time.Minute)
	zero, negative := pointer(time.Duration(0)), pointer(-time.Second)
	for _, tt := range []struct {
		name          string
		condition     string
		delay, window *time.Duration
		attempts      *uint64
		want          string // as text, or the error
		owner         restartpolicy.Owner
		engine        string
		retries       int
	}{
		{"nothing set", "", nil, nil, nil, "always", restartpolicy.Engine, "always", 0},
		{"any", "any", nil, nil, nil, "always", restartpolicy.Engine, "always", 0},
		{"any, zeros", "any", zero, zero, pointer(uint64(0)), "always", restartpolicy.Engine, "always", 0},
		{"none", "none", nil, nil, nil, "no", restartpolicy.Engine, "no", 0},
		{"none with the rest", "none", second, minute, pointer(uint64(2)), "no", restartpolicy.Engine, "no", 0},
		{"on-failure", "on-failure", nil, nil, nil, "on-failure", restartpolicy.Engine, "on-failure", 0},
		{"on-failure 3", "on-failure", nil, nil, pointer(uint64(3)), "on-failure:3", restartpolicy.Engine, "on-failure", 3},
		{"any 3", "any", nil, nil, pointer(uint64(3)), "always,max=3", restartpolicy.Supervisor, "no", 0},
		{"delay", "", second, nil, nil, "always,delay=1s", restartpolicy.Supervisor, "no", 0},
		{"window", "on-failure", nil, minute, nil, "on-failure,window=1m0s", restartpolicy.Supervisor, "no", 0},
		{"all", "on-failure", second, minute, pointer(uint64(3)), "on-failure:3,delay=1s,window=1m0s", restartpolicy.Supervisor, "no", 0},
		{"misspelt", "on-falure", nil, nil, nil, `unknown restart condition "on-falure" (did you mean "on-failure"?)`, 0, "no", 0},
		{"the other key's no", "no", second, nil, nil, "no", restartpolicy.Engine, "no", 0},
		{"the other key's always", "always", nil, nil, nil, "always", restartpolicy.Engine, "always", 0},
		{"the other key's unless-stopped", "unless-stopped", nil, nil, nil, "unless-stopped", restartpolicy.Engine, "unless-stopped", 0},
		{"the other key's unless-stopped 3", "unless-stopped", nil, nil, pointer(uint64(3)), "unless-stopped,max=3", restartpolicy.Supervisor, "no", 0},
		{"nonsense", "maybe", nil, nil, nil, `unknown restart condition "maybe" (use any, on-failure or none)`, 0, "no", 0},
		{"negative delay", "", negative, nil, nil, "negative restart delay -1s (use 0s or more)", 0, "no", 0},
		{"negative window", "none", nil, negative, nil, "negative restart window -1s (use 0s or more)", 0, "no", 0},
		{"attempts too large", "", nil, nil, pointer(uint64(1) << 40), "max_attempts 1099511627776 is too large (use at most 2147483647, or 0 for no bound)", 0, "no", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := restartpolicy.FromDeploy(tt.condition, tt.delay, tt.window, tt.attempts)
			got := p.String()
			if err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			name, retries := p.Engine()
			if p.Owner() != tt.owner || name != tt.engine || retries != tt.retries {
				t.Errorf("owner %v, engine %s:%d; want %v, %s:%d", p.Owner(), name, retries, tt.owner, tt.engine, tt.retries)
			}
		})
	}
}

// policies draws any policy that Parse or FromDeploy can give.
func policies(t *rapid.T) restartpolicy.Policy {
	duration := rapid.OneOf(rapid.Just(time.Duration(0)), rapid.Map(rapid.IntRange(1, 300_000), func(ms int) time.Duration {
		return time.Duration(ms) * time.Millisecond
	}))
	p := restartpolicy.Policy{Mode: rapid.SampledFrom([]restartpolicy.Mode{
		restartpolicy.No, restartpolicy.OnFailure, restartpolicy.Always, restartpolicy.UnlessStopped,
	}).Draw(t, "mode")}
	if p.Mode != restartpolicy.No {
		p.MaxAttempts = rapid.IntRange(0, 5).Draw(t, "max attempts")
		p.Delay = duration.Draw(t, "delay")
		p.Window = duration.Draw(t, "window")
	}
	return p
}

func TestTextRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := policies(t)
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got restartpolicy.Policy
		if err := json.Unmarshal(text, &got); err != nil || got != want {
			t.Fatalf("%+v became %s became %+v, %v", want, text, got, err)
		}
	})
}

func TestUnmarshalTextRefuses(t *testing.T) {
	for _, in := range []string{
		"sometimes", "always,", "always,delay", "always,delay=", "always,delay=-1s", "always,delay=soon", "always,max=x",
		"always,pause=1s", "on-failure,max=3", "no,delay=1s", "on-failure:x,delay=1s",
	} {
		p := restartpolicy.Policy{Mode: restartpolicy.Always}
		var syntax *restartpolicy.SyntaxError
		if err := p.UnmarshalText([]byte(in)); !errors.As(err, &syntax) {
			t.Errorf("%q was read as %v, %v", in, p, err)
		}
		if p != (restartpolicy.Policy{Mode: restartpolicy.Always}) {
			t.Errorf("%q changed the policy to %v", in, p)
		}
	}
}

func TestOwner(t *testing.T) {
	for _, want := range []restartpolicy.Owner{restartpolicy.Engine, restartpolicy.Supervisor} {
		if got, err := restartpolicy.ParseOwner(want.String()); err != nil || got != want {
			t.Errorf("ParseOwner(%q) = %v, %v", want, got, err)
		}
	}
	if _, err := restartpolicy.ParseOwner("nobody"); err == nil {
		t.Error("ParseOwner accepts nobody")
	}
}

func TestZeroPolicy(t *testing.T) {
	var p restartpolicy.Policy
	name, retries := p.Engine()
	if p.Restarts() || p.Owner() != restartpolicy.Engine || p.String() != "no" || name != "no" || retries != 0 {
		t.Errorf("the zero policy is not no: %v, engine %s:%d", p, name, retries)
	}
}

// Whatever Parse accepts it also writes, and reads back as the same.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "no", "always", "on-failure:3", "on-failure:-1", "unless-stopped", "allways:7"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := restartpolicy.Parse(s)
		if err != nil {
			return
		}
		if again, err := restartpolicy.Parse(p.String()); err != nil || again != p {
			t.Errorf("%q became %v became %v, %v", s, p, again, err)
		}
	})
}
