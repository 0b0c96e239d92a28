package quantity

import (
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/musterdev/muster/loader/node"
)

// MaxPort is the highest port there is.
const MaxPort = 65535

// Quantity is a kind of number that an attribute takes.
type Quantity interface {
	// Read turns what YAML has made of a scalar into the value that compose-go
	// takes for exactly that number.
	Read(value any) (any, Verdict)
	// Wanted and Hint say what to write instead.
	Wanted() string
	Hint() string
	// Bounds is the range: "0 to 65535".
	Bounds() string
}

// Verdict is what is wrong with a value.
type Verdict uint8

// The verdicts.
const (
	Fits       Verdict = iota
	Rounded            // it fits, with fewer digits
	Mistyped           // it is not a number of that kind
	OutOfRange         // it is one that nothing can hold
)

// integer is a whole number, or a word that compose-go reads.
type integer struct {
	min, max int64
	word     string
}

// Between is a whole number of that range.
func Between(low, high int64) Quantity { return integer{low, high, ""} }

func (q integer) Wanted() string {
	if q.word != "" {
		return "an integer or " + q.word
	}
	return "an integer"
}
func (q integer) Hint() string   { return "" }
func (q integer) Bounds() string { return fmt.Sprintf("%d to %d", q.min, q.max) }

func (q integer) Read(value any) (any, Verdict) {
	if text, isText := value.(string); isText && q.word != "" && strings.EqualFold(text, q.word) {
		return text, Fits
	}
	n, v := whole(value)
	if v == Fits && (n < q.min || n > q.max) {
		return nil, OutOfRange
	}
	return int(n), v
}

// Exactly is the value of a scalar, with all the digits that are written: YAML
// keeps about 16 of those of a number with a point or an exponent.
func Exactly(n *node.Node) any {
	text := strings.ReplaceAll(n.Text, "_", "")
	if _, isFloat := n.Value.(float64); !isFloat || n.Expanded || !decimal.MatchString(text) {
		return n.Value
	}
	if exact, ok := new(big.Rat).SetString(text); ok && exact.IsInt() && exact.Num().IsInt64() {
		return int(exact.Num().Int64())
	}
	return n.Value
}

// whole reads what stands for an integer.
func whole(value any) (int64, Verdict) {
	switch v := value.(type) {
	case int:
		return int64(v), Fits
	case int64:
		return v, Fits
	case uint64:
		return 0, OutOfRange // smaller ones are int
	case float64:
		switch {
		case v != math.Trunc(v):
			return 0, Mistyped // infinities are whole
		case math.Abs(v) >= 1<<63:
			return 0, OutOfRange
		}
		return int64(v), Fits
	case string:
		n, err := strconv.ParseInt(v, 10, 64)
		if err == nil {
			return n, Fits
		}
		if Digits.MatchString(v) {
			return 0, OutOfRange
		}
	}
	return 0, Mistyped
}

// Digits are a whole number as it is written.
var Digits = regexp.MustCompile(`^[-+]?[0-9]+$`)

// Size is a number of bytes, or a text with a unit. Texts stay as they are.
type Size struct{ min int64 }

func (q Size) Wanted() string { return "a size" }
func (q Size) Hint() string   { return "write 512m, 1g or a number of bytes" }
func (q Size) Bounds() string { return fmt.Sprintf("%d to %d bytes", q.min, math.MaxInt64) }

func (q Size) Read(value any) (any, Verdict) {
	n, v := whole(value)
	if text, isText := value.(string); isText {
		value = text
		if v == Mistyped {
			if n, v = sizeOf(text); v == Rounded { // only its last digits
				value, v = strconv.FormatInt(n, 10), Fits
			}
		}
	} else {
		value = int(n)
	}
	if v == Fits && n < q.min {
		v = OutOfRange
	}
	return value, v
}

var sizeText = regexp.MustCompile(`^(-?)((?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,4})?) ?([kKmMgGtTpP]?)[iI]?[bB]?$`)

