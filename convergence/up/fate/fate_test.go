package fate

import (
	"testing"

	"github.com/musterdev/muster/engine"
)

// rows are the table of fates: what is known, and what comes of it. A replica
// of a declared service that up finds is the start of each, changed by the row.
var rows = []struct {
	name   string
	facts  Facts
	fate   Fate
	reason Reason
	why    string
	starts bool
}{
	// up, of a replica that stays.
	{"runs as wanted", up(engine.Running), Leave, None, "", false},
	{"the engine restarts it", up(engine.Restarting), Leave, None, "", false},
	{"stopped by an earlier command", with(up(engine.Running), func(f *Facts) { f.Stopping = true }), StartLater, StoppedEarlier, "an earlier command stops it", true},
	{"frozen", up(engine.Paused), Unpause, Paused, "paused", false},
	{"frozen, and stopped by an earlier command", with(up(engine.Paused), func(f *Facts) { f.Stopping = true }), StartLater, StoppedEarlier, "an earlier command stops it", true},
	{"never started", up(engine.Created), Start, NeverStarted, "created, but not started", true},
	{"failed", with(up(engine.Exited), func(f *Facts) { f.ExitCode = 3 }), Start, Ended, "exited with code 3", true},
	{"a one-shot is done", with(up(engine.Exited), func(f *Facts) { f.OneShot = true }), Start, RunsAgain, "finished with code 0; a one-shot runs again on every up", true},
	{"create starts nothing", with(up(engine.Exited), noStart), Leave, None, "", false},
	{"create thaws nothing", with(up(engine.Paused), noStart), Leave, None, "", false},
	{"create waits for no stop", with(up(engine.Running), noStart, func(f *Facts) { f.Stopping = true }), Leave, None, "", false},

	// up, of a replica that runs while something happens around it.
	{"its network is replaced", with(up(engine.Running), network), Bounce, NetworkReplaced, "network n changed", true},
	{"its dependency is replaced", with(up(engine.Running), dependency), Bounce, Follows, "db is replaced", true},
	{"both: the network is why", with(up(engine.Running), network, dependency), Bounce, NetworkReplaced, "network n changed", true},
	{"it is frozen: as well", with(up(engine.Paused), dependency), Bounce, Follows, "db is replaced", true},
	{"it is being stopped: as well", with(up(engine.Running), dependency, func(f *Facts) { f.Stopping = true }), Bounce, Follows, "db is replaced", true},
	{"it does not run: it is just started", with(up(engine.Exited), dependency, network), Start, Ended, "exited with code 0", true},
	{"create bounces nothing", with(up(engine.Running), dependency, network, noStart), Leave, None, "", false},

	// up, of a replica that is replaced.
	{"it differs", with(up(engine.Running), differs), Recreate, Differs, "image changed", true},
	{"it differs and has ended", with(up(engine.Exited), differs), Recreate, Differs, "image changed", true},
	{"create starts no successor", with(up(engine.Running), differs, noStart), Recreate, Differs, "image changed", false},
	{"what it joins is replaced", with(up(engine.Running), joins), Recreate, Joined, "db, which it joins, is replaced", true},
	{"both: what it joins is why", with(up(engine.Running), joins, differs), Recreate, Joined, "db, which it joins, is replaced", true},
	{"replaced rather than bounced", with(up(engine.Running), differs, dependency, network), Recreate, Differs, "image changed", true},
	{"--force-recreate", with(up(engine.Running), policy(Always)), Recreate, Forced, "--force-recreate was given", true},
	{"--force-recreate is why", with(up(engine.Running), policy(Always), joins), Recreate, Forced, "--force-recreate was given", true},
	{"--renew-anon-volumes", with(up(engine.Running), policy(Always), renew), Recreate, VolumesRenewed, "--renew-anon-volumes was given", true},
	{"--no-recreate", with(up(engine.Running), policy(Never), differs, joins), Leave, None, "", false},
	{"--no-recreate starts", with(up(engine.Exited), policy(Never), differs), Start, Ended, "exited with code 0", true},
	{"its volume is replaced", with(up(engine.Running), volume), Rebuild, VolumeReplaced, "volume v changed", true},
	{"its volume is replaced, whatever the policy", with(up(engine.Exited), volume, policy(Never)), Rebuild, VolumeReplaced, "volume v changed", true},
	{"half removed", with(up(engine.Dead), differs), Rebuild, Differs, "image changed", true},
	{"half removed, and nothing is to be recreated", with(up(engine.Removing), differs, policy(Never)), Rebuild, Differs, "image changed", true},
	{"half removed, by force", with(up(engine.Dead), policy(Always)), Rebuild, Forced, "--force-recreate was given", true},

	// up, and the number of replicas.
	{"none is there", with(up(""), scale(2)), Create, Missing, "does not exist yet", true},
	{"create starts no new one", with(up(""), scale(2), noStart), Create, Missing, "does not exist yet", false},
	{"too few are there", with(up(""), scale(3), func(f *Facts) { f.Others = true }), Create, Scaled, "web is scaled to 3", true},
	{"too many are there", with(up(engine.Running), scale(1), surplus), Remove, Scaled, "web is scaled to 1", false},
	{"too many, whatever else", with(up(engine.Running), scale(0), surplus, volume, differs, dependency), Remove, Scaled, "web is scaled to 0", false},

	// up, of what an interrupted run left in the same place.
	{"its successor runs", with(up(engine.Running), kind(Predecessor)), Remove, SuccessorRuns, "its replacement was already started by an interrupted run", false},
	{"a successor that never ran", with(up(engine.Created), kind(Leftover)), Remove, LeftBehind, "left behind by an interrupted run", false},

	// up, of services that are not converged.
	{"a follower stays", with(up(engine.Running), follower), Leave, None, "", false},
	{"a follower may differ", with(up(engine.Running), follower, differs), Leave, None, "", false},
	{"a follower is not started", with(up(engine.Exited), follower, dependency), Leave, None, "", false},
	{"a follower restarts", with(up(engine.Running), follower, dependency), Bounce, Follows, "db is replaced", true},
	{"a follower on a replaced network", with(up(engine.Running), follower, network), Bounce, NetworkReplaced, "network n changed", true},
	{"a follower joins what is replaced", with(up(engine.Running), follower, joins), Recreate, Joined, "db, which it joins, is replaced", true},
	{"a follower, and --no-recreate", with(up(engine.Running), follower, joins, dependency, policy(Never)), Bounce, Follows, "db is replaced", true},

	// up, of what is no replica of a declared service.
	{"an orphan is told of", with(up(engine.Running), undeclared), Leave, Undeclared, "no service web is declared", false},
	{"--remove-orphans", with(up(engine.Running), undeclared, orphans), Remove, Undeclared, "no service web is declared", false},
	{"a one-off runs", with(up(engine.Running), kind(OneOff), orphans), Leave, None, "", false},
	{"a one-off is yet to run", with(up(engine.Created), kind(OneOff), orphans), Leave, None, "", false},
	{"a one-off is done", with(up(engine.Exited), kind(OneOff)), Leave, Finished, "a finished one-off container", false},
	{"a one-off is done, --remove-orphans", with(up(engine.Dead), kind(OneOff), orphans), Remove, Finished, "a finished one-off container", false},
	{"a hook runs", with(up(engine.Running), kind(Hook), orphans), Leave, None, "", false},
	{"a hook was left behind", with(up(engine.Exited), kind(Hook)), Remove, HookLeftBehind, "a leftover hook container", false},
	{"the hook of an undeclared service", with(up(engine.Exited), kind(Hook), undeclared), Leave, HookLeftBehind, "a leftover hook container", false},
	{"the hook of an undeclared service, --remove-orphans", with(up(engine.Exited), kind(Hook), undeclared, orphans), Remove, HookLeftBehind, "a leftover hook container", false},

	// run.
	{"run", Facts{Command: CommandRun}, Create, AskedFor, "requested", true},

	// start.
	{"start: runs", of(CommandStart, engine.Running), Leave, None, "", false},
	{"start: ended", of(CommandStart, engine.Exited), Start, Ended, "exited with code 0", true},
	{"start: never ran", of(CommandStart, engine.Created), Start, NeverStarted, "created, but not started", true},
	{"start: frozen", of(CommandStart, engine.Paused), Unpause, Paused, "paused", false},
	{"start: being stopped", with(of(CommandStart, engine.Running), func(f *Facts) { f.Stopping = true }), StartLater, StoppedEarlier, "an earlier command stops it", true},
	{"start: half removed", of(CommandStart, engine.Dead), Leave, None, "", false},

	// restart.
	{"restart: chosen", with(of(CommandRestart, engine.Running), chosen), Restart, AskedRestart, "asked to restart it", false},
	{"restart: chosen, and its dependency is", with(of(CommandRestart, engine.Exited), chosen, dependency), Restart, AskedRestart, "asked to restart it", false},
	{"restart: its dependency is chosen", with(of(CommandRestart, engine.Running), dependency), Restart, Follows, "db is replaced", false},
	{"restart: not chosen", of(CommandRestart, engine.Running), Leave, None, "", false},
	{"restart: half removed", with(of(CommandRestart, engine.Removing), chosen), Leave, None, "", false},

	// stop, kill, pause, unpause, rm.
	{"stop: runs", of(CommandStop, engine.Running), Stop, AskedStop, "asked to stop", false},
	{"stop: frozen", of(CommandStop, engine.Paused), Stop, AskedStop, "asked to stop", false},
	{"stop: ended", of(CommandStop, engine.Exited), Leave, None, "", false},
	{"kill: between two runs", of(CommandKill, engine.Restarting), Kill, AskedKill, "asked to kill it", false},
	{"kill: ended", of(CommandKill, engine.Exited), Leave, None, "", false},
	{"pause: runs", of(CommandPause, engine.Running), Pause, AskedPause, "asked to pause it", false},
	{"pause: between two runs", of(CommandPause, engine.Restarting), Leave, None, "", false},
	{"unpause: frozen", of(CommandUnpause, engine.Paused), Unpause, AskedUnpause, "asked to unpause it", false},
	{"unpause: runs", of(CommandUnpause, engine.Running), Leave, None, "", false},
	{"rm: ended", of(CommandRemove, engine.Exited), Remove, AskedRemove, "asked to remove it", false},
	{"rm: runs", of(CommandRemove, engine.Running), Leave, None, "", false},
	{"rm --stop: runs", with(of(CommandRemove, engine.Running), func(f *Facts) { f.EvenRunning = true }), Remove, AskedRemove, "asked to remove it", false},

	// down.
	{"down", of(CommandDown, engine.Running), Remove, ProjectDown, "the project is taken down", false},
	{"down of a service", with(of(CommandDown, engine.Exited), chosen), Remove, ServiceDown, "service web is taken down", false},
	{"down: an orphan is told of", with(of(CommandDown, engine.Running), undeclared), Leave, Undeclared, "no service web is declared", false},
	{"down --remove-orphans: an orphan", with(of(CommandDown, engine.Running), undeclared, orphans), Remove, Undeclared, "no service web is declared", false},
	{"down: a one-off is done", with(of(CommandDown, engine.Exited), kind(OneOff)), Remove, IsOneOff, "a one-off container", false},
	{"down: a one-off runs", with(of(CommandDown, engine.Running), kind(OneOff)), Leave, IsOneOff, "a one-off container", false},
	{"down --remove-orphans: a one-off runs", with(of(CommandDown, engine.Running), kind(OneOff), orphans), Remove, IsOneOff, "a one-off container", false},
	{"down: a hook runs", with(of(CommandDown, engine.Running), kind(Hook)), Remove, HookLeftBehind, "a leftover hook container", false},
	{"down: the hook of an undeclared service", with(of(CommandDown, engine.Exited), kind(Hook), undeclared), Leave, HookLeftBehind, "a leftover hook container", false},
}

