//go:build !linux

package main

import (
	"errors"
	"os"
	"time"
)

// peak is 0, not measured: systems other than Linux count it in units of their own.
func peak(*os.ProcessState) int64 { return 0 }

var errOtherProcess = errors.New("only on Linux is another process measured")

func processorTime(int) (time.Duration, error) { return 0, errOtherProcess }

func resident(int) (int64, error) { return 0, errOtherProcess }