// sizeOf reads a size with a unit. Fractions of a byte are cut off, as engines
// and Docker Compose do. The verdict is rounded if compose-go takes it for
// another one, for want of digits.
func sizeOf(text string) (int64, Verdict) {
	m := sizeText.FindStringSubmatch(text)
	if m == nil {
		return 0, Mistyped
	}
	n, _ := new(big.Rat).SetString(m[2])
	if n == nil || !n.IsInt() && m[3] == "" {
		return 0, Mistyped
	}
	exponent := uint(10 * (1 + strings.Index("kmgtp", strings.ToLower(m[3]))))
	if m[3] == "" {
		exponent = 0
	}
	n.Mul(n, new(big.Rat).SetInt(new(big.Int).Lsh(big.NewInt(1), exponent)))
	whole := new(big.Int).Quo(n.Num(), n.Denom())
	if m[1] != "" || !whole.IsInt64() {
		return 0, OutOfRange
	}
	var other types.UnitBytes
	if err := other.DecodeMapstructure(text); err != nil || int64(other) != whole.Int64() {
		return whole.Int64(), Rounded
	}
	return whole.Int64(), Fits
}

// fraction is a number that is kept in 32 bits.
type fraction struct{ min, max float64 }

func (q fraction) Wanted() string { return "a number" }
func (q fraction) Hint() string   { return "" }
func (q fraction) Bounds() string {
	return strconv.FormatFloat(q.min, 'f', -1, 64) + " to " + strconv.FormatFloat(q.max, 'f', -1, 64)
}

var decimal = regexp.MustCompile(`^[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,4})?$`)

func (q fraction) Read(value any) (any, Verdict) {
	text := ""
	switch v := value.(type) {
	case string:
		text = v
	case int, int64, uint64:
		text = fmt.Sprint(v)
	case float64:
		text = strconv.FormatFloat(v, 'g', -1, 64)
	case float32: // read before
		return v, Fits
	}
	if !decimal.MatchString(text) {
		return nil, Mistyped
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f < q.min || f > q.max {
		return nil, OutOfRange
	}
	want, _ := new(big.Rat).SetString(text)
	kept, _ := new(big.Rat).SetString(strconv.FormatFloat(f, 'f', -1, 32))
	if want == nil || want.Cmp(kept) != 0 {
		return float32(f), Rounded
	}
	return float32(f), Fits
}

// Mode is the permissions of a file: in YAML a number, as text in octal.
type Mode struct{}

func (Mode) Wanted() string { return "a file mode" }
func (Mode) Hint() string   { return "write 0440" }
func (Mode) Bounds() string { return "0 to 07777" }

func (Mode) Read(value any) (any, Verdict) {
	n, v := whole(value)
	if text, isText := value.(string); isText {
		m := octal.FindStringSubmatch(text)
		if m == nil {
			return nil, Mistyped
		}
		var err error
		if n, err = strconv.ParseInt(m[1], 8, 64); err != nil {
			return nil, OutOfRange
		}
		v = Fits
	}
	if v == Fits && (n < 0 || n > 0o7777) {
		v = OutOfRange
	}
	return int(n), v
}

var octal = regexp.MustCompile(`^(?:0[oO])?([0-7]+)$`)

// WholeOrText is a text that may be written as a number without a fraction.
type WholeOrText struct {
	what     string
	min, max int64 // of numbers
}

func (q WholeOrText) Wanted() string { return q.what }
func (q WholeOrText) Hint() string   { return "" }
func (q WholeOrText) Bounds() string { return fmt.Sprintf("%d to %d", q.min, q.max) }

func (q WholeOrText) Read(value any) (any, Verdict) {
	switch value.(type) {
	case int, int64, uint64, float64:
		n, v := whole(value)
		if v == Fits && (n < q.min || n > q.max) {
			v = OutOfRange
		}
		return int(n), v
	case time.Time:
		return nil, Mistyped
	}
	return value, Fits // the schema says what else it may be
}
