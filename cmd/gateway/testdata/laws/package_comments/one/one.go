// Package one is as it should be.
package one
