// Package loader makes a project of Compose files.
//
// It finds the files, reads them within fixed limits, interpolates, merges and
// decodes them with compose-go, and keeps for every element of the result the
// file, line and column that set it. Everything that is wrong is reported at
// once, in file order, each problem with its place; nothing is printed and no
// environment is read but the one it is given.
package loader
