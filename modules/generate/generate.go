// Package generate is the command that writes files to begin with.
//
//	command.go   gateway new version, gateway new change
//	version.go   the folder of the next version of an API
//	rewrite.go   a contract as text, with a few places changed
//	change.go    a change file; guess.go for its steps, guessvalues.go for the rest of them
package generate