func TestFates(t *testing.T) {
	for _, row := range rows {
		want := Verdict{Fate: row.fate, Reason: row.reason, Why: row.why, Starts: row.starts}
		if got := Of(row.facts); got != want {
			t.Errorf("%s: %+v, want %+v", row.name, got, want)
		}
	}
}

// TestFatesAreComplete: every reason and every fate has a row, and whatever is
// done is done for a reason that can be read.
func TestFatesAreComplete(t *testing.T) {
	fates, why := map[Fate]bool{}, map[Reason]bool{}
	for _, row := range rows {
		fates[row.fate], why[row.reason] = true, true
		if row.fate != Leave && (row.reason == None || row.why == "") {
			t.Errorf("%s: no reason", row.name)
		}
	}
	for f := Leave; f <= Pause; f++ {
		if !fates[f] {
			t.Errorf("fate %d has no row", f)
		}
	}
	for r := None; r < reasons; r++ {
		if !why[r] {
			t.Errorf("reason %d has no row", r)
		}
	}
}

// TestFatesAreTotal tries all facts that differ: each has a fate, and whatever
// happens has its reason in words.
func TestFatesAreTotal(t *testing.T) {
	states := []engine.State{"", engine.Created, engine.Running, engine.Paused, engine.Restarting, engine.Exited, engine.Dead, engine.Removing}
	for command := CommandUp; command <= CommandDown; command++ {
		for kind := Replica; kind <= Leftover; kind++ {
			for _, state := range states {
				for policy := IfDiverged; policy <= Never; policy++ {
					if command != CommandUp && (policy != IfDiverged || kind > Hook) {
						continue // up alone knows them
					}
					for bits := range 1 << 14 {
						f := Facts{Command: command, Kind: kind, State: state, Policy: policy, Service: "web"}
						for i, on := range []*bool{
							&f.Declared, &f.Surplus, &f.Others, &f.Follower, &f.Stopping, &f.RenewVolumes, &f.NoStart, &f.RemoveOrphans, &f.Chosen,
						} {
							*on = bits&(1<<i) != 0
						}
						for i, said := range []*string{&f.Volume, &f.Joined, &f.Differs, &f.Network, &f.Dependency} {
							if bits&(1<<(9+i)) != 0 {
								*said = "x"
							}
						}
						if v := Of(f); v.Fate != Leave && v.Why == "" || v.Starts && f.NoStart && command == CommandUp {
							t.Fatalf("%+v: %+v", f, v)
						}
					}
				}
			}
		}
	}
}

