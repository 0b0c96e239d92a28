package loader

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/musterdev/muster/loader/quantity"
	"pgregory.net/rapid"
)

// TestEveryNumberIsAQuantity finds every number, size, duration and mode that
// compose-go's model has: one whose range nobody knows would arrive as another.
func TestEveryNumberIsAQuantity(t *testing.T) {
	known, root := quantity.All(1), quantity.New(1)
	found := map[string]bool{}
	numbers(reflect.TypeFor[types.Project](), nil, func(path []string) {
		leaf := root
		for _, elem := range path {
			leaf = leaf.Child(elem)
		}
		name := strings.Join(path, ".")
		found[name] = true
		if (leaf == nil || leaf.Kind == nil) && !strings.HasSuffix(name, ".single") { // a scalar in the place of the mapping
			t.Errorf("%s is in no table", name)
		}
	})
	if len(found) < len(known)-8 {
		t.Errorf("only %d of %d numbers are in the model: %v", len(found), len(known), found)
	}
}

func numbers(ty reflect.Type, path []string, add func([]string)) {
	if len(path) > 9 {
		return
	}
	switch ty.Kind() {
	case reflect.Pointer:
		numbers(ty.Elem(), path, add)
	case reflect.Slice:
		numbers(ty.Elem(), append(path, "[]"), add)
	case reflect.Map:
		numbers(ty.Elem(), append(path, "k"), add)
	case reflect.Struct:
		for i := range ty.NumField() {
			f := ty.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
			if f.IsExported() && name != "-" && !strings.HasPrefix(name, "#") {
				if name == "" {
					name = strings.ToLower(f.Name)
				}
				numbers(f.Type, append(path, name), add)
			}
		}
	case reflect.String, reflect.Interface, reflect.Bool:
	default:
		add(slices.Clone(path))
	}
}

// spelling is a number as somebody may write it.
type spelling struct {
	text string
	want *big.Rat // nil if it is no number, or not known
}

func spellings(kind quantity.Quantity) *rapid.Generator[spelling] {
	return rapid.Custom(func(t *rapid.T) spelling {
		n := rapid.OneOf(rapid.Int64Range(-3, 5), rapid.Int64Range(0, 100_000), rapid.Int64(), rapid.Just(int64(1<<53+1))).Draw(t, "number")
		whole := new(big.Rat).SetInt64(n)
		plain := strconv.FormatInt(n, 10)
		scaled := func(by *big.Rat) *big.Rat { return new(big.Rat).Mul(whole, by) }
		power := func(base, exp int64) *big.Rat {
			return new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(base), big.NewInt(exp), nil))
		}
		all := []spelling{{plain, whole}, {plain, whole}, {plain + "99999999999999999999", nil}}
		switch kind.(type) {
		case quantity.Span:
			all = []spelling{
				{plain + "s", scaled(power(10, 9))}, {plain + "ms", scaled(power(10, 6))}, {plain + "h", scaled(new(big.Rat).SetInt64(3600e9))},
				{plain + ".5m", nil}, {plain + "d", scaled(new(big.Rat).SetInt64(86400e9))}, {plain + "99999999999999999s", nil}, {plain, nil},
			}
		case quantity.Size:
			all = append(all, spelling{plain + "k", scaled(power(2, 10))}, spelling{plain + "gb", scaled(power(2, 30))}, spelling{strconv.Quote(plain), whole},
				spelling{plain + "e2", scaled(power(10, 2))}, spelling{plain + "e20", scaled(power(10, 20))}, spelling{plain + ".5", nil}, spelling{plain + "p", scaled(power(2, 50))})
		case quantity.Mode:
			if n >= 0 {
				all = []spelling{{"0o" + strconv.FormatInt(n, 8), whole}, {`"0o` + strconv.FormatInt(n, 8) + `"`, whole}, {`"0` + strconv.FormatInt(n, 8) + `"`, whole}, {plain, nil}}
			}
		default:
			all = append(all, spelling{strconv.Quote(plain), whole}, spelling{plain + "e2", scaled(power(10, 2))}, spelling{plain + "e30", scaled(power(10, 30))}, spelling{plain + ".5", nil})
			if n > 0 {
				all = append(all, spelling{"0x" + strconv.FormatInt(n, 16), whole})
			}
		}
		all = append(all, spelling{".nan", nil}, spelling{".inf", nil}, spelling{`"NaN"`, nil}, spelling{`"Inf"`, nil}, spelling{"-.inf", nil})
		return rapid.SampledFrom(all).Draw(t, "spelling")
	})
}

