package ui

import (
	"fmt"
	"time"
)

// ago is a duration in the words of the Docker CLI: "3 minutes", "About an hour".
func ago(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < time.Second:
		return "Less than a second"
	case d < 2*time.Second:
		return "1 second"
	case d < time.Minute:
		return fmt.Sprintf("%d seconds", int(d.Seconds()))
	case d < 2*time.Minute:
		return "About a minute"
	case d < 46*time.Minute:
		return fmt.Sprintf("%d minutes", int(d.Minutes()))
	case d < 90*time.Minute:
		return "About an hour"
	case d < 2*day:
		return fmt.Sprintf("%d hours", int(d.Round(time.Hour).Hours()))
	case d < 14*day:
		return fmt.Sprintf("%d days", d/day)
	case d < 60*day:
		return fmt.Sprintf("%d weeks", d/(7*day))
	case d < 730*day:
		return fmt.Sprintf("%d months", d/(30*day))
	}
	return fmt.Sprintf("%d years", d/(365*day))
}

// byteSize is a size with three significant digits and decimal units: "1.42MB".
func byteSize(n int64) string {
	v, unit := float64(n), 0
	units := [...]string{"B", "kB", "MB", "GB", "TB", "PB", "EB"}
	for v >= 999.5 && unit < len(units)-1 {
		v /= 1000
		unit++
	}
	return fmt.Sprintf("%.3g%s", v, units[unit])
}
