// Package two is told about here.
package two
