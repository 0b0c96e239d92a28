package plan

// PrepareModel has a language model pulled, if it is not there, and configured.
type PrepareModel struct {
	Key          string // in the file
	Model        string // its reference
	ContextSize  int    // in tokens; zero is the model's own
	RuntimeFlags []string
}

func (a PrepareModel) String() string { return "prepare model " + a.Model }
