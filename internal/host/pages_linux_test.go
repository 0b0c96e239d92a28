package host

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

func TestReleaseStartPages(t *testing.T) {
	before := residentFile(t)
	if err := ReleaseStartPages(); err != nil {
		t.Fatal(err)
	}
	if after := residentFile(t); after > before*3/4 {
		t.Errorf("%d kB of the program's file are resident, %d kB were before", after, before)
	}
}

// residentFile is how much of files is resident, in kB.
func residentFile(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "RssFile:")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		t.Fatal("/proc/self/status tells no RssFile")
	}
	n, err := strconv.Atoi(fields[0])
	if err != nil {
		t.Fatal(err)
	}
	return n
}
