package lock

import (
	"bytes"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"
	"syscall"
)

// kernelHolder is the process that has the file locked, as the kernel tells it.
// It is not known where /proc is not there, or of a process in another container.
func kernelHolder(file *os.File) (pid int, known bool) {
	info, err := file.Stat()
	if err != nil {
		return 0, false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	table, err := os.ReadFile("/proc/locks")
	if err != nil {
		return 0, false
	}
	return lockedBy(table, stat.Ino)
}

// lockedBy reads /proc/locks: "1: FLOCK  ADVISORY  WRITE 1234 00:19:5678 0 EOF".
// Waiters have "->" before the kind. Device numbers are left aside: some file
// systems show another one there.
func lockedBy(table []byte, inode uint64) (pid int, known bool) {
	for line := range bytes.Lines(table) {
		f := strings.Fields(string(line))
		if len(f) < 6 || f[1] != "FLOCK" || !strings.HasSuffix(f[5], fmt.Sprintf(":%d", inode)) {
			continue
		}
		if pid, err := strconv.Atoi(f[4]); err == nil && pid > 0 {
			return pid, true
		}
	}
	return 0, false
}

// processHolder is a holder of which the file says nothing true.
func processHolder(pid int) Holder {
	h := Holder{PID: pid}
	dir := fmt.Sprintf("/proc/%d", pid)
	if name, err := os.ReadFile(dir + "/comm"); err == nil {
		h.Op = plain(strings.TrimSpace(string(name)))
	}
	if info, err := os.Stat(dir); err == nil {
		if stat, ok := info.Sys().(*syscall.Stat_t); ok {
			h.Who = "uid " + strconv.Itoa(int(stat.Uid))
			if u, err := user.LookupId(strconv.Itoa(int(stat.Uid))); err == nil {
				h.Who = u.Username
			}
			h.Op += " of user " + h.Who
		}
	}
	return h
}
