package host

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// ReleaseStartPages gives the memory back that only the start of the program
// needed: the pages of its own file. It reads back the few that it still uses. A
// mapping that can be written, or has changed pages, is left alone: those exist
// nowhere else.
func ReleaseStartPages() error {
	maps, err := os.Open("/proc/self/smaps")
	if err != nil {
		return err
	}
	defer maps.Close()
	var from, to uint64
	var inFile bool
	lines := bufio.NewScanner(maps)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		switch {
		case len(fields) >= 5 && !strings.HasSuffix(fields[0], ":"): // FROM-TO rights offset device inode file
			low, high, _ := strings.Cut(fields[0], "-")
			if from, err = strconv.ParseUint(low, 16, 64); err != nil {
				return err
			}
			if to, err = strconv.ParseUint(high, 16, 64); err != nil {
				return err
			}
			inFile = len(fields) == 6 && strings.HasPrefix(fields[5], "/") && !strings.Contains(fields[1], "w")
		case inFile && len(fields) == 3 && fields[0] == "Anonymous:" && fields[1] == "0":
			if _, _, errno := syscall.Syscall(syscall.SYS_MADVISE, uintptr(from), uintptr(to-from), syscall.MADV_DONTNEED); errno != 0 {
				return errno
			}
		}
	}
	return lines.Err()
}
