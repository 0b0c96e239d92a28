// Command helper is the program inside the image muster-test/helper: a container
// that misbehaves on request. It runs in an image that holds nothing else, so
// that tests also cover stacks without a shell.
//
//	helper [flags]               do what the flags say, all at once, until stopped
//	helper healthcheck [URL]     exit 0 when URL (default http://127.0.0.1:8080/healthz) answers 200
//	helper touch|rm|cat FILE     create, remove or print a file (for exec into a container without a shell)
//
// SIGTERM and SIGINT end it with exit code 0, unless -ignore-term is given.
package main

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

// behaviour is what one run does; every part is off at its zero value.
type behaviour struct {
	exit          int           // exit code at the end of after, or on a signal
	after         time.Duration // end by itself this long after the start; 0 is never
	ignoreTerm    bool          // do not end on SIGTERM or SIGINT
	listen        string        // serve HTTP on this address
	startAfter    time.Duration // serve only this long after the start
	unhealthyFile string        // /healthz answers 503 while this file exists
	healthyFile   string        // /healthz answers 503 until this file exists
	spamEvery     time.Duration // write a log line this often; 0 is never
	spamLines     int           // write this many log lines at once at the start
	spamSize      int           // length of a log line in bytes, its newline included
	allocate      int           // MiB of memory to take and touch
	env           bool          // print the environment, sorted, at the start
	say           string        // print this line at the start
	sayErr        string        // print this line on standard error at the start
}

func main() {
	if len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-") {
		if err := tool(os.Args[1], os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	var b behaviour
	flag.IntVar(&b.exit, "exit", 0, "exit code")
	flag.DurationVar(&b.after, "after", 0, "exit by itself this long after the start")
	flag.BoolVar(&b.ignoreTerm, "ignore-term", false, "ignore SIGTERM and SIGINT")
	flag.StringVar(&b.listen, "listen", "", "serve HTTP on this address: /, /healthz, /env, /files/PATH")
	flag.DurationVar(&b.startAfter, "listen-after", 0, "serve only this long after the start")
	flag.StringVar(&b.unhealthyFile, "unhealthy-file", "/unhealthy", "unhealthy while this file exists")
	flag.StringVar(&b.healthyFile, "healthy-file", "", "unhealthy until this file exists")
	flag.DurationVar(&b.spamEvery, "spam-every", 0, "write a log line this often")
	flag.IntVar(&b.spamLines, "spam-lines", 0, "write this many log lines at the start")
	flag.IntVar(&b.spamSize, "spam-size", 50, "length of a log line in bytes")
	flag.IntVar(&b.allocate, "allocate", 0, "MiB of memory to take")
	flag.BoolVar(&b.env, "env", false, "print the environment")
	flag.StringVar(&b.say, "say", "", "print this line")
	flag.StringVar(&b.sayErr, "say-err", "", "print this line on standard error")
	flag.Parse()
	os.Exit(b.run())
}

// run does it all and returns the exit code.
func (b behaviour) run() int {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	b.announce()
	var held []byte
	if b.allocate > 0 {
		held = make([]byte, b.allocate<<20)
		for i := range held {
			held[i] = byte(i) // touched, or the kernel gives no page for it
		}
		fmt.Printf("holding %d MiB\n", b.allocate)
	}
	failed := make(chan error, 1)
	if b.listen != "" {
		time.AfterFunc(b.startAfter, func() { failed <- http.ListenAndServe(b.listen, b.handler()) })
	}
	var spam, end <-chan time.Time
	if b.spamEvery > 0 {
		spam = time.Tick(b.spamEvery)
	}
	if b.after > 0 {
		end = time.After(b.after)
	}
	for n := b.spamLines; ; {
		select {
		case <-spam:
			n++
			b.spam(n)
		case <-end:
			return b.exit
		case s := <-signals:
			if !b.ignoreTerm {
				return b.exit
			}
			fmt.Printf("ignoring %s\n", s)
		case err := <-failed:
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		if len(held) > 0 {
			held[0]++ // keeps the memory reachable
		}
	}
}

// announce prints what is to be said once, at the start.
func (b behaviour) announce() {
	if b.env {
		printEnv(os.Stdout)
	}
	if b.say != "" {
		fmt.Println(b.say)
	}
	if b.sayErr != "" {
		fmt.Fprintln(os.Stderr, b.sayErr)
	}
	for n := range b.spamLines {
		b.spam(n + 1)
	}
}

// spam writes the n-th log line, padded to its size.
func (b behaviour) spam(n int) {
	line := fmt.Sprintf("line %d ", n)
	fmt.Println(line + strings.Repeat("x", max(0, b.spamSize-len(line)-1)))
}

// handler answers / with the host name, /healthz with the health that the files
// say, /env with the environment and /files/PATH with a file's content.
func (b behaviour) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) {
		host, err := os.Hostname()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprintln(w, host)
	})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		if exists(b.unhealthyFile) || b.healthyFile != "" && !exists(b.healthyFile) {
			http.Error(w, "unhealthy", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /env", func(w http.ResponseWriter, _ *http.Request) { printEnv(w) })
	mux.Handle("GET /files/", http.StripPrefix("/files", http.FileServer(http.Dir("/"))))
	return mux
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func printEnv(w io.Writer) {
	for _, kv := range slices.Sorted(slices.Values(os.Environ())) {
		fmt.Fprintln(w, kv)
	}
}

// tool runs one of the small commands that a container without a shell lacks.
func tool(name string, args []string) error {
	switch {
	case name == "healthcheck" && len(args) <= 1:
		url := "http://127.0.0.1:8080/healthz"
		if len(args) == 1 {
			url = args[0]
		}
		return healthcheck(url)
	case name == "touch" && len(args) == 1:
		return os.WriteFile(args[0], nil, 0o644)
	case name == "rm" && len(args) == 1:
		return os.Remove(args[0])
	case name == "cat" && len(args) == 1:
		content, err := os.ReadFile(args[0])
		if err != nil {
			return err
		}
		_, err = os.Stdout.Write(content)
		return err
	}
	return fmt.Errorf("usage: helper healthcheck [URL] | touch FILE | rm FILE | cat FILE, not %q", append([]string{name}, args...))
}

func healthcheck(url string) error {
	client := http.Client{Timeout: 5 * time.Second}
	answer, err := client.Get(url)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, answer.Status)
	}
	return nil
}
