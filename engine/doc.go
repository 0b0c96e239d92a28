// Package engine says what everybody says of a container engine: containers,
// networks, volumes and images as they are observed, the calls that an engine
// takes, by role, its events and its errors. Ours is the one answer to the
// question whether a container is a project's. It knows no engine client.
//
// A backend implements the roles that it has, and declares them: Roles makes an
// engine of them whose other calls answer ErrUnsupported. The contract suite in
// internal/enginetest holds it to what the roles promise.
package engine
