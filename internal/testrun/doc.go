// Package testrun keeps the tests on a real engine apart from each other and
// from their dead. A run is one process of tests: what it makes bears its name,
// and a lock that the kernel frees says whether it lives. The first thing that a
// run does is to remove what dead runs left: containers, networks, volumes,
// images, processes, folders and private engines. What living runs made is not
// touched. When a test fails, it tells what a person needs to know of the engine.
package testrun
