package restartpolicy

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"strconv"
	"time"
)

// The numbers of the backoff. The first crashes in a row wait 100, 200, 400 ms as
// with Docker's engine; but where the engine starts over once a run has lasted ten
// seconds, failures here fade by half with every HalfLife of running. So a crash
// after every eleven seconds climbs to MaxDelay, and one every hour costs MinDelay.
const (
	// MinDelay is the delay after a single failure.
	MinDelay = 100 * time.Millisecond
	// MaxDelay is the longest delay, jitter and a longer Policy.Delay aside.
	MaxDelay = time.Minute
	// HalfLife is the running time in which past failures lose half of their weight.
	HalfLife = 10 * time.Minute
	// CrashLoopScore is the weight of failures above which a container counts as
	// crash looping.
	CrashLoopScore = 5.0
	// ReleaseScore is the weight below which a brake is released.
	ReleaseScore = 2.0
	// jitter is the greatest part of a delay by which it is prolonged, so that
	// containers that died together do not all come back together.
	jitter = 0.25
)

// fade returns the weight that score has after a time of running well.
func fade(score float64, since time.Duration) float64 {
	return score * math.Exp2(-float64(max(0, since))/float64(HalfLife))
}

// fadesTo returns how long score needs to fade to a lower weight.
func fadesTo(score, lower float64) time.Duration {
	return time.Duration(math.Ceil(math.Log2(score/lower) * float64(HalfLife)))
}

// Backoff returns the delay before a restart when failures weigh score: 100 ms
// doubled for each failure beyond the first, at most a minute, and at least the
// policy's own delay.
func Backoff(score float64, policyDelay time.Duration) time.Duration {
	d := float64(MinDelay) * math.Exp2(max(0, score-1))
	return max(policyDelay, time.Duration(min(d, float64(MaxDelay))))
}

// Jitter prolongs a delay by up to a quarter. The part depends only on the
// container and the ordinal of its failure, so a decision can be replayed.
func Jitter(d time.Duration, containerID string, failure int) time.Duration {
	sum := sha256.Sum256([]byte(containerID + "/" + strconv.Itoa(failure)))
	u := float64(binary.BigEndian.Uint64(sum[:])) / (1 << 64)
	return d + time.Duration(jitter*u*float64(d))
}

// EngineDelay returns the engine's own delay before the restart that makes its
// count restartCount: 100 ms doubled each time, at most a minute. The engine
// starts over after a run of ten seconds, so this is an upper bound.
func EngineDelay(restartCount int) time.Duration {
	d := float64(MinDelay) * math.Exp2(float64(max(0, restartCount-1)))
	return time.Duration(min(d, float64(MaxDelay)))
}
