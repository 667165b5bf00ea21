// Package generate is the command that writes files to begin with.
//
//	command.go   gateway new version
//	version.go   the folder of the next version of an API
//	rewrite.go   a contract as text, with a few places changed
package generate
