package redis

import "github.com/redis/rueidis"

// Value is a reply.
type Value struct{ message rueidis.RedisMessage }

// Int returns a reply that is a number.
func (v Value) Int() (int64, error) { return v.message.AsInt64() }

// Ints returns a reply that is a list of numbers.
func (v Value) Ints() ([]int64, error) { return v.message.AsIntSlice() }

// Strings returns a reply that is a list of texts; what is not there is "".
func (v Value) Strings() ([]string, error) { return v.message.AsStrSlice() }
