package loader

import (
	"errors"
	"math"
	"math/big"
	"regexp"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
)

// span is a length of time. Texts stay as they are unless compose-go would make
// something else of them.
type span struct {
	min time.Duration // of those that are not 0
}

func (span) wanted() string { return "a duration" }
func (span) hint() string   { return "write 10s, 1m30s or 500ms" }
func (q span) bounds() string {
	if q.min > 0 {
		return "0s, or " + q.min.String() + " to " + time.Duration(math.MaxInt64).String()
	}
	return "0s to " + time.Duration(math.MaxInt64).String()
}

func (q span) read(value any) (any, verdict) {
	text, isText := value.(string)
	if !isText {
		return value, fits // the schema asks for a text
	}
	d, v := durationOf(text)
	if v == fits && d != 0 && d < q.min {
		v = outOfRange
	}
	if v == rounded { // only its last digits
		return d.String(), fits
	}
	return text, v
}

// positive is a length of time that is not 0.
type positive struct{ span }

func (positive) bounds() string {
	return "more than 0s, at most " + time.Duration(math.MaxInt64).String()
}

func (q positive) read(value any) (any, verdict) {
	text, isText := value.(string)
	if !isText {
		return nil, mistyped
	}
	if d, v := durationOf(text); v != mistyped && d <= 0 {
		return nil, outOfRange
	}
	return q.span.read(text)
}

var (
	spanText = regexp.MustCompile(`^[-+]?(?:0|(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h|d|w))+)$`)
	spanPart = regexp.MustCompile(`([0-9]*\.?[0-9]*)([a-zµμ]+)`)
)

func spanUnits() map[string]time.Duration {
	return map[string]time.Duration{
		"ns": 1, "us": time.Microsecond, "µs": time.Microsecond, "μs": time.Microsecond, "ms": time.Millisecond,
		"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour,
	}
}

// durationOf reads a duration exactly. The verdict is rounded if other readers
// take it for another one, for want of digits.
func durationOf(text string) (time.Duration, verdict) {
	if !spanText.MatchString(text) {
		return 0, mistyped
	}
	total, units := new(big.Rat), spanUnits()
	for _, part := range spanPart.FindAllStringSubmatch(text, -1) {
		n, ok := new(big.Rat).SetString(strings.TrimSuffix("0"+part[1], "."))
		if !ok {
			return 0, mistyped
		}
		total.Add(total, n.Mul(n, new(big.Rat).SetInt64(int64(units[part[2]]))))
	}
	switch {
	case strings.HasPrefix(text, "-") && total.Sign() > 0:
		return 0, outOfRange
	case !total.IsInt() || !total.Num().IsInt64():
		return 0, outOfRange
	}
	d := time.Duration(total.Num().Int64())
	var other types.Duration
	if err := other.DecodeMapstructure(text); err != nil || time.Duration(other) != d {
		return d, rounded
	}
	return d, fits
}

// microseconds are a number of them, or a duration, as the specification has it
// and compose-go does not.
type microseconds struct{}

func (microseconds) wanted() string { return "microseconds or a duration" }
func (microseconds) hint() string   { return "" }
func (microseconds) bounds() string { return integer{0, math.MaxInt64, ""}.bounds() }

func (microseconds) read(value any) (any, verdict) {
	n, v := wholeNumber(value)
	if text, isText := value.(string); isText && v == mistyped {
		var d time.Duration
		if d, v = durationOf(text); v == rounded {
			v = fits
		}
		if v == fits && d%time.Microsecond != 0 {
			v = mistyped
		}
		n = d.Microseconds()
	}
	if v == fits && n < 0 {
		v = outOfRange
	}
	return int(n), v
}

// boolean is true or false, also in the words of YAML 1.1.
type boolean struct{}

func (boolean) wanted() string { return "true or false" }
func (boolean) hint() string   { return "" }
func (boolean) bounds() string { return "" }

func (boolean) read(value any) (any, verdict) {
	text, isText := value.(string)
	if !isText {
		return value, fits // the schema asks for a boolean
	}
	b, _, err := parseYAMLBool(text)
	if err != nil {
		return nil, mistyped
	}
	return b, fits
}

var errNotBool = errors.New("not a boolean")

// parseYAMLBool reads the booleans of YAML 1.2 and, reported by old, those of
// YAML 1.1.
func parseYAMLBool(s string) (value, old bool, err error) {
	switch strings.ToLower(s) {
	case "true":
		return true, false, nil
	case "false":
		return false, false, nil
	case "y", "yes", "on":
		return true, true, nil
	case "n", "no", "off":
		return false, true, nil
	}
	return false, false, errNotBool
}
