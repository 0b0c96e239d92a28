// Command muster runs Compose files on a container engine.
package main

import (
	"os"

	"github.com/musterdev/muster/cmd"
)

func main() { os.Exit(cmd.Main(cmd.System(), os.Args[1:])) }
