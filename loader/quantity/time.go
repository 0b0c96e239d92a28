package quantity

import (
	"errors"
	"math"
	"math/big"
	"regexp"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
)

// Span is a length of time. Texts stay as they are unless compose-go would make
// something else of them.
type Span struct {
	min time.Duration // of those that are not 0
}

func (Span) Wanted() string { return "a duration" }
func (Span) Hint() string   { return "write 10s, 1m30s or 500ms" }
func (q Span) Bounds() string {
	if q.min > 0 {
		return "0s, or " + q.min.String() + " to " + time.Duration(math.MaxInt64).String()
	}
	return "0s to " + time.Duration(math.MaxInt64).String()
}

func (q Span) Read(value any) (any, Verdict) {
	text, isText := value.(string)
	if !isText {
		return value, Fits // the schema asks for a text
	}
	d, v := Duration(text)
	if v == Fits && d != 0 && d < q.min {
		v = OutOfRange
	}
	if v == Rounded { // only its last digits
		return d.String(), Fits
	}
	return text, v
}

// Positive is a length of time that is not 0.
type Positive struct{ Span }

func (Positive) Bounds() string {
	return "more than 0s, at most " + time.Duration(math.MaxInt64).String()
}

func (q Positive) Read(value any) (any, Verdict) {
	text, isText := value.(string)
	if !isText {
		return nil, Mistyped
	}
	if d, v := Duration(text); v != Mistyped && d <= 0 {
		return nil, OutOfRange
	}
	return q.Span.Read(text)
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

// Duration reads a duration exactly. The verdict is rounded if other readers
// take it for another one, for want of digits.
func Duration(text string) (time.Duration, Verdict) {
	if !spanText.MatchString(text) {
		return 0, Mistyped
	}
	total, units := new(big.Rat), spanUnits()
	for _, part := range spanPart.FindAllStringSubmatch(text, -1) {
		n, ok := new(big.Rat).SetString(strings.TrimSuffix("0"+part[1], "."))
		if !ok {
			return 0, Mistyped
		}
		total.Add(total, n.Mul(n, new(big.Rat).SetInt64(int64(units[part[2]]))))
	}
	switch {
	case strings.HasPrefix(text, "-") && total.Sign() > 0:
		return 0, OutOfRange
	case !total.IsInt() || !total.Num().IsInt64():
		return 0, OutOfRange
	}
	d := time.Duration(total.Num().Int64())
	var other types.Duration
	if err := other.DecodeMapstructure(text); err != nil || time.Duration(other) != d {
		return d, Rounded
	}
	return d, Fits
}

// microseconds are a number of them, or a duration, as the specification has it
// and compose-go does not.
type microseconds struct{}

func (microseconds) Wanted() string { return "microseconds or a duration" }
func (microseconds) Hint() string   { return "" }
func (microseconds) Bounds() string { return integer{0, math.MaxInt64, ""}.Bounds() }

func (microseconds) Read(value any) (any, Verdict) {
	n, v := whole(value)
	if text, isText := value.(string); isText && v == Mistyped {
		var d time.Duration
		if d, v = Duration(text); v == Rounded {
			v = Fits
		}
		if v == Fits && d%time.Microsecond != 0 {
			v = Mistyped
		}
		n = d.Microseconds()
	}
	if v == Fits && n < 0 {
		v = OutOfRange
	}
	return int(n), v
}

// boolean is true or false, also in the words of YAML 1.1.
type boolean struct{}

func (boolean) Wanted() string { return "true or false" }
func (boolean) Hint() string   { return "" }
func (boolean) Bounds() string { return "" }

func (boolean) Read(value any) (any, Verdict) {
	text, isText := value.(string)
	if !isText {
		return value, Fits // the schema asks for a boolean
	}
	b, _, err := ParseYAMLBool(text)
	if err != nil {
		return nil, Mistyped
	}
	return b, Fits
}

var errNotBool = errors.New("not a boolean")

// ParseYAMLBool reads the booleans of YAML 1.2 and, reported by old, those of
// YAML 1.1.
func ParseYAMLBool(s string) (value, old bool, err error) {
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
