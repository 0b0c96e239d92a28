package loader

// owner is the part of the files that a problem is about. Without a name the
// problem is one of the files as a whole, and nothing can be done with them.
type owner struct {
	// scope is the file that an extends names; empty is the project's own files,
	// whose services are the project's.
	scope string
	// section and name are those of a service or another resource, attribute is
	// that of the service.
	section, name, attribute string
}

// within is the owner of an entry of the mapping that o is the owner of.
func (o owner) within(key string) owner {
	switch {
	case o.section == "":
		o.section = key
	case o.name == "":
		if isSection(o.section) {
			o.name = key
		}
	case o.attribute == "":
		o.attribute = key
	}
	return o
}

// part is the owner whatever its attribute.
func (o owner) part() owner {
	o.attribute = ""
	return o
}

func isSection(key string) bool {
	switch key {
	case "services", "volumes", "networks", "secrets", "configs", "models":
		return true
	}
	return false
}

// serviceOf is a service of the project's own files.
func serviceOf(name string) owner { return owner{section: "services", name: name} }
