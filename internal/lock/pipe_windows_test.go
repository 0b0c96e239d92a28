package lock

import "errors"

func plantPipe(string) error { return errors.New("no named pipes in folders") }
