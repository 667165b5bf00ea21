// Package two is told about here, too.
package two
