package restartpolicy_test

import (
	"testing"

	"github.com/musterdev/muster/restartpolicy"
)

// The texts are Docker's, for containers that were made to fail.
func TestClassifyStartError(t *testing.T) {
	const runc = "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: "
	for _, tt := range []struct {
		text string
		want restartpolicy.ErrorClass
	}{
		{runc + `exec: "nope": executable file not found in $PATH: unknown`, restartpolicy.Permanent},
		{runc + `exec: "timeout": executable file not found in $PATH: unknown`, restartpolicy.Permanent},
		{runc + `exec: "./run.sh": stat ./run.sh: no such file or directory: unknown`, restartpolicy.Permanent},
		{runc + `exec: "/tmp": permission denied: unknown`, restartpolicy.Permanent},
		{runc + `exec: "/tmp": is a directory: unknown`, restartpolicy.Permanent},
		{"exec format error", restartpolicy.Permanent},
		{"unable to find user nobodyhere: no matching entries in passwd file", restartpolicy.Permanent},
		{"unable to find group nogrp: no matching entries in group file", restartpolicy.Permanent},
		{`invalid mount config for type "bind": bind source path does not exist: /nonexistent`, restartpolicy.Permanent},
		{runc + `error during container init: error mounting "/etc/hostname" to rootfs at "/etc": mount /etc/hostname:/etc (via /proc/self/fd/6), flags: 0x5000: not a directory: unknown: Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type`, restartpolicy.Permanent},
		{"error while creating mount source path '/x': mkdir /x: read-only file system", restartpolicy.Permanent},
		{"Cannot mkdir: /etc/passwd is not a directory", restartpolicy.Permanent},
		{runc + "error during container init: open /proc/sys/net/ipv4/nope: no such file or directory: unknown", restartpolicy.Permanent},
		{runc + "error during container init: error setting rlimits for ready process: error setting rlimit type 7: operation not permitted: unknown", restartpolicy.Permanent},
		{"Unknown runtime specified nope", restartpolicy.Permanent},
		{`could not select device driver "" with capabilities: [[gpu]]`, restartpolicy.Permanent},
		{`invalid CapAdd: unknown capability: "CAP_NOPE"`, restartpolicy.Permanent},
		{"user specified IP address is supported on user defined networks only", restartpolicy.Permanent},
		{"No such image: nope:latest", restartpolicy.Permanent},

		{"driver failed programming external connectivity on endpoint web (b319): Bind for 0.0.0.0:18999 failed: port is already allocated", restartpolicy.Transient},
		{"driver failed programming external connectivity on endpoint web (b319): Error starting userland proxy: listen tcp4 0.0.0.0:80: bind: address already in use", restartpolicy.Transient},
		{"No such container: vpn", restartpolicy.Transient},
		{"cannot join network of a non running container: ce0550b6", restartpolicy.Transient},
		{"network demo_default not found", restartpolicy.Transient},
		{"no available IPv4 addresses on this network's address pools: demo_default (3052)", restartpolicy.Transient},
		{"No available addresses on this pool", restartpolicy.Transient},
		{`error gathering device information while adding custom device "/dev/ttyUSB0": no such file or directory`, restartpolicy.Transient},
		{"error while mounting volume '/var/lib/docker/volumes/v/_data': failed to mount local volume: mount :/x:/var/lib/docker/volumes/v/_data, data: addr=127.0.0.1: connection refused", restartpolicy.Transient},
		{"write /var/lib/docker/containers/1/hostname: no space left on device", restartpolicy.Transient},
		{"mount /dev/sdb1: device or resource busy", restartpolicy.Transient},
		{runc + "fork/exec /proc/self/exe: resource temporarily unavailable", restartpolicy.Transient},
		{"context deadline exceeded", restartpolicy.Transient},
		{"something nobody has seen yet", restartpolicy.Transient},
		{"", restartpolicy.Transient},
	} {
		if got := restartpolicy.ClassifyStartError(tt.text); got != tt.want {
			t.Errorf("%q is %v, want %v", tt.text, got, tt.want)
		}
	}
}
