package docker

// Formats are how config.json wants lists to be printed; empty where it does not say.
type Formats struct {
	Containers string // psFormat
	Stats      string // statsFormat
}

// ReadFormats reads them from docker's configuration. One that cannot be read has
// none: whoever needs it says so.
func ReadFormats(o Options) Formats {
	o.Warn = nil
	file := o.settings().usable()
	return Formats{Containers: file.PsFormat, Stats: file.StatsFormat}
}