// TestComparesOnlyWhereItMatters: where nobody asks how a container differs, the
// answer changes nothing.
func TestComparesOnlyWhereItMatters(t *testing.T) {
	for _, row := range rows {
		f := row.facts
		if f.Compares() {
			continue
		}
		f.Differs = "anything"
		if got, without := Of(f), Of(with(f, func(f *Facts) { f.Differs = "" })); got != without {
			t.Errorf("%s: it is not compared, and yet the difference matters: %+v, %+v", row.name, got, without)
		}
	}
}

func up(state engine.State) Facts { return of(CommandUp, state) }

func of(command Command, state engine.State) Facts {
	return Facts{Command: command, State: state, Service: "web", Declared: true}
}

func with(f Facts, changes ...func(*Facts)) Facts {
	for _, change := range changes {
		change(&f)
	}
	return f
}

func kind(k Kind) func(*Facts)     { return func(f *Facts) { f.Kind = k } }
func policy(p Policy) func(*Facts) { return func(f *Facts) { f.Policy = p } }
func scale(n int) func(*Facts)     { return func(f *Facts) { f.Scale = n } }

func noStart(f *Facts)    { f.NoStart = true }
func renew(f *Facts)      { f.RenewVolumes = true }
func surplus(f *Facts)    { f.Surplus = true }
func follower(f *Facts)   { f.Follower = true }
func undeclared(f *Facts) { f.Declared = false }
func orphans(f *Facts)    { f.RemoveOrphans = true }
func chosen(f *Facts)     { f.Chosen = true }
func volume(f *Facts)     { f.Volume = "volume v changed" }
func joins(f *Facts)      { f.Joined = "db, which it joins, is replaced" }
func differs(f *Facts)    { f.Differs = "image changed" }
func network(f *Facts)    { f.Network = "network n changed" }
func dependency(f *Facts) { f.Dependency = "db is replaced" }