// TestNumbersAreKeptOrRefused writes numbers of every kind and size for every
// attribute that takes one: config shows what the file says, or the attribute
// is refused at its place, with what would be right.
func TestNumbersAreKeptOrRefused(t *testing.T) {
	all := quantity.All(10_000)
	kept, refused := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.SampledFrom(sortedKeys(all)).Draw(t, "attribute")
		if _, isText := all[pattern].(quantity.WholeOrText); isText {
			return
		}
		s := spellings(all[pattern]).Draw(t, "value")
		concrete := strings.NewReplacer("resources.*.cpus", "resources.limits.cpus", "resources.*.memory", "resources.limits.memory", "resources.*.pids", "resources.limits.pids",
			"resources.*", "resources.reservations", "*", "k")
		path := strings.Split(concrete.Replace(pattern), ".")
		file := numberFile(path, s.text)
		p, warnings, err := Load(context.Background(), Input{
			Files: []string{"-"}, Stdin: strings.NewReader(file), WorkingDir: "/", ProjectName: "x", AllResources: true, NoConsistency: true,
		})
		at := strings.ReplaceAll(strings.Join(path, "."), ".[]", "[0]")
		var errs Errors
		if errors.As(err, &errs) {
			e := errs[0]
			if !strings.HasPrefix(e.Path, at) || e.Pos.Column == 0 || !strings.Contains(e.Msg, "must be ") && !strings.Contains(e.Msg, " is out of range: ") {
				t.Errorf("%s\nis refused with %v", file, err)
			}
			refused++
			return
		}
		kept++
		var out bytes.Buffer
		if _, err := Render(&out, p, RenderOptions{Format: JSON}); err != nil {
			t.Fatal(err)
		}
		if s.want == nil { // it is a number in all readers' eyes, or a warning says what it became
			return
		}
		if got := shownNumber(t, out.Bytes(), path, all[pattern]); got.Cmp(s.want) != 0 && !strings.Contains(fmt.Sprint(warnings), " is rounded to ") {
			t.Errorf("%s\nis shown as %s", file, got.RatString())
		}
	})
	if kept == 0 || refused == 0 {
		t.Errorf("%d numbers are kept, %d refused", kept, refused)
	}
}

// numberFile is a Compose file with the value, and with what has to stand beside it.
func numberFile(path []string, value string) string {
	beside := map[string]string{
		"volumes.[]": "type: tmpfs, target: /x, ", "secrets.[]": "source: s, ", "configs.[]": "source: s, ", "healthcheck": "test: [CMD, x], ",
		"blkio_config.weight_device.[]": "path: /dev/x, ", "devices.[]": "capabilities: [gpu], ", "models.k": "model: m, ", "discrete_resource_spec": "kind: g, ",
		"services.k": "image: busybox, ", "build": "context: ., ",
	}
	text := value
	for i := len(path) - 1; i > 0; i-- {
		if path[i] == "[]" {
			text = "[" + text + "]"
			continue
		}
		prefix, more := strings.Join(path[:i], "."), ""
		for suffix, other := range beside {
			if strings.HasSuffix(prefix, suffix) {
				more = other
			}
		}
		switch {
		case strings.Contains(prefix, "device_") && path[i] == "rate":
			more = "path: /dev/x, "
		case path[i] == "hard":
			more = "soft: 1, "
		case path[i] == "soft":
			more = "hard: 1, "
		}
		text = "{" + more + path[i] + ": " + text + "}"
	}
	file := path[0] + ": " + text + "\n"
	if path[0] != "services" {
		file += "services: {a: {image: busybox}}\n"
	}
	return file
}

// shownNumber is the number that config shows at the path; none is 0.
func shownNumber(t *rapid.T, text []byte, path []string, kind quantity.Quantity) *big.Rat {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	for _, elem := range path {
		switch in := v.(type) {
		case map[string]any:
			v = in[elem]
		case []any:
			v = in[0]
		}
	}
	shown := fmt.Sprint(v)
	if limits, isMap := v.(map[string]any); isMap { // ulimits
		shown = fmt.Sprint(limits["soft"])
	}
	if v == nil {
		shown = "0"
	}
	if _, isSpan := kind.(quantity.Span); isSpan && v != nil {
		d, err := time.ParseDuration(shown)
		if err != nil {
			t.Fatal(err)
		}
		return new(big.Rat).SetInt64(int64(d))
	}
	got, ok := new(big.Rat).SetString(shown)
	if _, isMode := kind.(quantity.Mode); isMode {
		n, isOctal := new(big.Int).SetString(shown, 8)
		if _, isNumber := v.(json.Number); !isNumber && isOctal {
			return new(big.Rat).SetInt(n)
		}
	}
	if !ok {
		t.Fatalf("%s is shown as %q", strings.Join(path, "."), shown)
	}
	return got
}
