// Package docker speaks the Docker Engine's API, and is the only package that
// does: it sends requests and translates answers into engine types, from API 1.41
// (Docker Engine 20.10) to the newest the client knows.
//
// What it asks for is pure and lives in package request; everything here is one
// engine call, or a few, with a deadline and an error that says what was being
// done to what. It decides nothing: when to create, stop or restart is
// convergence's business.
package docker
