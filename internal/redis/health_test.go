package redis

import "testing"

// TestCannotWork tells a store that cannot do its work from a call that was wrong, in the
// words of several versions: Redis up to 6 wraps what happens within a script.
func TestCannotWork(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"OOM command not allowed when used memory > 'maxmemory'.":                                                                                        true,
		"OOM command not allowed when used memory > 'maxmemory'. script: 4a2e, on @user_script:70.":                                                      true,
		"ERR Error running script (call to f_4a2e): @user_script:70: @user_script: 70: -OOM command not allowed when used memory > 'maxmemory'.":         true,
		"READONLY You can't write against a read only replica. script: 4a2e, on @user_script:70.":                                                        true,
		"ERR Error running script (call to f_4a2e): @user_script:70: @user_script: 70: -READONLY You can't write against a read only replica.":           true,
		"MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.":                                               true,
		"LOADING Redis is loading the dataset in memory":                                                                                                 true,
		"WRONGTYPE Operation against a key holding the wrong kind of value":                                                                              false,
		"ERR value is not an integer or out of range":                                                                                                    false,
		"ERR Error running script (call to f_4a2e): @user_script:1: @user_script: 1: -WRONGTYPE Operation against a key holding the wrong kind of value": false,
		"ERR Error running script (call to f_4a2e): @user_script:1: user_script:1: attempt to compare nil with number":                                   false,
		"ERR unknown command 'OOM command', with args beginning with: -OOM ":                                                                             false,
	} {
		if got := cannotWork(text); got != want {
			t.Errorf("%s: %t, want %t", text, got, want)
		}
	}
}
