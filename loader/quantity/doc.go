// Package quantity has the kinds of numbers that attributes take, what each can
// hold, and how texts are read as one exactly: what does not fit is told, and
// never arrives as another number.
package quantity
