package loader

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

const maxPort = 65535

// quantity is a kind of number that an attribute takes.
type quantity interface {
	// read turns what YAML has made of a scalar into the value that compose-go
	// takes for exactly that number.
	read(value any) (any, verdict)
	// wanted and hint say what to write instead.
	wanted() string
	hint() string
	// bounds is the range: "0 to 65535".
	bounds() string
}

// verdict is what is wrong with a value.
type verdict uint8

const (
	fits       verdict = iota
	rounded            // it fits, with fewer digits
	mistyped           // it is not a number of that kind
	outOfRange         // it is one that nothing can hold
)

// integer is a whole number, or a word that compose-go reads.
type integer struct {
	min, max int64
	word     string
}

// between is a whole number of that range.
func between(low, high int64) quantity { return integer{low, high, ""} }

func (q integer) wanted() string {
	if q.word != "" {
		return "an integer or " + q.word
	}
	return "an integer"
}
func (q integer) hint() string   { return "" }
func (q integer) bounds() string { return fmt.Sprintf("%d to %d", q.min, q.max) }

func (q integer) read(value any) (any, verdict) {
	if text, isText := value.(string); isText && q.word != "" && strings.EqualFold(text, q.word) {
		return text, fits
	}
	n, v := wholeNumber(value)
	if v == fits && (n < q.min || n > q.max) {
		return nil, outOfRange
	}
	return int(n), v
}

// exactly is the value of a scalar, with all the digits that are written: YAML
// keeps about 16 of those of a number with a point or an exponent.
func exactly(n *node.Node) any {
	text := strings.ReplaceAll(n.Text, "_", "")
	if _, isFloat := n.Value.(float64); !isFloat || n.Expanded || !decimal.MatchString(text) {
		return n.Value
	}
	if exact, ok := new(big.Rat).SetString(text); ok && exact.IsInt() && exact.Num().IsInt64() {
		return int(exact.Num().Int64())
	}
	return n.Value
}

// wholeNumber reads what stands for an integer.
func wholeNumber(value any) (int64, verdict) {
	switch v := value.(type) {
	case int:
		return int64(v), fits
	case int64:
		return v, fits
	case uint64:
		return 0, outOfRange // smaller ones are int
	case float64:
		switch {
		case v != math.Trunc(v):
			return 0, mistyped // infinities are whole
		case math.Abs(v) >= 1<<63:
			return 0, outOfRange
		}
		return int64(v), fits
	case string:
		n, err := strconv.ParseInt(v, 10, 64)
		if err == nil {
			return n, fits
		}
		if digits.MatchString(v) {
			return 0, outOfRange
		}
	}
	return 0, mistyped
}

var digits = regexp.MustCompile(`^[-+]?[0-9]+$`)

// size is a number of bytes, or a text with a unit. Texts stay as they are.
type size struct{ min int64 }

func (q size) wanted() string { return "a size" }
func (q size) hint() string   { return "write 512m, 1g or a number of bytes" }
func (q size) bounds() string { return fmt.Sprintf("%d to %d bytes", q.min, math.MaxInt64) }

func (q size) read(value any) (any, verdict) {
	n, v := wholeNumber(value)
	if text, isText := value.(string); isText {
		value = text
		if v == mistyped {
			if n, v = sizeOf(text); v == rounded { // only its last digits
				value, v = strconv.FormatInt(n, 10), fits
			}
		}
	} else {
		value = int(n)
	}
	if v == fits && n < q.min {
		v = outOfRange
	}
	return value, v
}

var sizeText = regexp.MustCompile(`^(-?)((?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,4})?) ?([kKmMgGtTpP]?)[iI]?[bB]?$`)

// sizeOf reads a size with a unit. Fractions of a byte are cut off, as engines
// and Docker Compose do. The verdict is rounded if compose-go takes it for
// another one, for want of digits.
func sizeOf(text string) (int64, verdict) {
	m := sizeText.FindStringSubmatch(text)
	if m == nil {
		return 0, mistyped
	}
	n, _ := new(big.Rat).SetString(m[2])
	if n == nil || !n.IsInt() && m[3] == "" {
		return 0, mistyped
	}
	exponent := uint(10 * (1 + strings.Index("kmgtp", strings.ToLower(m[3]))))
	if m[3] == "" {
		exponent = 0
	}
	n.Mul(n, new(big.Rat).SetInt(new(big.Int).Lsh(big.NewInt(1), exponent)))
	whole := new(big.Int).Quo(n.Num(), n.Denom())
	if m[1] != "" || !whole.IsInt64() {
		return 0, outOfRange
	}
	var other types.UnitBytes
	if err := other.DecodeMapstructure(text); err != nil || int64(other) != whole.Int64() {
		return whole.Int64(), rounded
	}
	return whole.Int64(), fits
}

// fraction is a number that is kept in 32 bits.
type fraction struct{ min, max float64 }

func (q fraction) wanted() string { return "a number" }
func (q fraction) hint() string   { return "" }
func (q fraction) bounds() string {
	return strconv.FormatFloat(q.min, 'f', -1, 64) + " to " + strconv.FormatFloat(q.max, 'f', -1, 64)
}

var decimal = regexp.MustCompile(`^[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,4})?$`)

func (q fraction) read(value any) (any, verdict) {
	text := ""
	switch v := value.(type) {
	case string:
		text = v
	case int, int64, uint64:
		text = fmt.Sprint(v)
	case float64:
		text = strconv.FormatFloat(v, 'g', -1, 64)
	case float32: // read before
		return v, fits
	}
	if !decimal.MatchString(text) {
		return nil, mistyped
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f < q.min || f > q.max {
		return nil, outOfRange
	}
	want, _ := new(big.Rat).SetString(text)
	kept, _ := new(big.Rat).SetString(strconv.FormatFloat(f, 'f', -1, 32))
	if want == nil || want.Cmp(kept) != 0 {
		return float32(f), rounded
	}
	return float32(f), fits
}

// mode is the permissions of a file: in YAML a number, as text in octal.
type mode struct{}

func (mode) wanted() string { return "a file mode" }
func (mode) hint() string   { return "write 0440" }
func (mode) bounds() string { return "0 to 07777" }

func (mode) read(value any) (any, verdict) {
	n, v := wholeNumber(value)
	if text, isText := value.(string); isText {
		m := octal.FindStringSubmatch(text)
		if m == nil {
			return nil, mistyped
		}
		var err error
		if n, err = strconv.ParseInt(m[1], 8, 64); err != nil {
			return nil, outOfRange
		}
		v = fits
	}
	if v == fits && (n < 0 || n > 0o7777) {
		v = outOfRange
	}
	return int(n), v
}

var octal = regexp.MustCompile(`^(?:0[oO])?([0-7]+)$`)

// wholeOrText is a text that may be written as a number without a fraction.
type wholeOrText struct {
	what     string
	min, max int64 // of numbers
}

func (q wholeOrText) wanted() string { return q.what }
func (q wholeOrText) hint() string   { return "" }
func (q wholeOrText) bounds() string { return fmt.Sprintf("%d to %d", q.min, q.max) }

func (q wholeOrText) read(value any) (any, verdict) {
	switch value.(type) {
	case int, int64, uint64, float64:
		n, v := wholeNumber(value)
		if v == fits && (n < q.min || n > q.max) {
			v = outOfRange
		}
		return int(n), v
	case time.Time:
		return nil, mistyped
	}
	return value, fits // the schema says what else it may be
}
