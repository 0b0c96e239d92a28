// Package request is what a Docker engine is asked for: it maps project values to
// the API's requests, for the version of the API and the operating system that an
// engine has, and says what such an engine cannot do of a project. It is pure:
// given the same, a request is the same, byte for byte. The golden requests of
// testdata/mapping hold it.
package request
