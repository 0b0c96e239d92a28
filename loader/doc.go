// Package loader makes a project of Compose files.
//
// It finds the files, reads them within fixed limits, interpolates, merges and
// decodes them with compose-go, and keeps for every element of the result the
// file, line and column that set it. Everything that is wrong is reported at
// once, in file order, each problem with its place; nothing is printed and no
// environment is read but the one it is given.
//
// It stands on rooms of its own: node (values that know their line, and how they
// merge), env (variables and the syntax of env files), rules (the table of what is
// checked beyond the schema), quantity (numbers, sizes and times) and hint.
package loader
