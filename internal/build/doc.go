// Package build makes images from Dockerfiles with the BuildKit that is built
// into the engine, through the engine's session and grpc endpoints.
//
// The Dockerfile frontend runs in this process, not in the engine: an old
// engine thereby understands heredocs, named contexts and everything else that
// today's Dockerfiles use, without pulling a frontend image. Contexts are sent
// incrementally and without what .dockerignore excludes. Secrets go through the
// session and never reach arguments, labels or layers.
package build
