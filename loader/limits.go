package loader

// Limits bound what a load may cost. A zero field means its default.
type Limits struct {
	FileBytes    int64 // one file; 4 MiB
	TotalBytes   int64 // all Compose and env files together, and all interpolated text; 32 MiB
	Depth        int   // nested mappings and sequences; 100
	Nodes        int   // nodes of one document with its aliases followed; 100 000
	Files        int   // Compose files, included and extended ones among them; 256
	IncludeDepth int   // include within include; 32
	EnvBytes     int64 // one env file; 1 MiB
	ValueBytes   int   // one value of an env file; 128 KiB
	Nesting      int   // ${a:-${b:-…}}; 32
	PortRange    int   // ports published by one service; 1 024
	Replicas     int   // replicas of one service; 10 000
}

func (l Limits) withDefaults() Limits {
	set(&l.FileBytes, 4<<20)
	set(&l.TotalBytes, 32<<20)
	set(&l.Depth, 100)
	set(&l.Nodes, 100_000)
	set(&l.Files, 256)
	set(&l.IncludeDepth, 32)
	set(&l.EnvBytes, 1<<20)
	set(&l.ValueBytes, 128<<10)
	set(&l.Nesting, 32)
	set(&l.PortRange, 1024)
	set(&l.Replicas, 10_000)
	return l
}

func set[N int | int64](field *N, fallback N) {
	if *field <= 0 {
		*field = fallback
	}
}
