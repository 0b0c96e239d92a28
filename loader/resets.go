package loader

// resetData removes the paths from a model.
func resetData(model map[string]any, paths [][]string) {
	for _, p := range paths {
		m, ok := model, true
		for _, key := range p[:len(p)-1] {
			if m, ok = m[key].(map[string]any); !ok {
				break
			}
		}
		if ok {
			delete(m, p[len(p)-1])
		}
	}
}
