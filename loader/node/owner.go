package node

// Owner is the part of the files that a problem is about. Without a name the
// problem is one of the files as a whole, and nothing can be done with them.
type Owner struct {
	// Scope is the file that an extends names; empty is the project's own files,
	// whose services are the project's.
	Scope string
	// Section and Name are those of a service or another resource, Attribute is
	// that of the service.
	Section, Name, Attribute string
}

// Within is the owner of an entry of the mapping that o is the owner of.
func (o Owner) Within(key string) Owner {
	switch {
	case o.Section == "":
		o.Section = key
	case o.Name == "":
		if isSection(o.Section) {
			o.Name = key
		}
	case o.Attribute == "":
		o.Attribute = key
	}
	return o
}

// Part is the owner whatever its attribute.
func (o Owner) Part() Owner {
	o.Attribute = ""
	return o
}

func isSection(key string) bool {
	switch key {
	case "services", "volumes", "networks", "secrets", "configs", "models":
		return true
	}
	return false
}

// ServiceOf is a service of the project's own files.
func ServiceOf(name string) Owner { return Owner{Section: "services", Name: name} }
