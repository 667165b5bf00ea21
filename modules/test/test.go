// Package test is the command that tries what a configuration promises.
//
//	command.go    gateway test
//	versions.go   do old clients get through to the newest version, and back?
//	report.go     what it has found, as text and JSON
package test
