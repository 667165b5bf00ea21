package auth

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"gateway/internal/redis"
)

// The shared deny list in the store. All its keys have one hash tag, so that a Cluster
// keeps them on one server:
//
//	entries  hash: name → "version before until", of the names that are revoked
//	gone     hash: the same of names that were reinstated, for a day
//	changes  sorted set: each name with the number of its last change
//	expiry   sorted set: when names are over
//	head     hash: epoch, which is another one after the store has lost its data, and
//	         seq, the number of the last change
//
// Times are microseconds since 1970, "-" for a time that never comes. The scripts hold
// in a store that was emptied, or that has lost any of these keys.
var denyStoreKeys = []string{"entries", "gone", "changes", "expiry", "head"}

// denyPrelude is the beginning of both scripts. ARGV[1] is an epoch, should a new one begin.
const denyPrelude = `
local entries, gone, changes, expiry, head = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local function digits(n) return string.format("%.0f", n) end
local function add_change(name)
	redis.call("ZADD", changes, redis.call("HINCRBY", head, "seq", 1), name)
end
if redis.call("HSETNX", head, "epoch", ARGV[1]) == 1 then
	redis.call("DEL", changes)
end
local top = tonumber(redis.call("HGET", head, "seq") or "0")
local last = redis.call("ZREVRANGE", changes, 0, 0, "WITHSCORES")[2]
if last and tonumber(last) > top then
	top = tonumber(last)
	redis.call("HSET", head, "seq", last)
end
local function find(name)
	local text = redis.call("HGET", entries, name)
	if text then return "+" .. text end
	text = redis.call("HGET", gone, name)
	return text and "-" .. text
end
`

// denyChanges returns the changes since number ARGV[3] of epoch ARGV[2], ARGV[4] at
// most: the epoch, the number from which on they were read (0 if the caller's is none of
// the epoch), the number up to which they were, how many names are revoked in all, "1"
// if there are more changes; then pairs of a name and what is known about it.
var denyChanges = redis.NewScript(denyPrelude + `
local epoch = redis.call("HGET", head, "epoch")
local live, dead = redis.call("HLEN", entries), redis.call("HLEN", gone)
if redis.call("ZCARD", changes) < live + dead then
	for _, hash in ipairs({entries, gone}) do
		for _, name in ipairs(redis.call("HKEYS", hash)) do
			if not redis.call("ZSCORE", changes, name) then add_change(name) end
		end
	end
	top = tonumber(redis.call("HGET", head, "seq"))
end
local since, most = tonumber(ARGV[3]), tonumber(ARGV[4])
if epoch ~= ARGV[2] or since > top then since = 0 end
local list = redis.call("ZRANGEBYSCORE", changes, "(" .. digits(since), "+inf", "WITHSCORES", "LIMIT", 0, most)
local reply = {epoch, digits(since), digits(since), digits(live), "0"}
for i = 1, #list, 2 do
	reply[3] = list[i + 1]
	local text = find(list[i])
	if text then
		reply[#reply + 1] = list[i]
		reply[#reply + 1] = text
	end
end
if #list == 2 * most then reply[5] = "1" end
return reply
`)

// denyChange makes changes and returns what is known about each name then, or "!" where
// the list is full. ARGV[2] bounds the list and ARGV[3] is how long it is remembered
// that a name was reinstated; then there are for each change
//
//	revoke     name version before until   the wider of two entries counts
//	reinstate  name version - -            unless there is a newer entry than version
//	keep+, keep-  name version before until   unless something as new is known
var denyChange = redis.NewScript(denyPrelude + `
local clock = redis.call("TIME")
local now = clock[1] * 1000000 + clock[2]
local most, memory = tonumber(ARGV[2]), tonumber(ARGV[3])
for _, name in ipairs(redis.call("ZRANGEBYSCORE", expiry, "-inf", digits(now), "LIMIT", 0, 100)) do
	redis.call("HDEL", entries, name)
	redis.call("HDEL", gone, name)
	redis.call("ZREM", changes, name)
	redis.call("ZREM", expiry, name)
end
local function put(live, name, version, before, ends)
	local to, from = entries, gone
	if not live then to, from = gone, entries end
	if redis.call("HEXISTS", to, name) == 0 and redis.call("HLEN", to) >= most then return "!" end
	local text = digits(version) .. " " .. before .. " " .. ends
	redis.call("HDEL", from, name)
	redis.call("HSET", to, name, text)
	if ends == "-" then redis.call("ZREM", expiry, name) else redis.call("ZADD", expiry, ends, name) end
	add_change(name)
	return (live and "+" or "-") .. text
end
local function wider(a, b)
	if a == "-" or b == "-" then return "-" end
	return tonumber(a) > tonumber(b) and a or b
end
local reply = {}
for i = 4, #ARGV, 5 do
	local verb, name, version, before, ends = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2]), ARGV[i + 3], ARGV[i + 4]
	local text = find(name)
	local sign, known, known_before, known_ends = string.match(text or "", "^([+-])(%d+) (%S+) (%S+)$")
	known = tonumber(known or "-1")
	local newer = math.max(now, known + 1, version + 1)
	if verb == "revoke" then
		if sign == "+" then before, ends = wider(before, known_before), wider(ends, known_ends) end
		reply[#reply + 1] = put(true, name, newer, before, ends)
	elseif verb == "reinstate" and sign ~= "-" and known <= version then
		reply[#reply + 1] = put(false, name, newer, "-", digits(now + memory))
	elseif verb ~= "reinstate" and known < version then
		reply[#reply + 1] = put(verb == "keep+", name, version, before, ends)
	else
		reply[#reply + 1] = text
	end
end
return reply
`)

// The verbs of denyChange.
const (
	verbRevoke    = "revoke"
	verbReinstate = "reinstate"
	verbKeep      = "keep+"
	verbKeepGone  = "keep-"
)

// denyFull is what is returned about a name for which there is no room.
const denyFull = "!"

// denyWordsOf are what names of each kind begin with in the store.
var denyWordsOf = [denyKinds]string{denyJTI: "jti:", denySubject: "sub:", denySession: "sid:", denyAll: "all:"}

func (n denyName) text() string { return denyWordsOf[n.kind] + n.name }

func readDenyName(text string) (denyName, error) {
	for kind, word := range denyWordsOf {
		if name, ok := strings.CutPrefix(text, word); ok && len(name) <= maxDeniedName && (name == "") == (denyKind(kind) == denyAll) {
			return denyName{denyKind(kind), name}, nil
		}
	}
	return denyName{}, errNotDenied
}

var errNotDenied = errors.New("an entry of the shared deny list is not understood")

// text is what the store says about a name: a sign, the version and the times.
func (d sharedDenial) text() string {
	sign := "+"
	if d.gone {
		sign = "-"
	}
	return sign + strconv.FormatInt(d.version, 10) + " " + microText(d.before) + " " + microText(d.until)
}

func microText(at int64) string {
	if at == endOfTime {
		return "-"
	}
	return strconv.FormatInt(at, 10)
}

func readSharedDenial(text string) (d sharedDenial, err error) {
	fields := strings.Split(text, " ")
	if len(fields) != 3 || len(fields[0]) < 2 || fields[0][0] != '+' && fields[0][0] != '-' {
		return d, errNotDenied
	}
	d.gone = fields[0][0] == '-'
	d.denial = denial{endOfTime, endOfTime}
	if d.version, err = strconv.ParseInt(fields[0][1:], 10, 64); err != nil {
		return d, errNotDenied
	}
	for i, to := range []*int64{&d.before, &d.until} {
		if fields[i+1] == "-" {
			continue
		}
		if *to, err = strconv.ParseInt(fields[i+1], 10, 64); err != nil {
			return d, errNotDenied
		}
	}
	return d, nil
}

// denyPage is what denyChanges returns.
type denyPage struct {
	epoch      string
	from, upTo int64
	live       int64
	more       bool
	names      []named
	damaged    int // entries that are not understood
}

func readDenyPage(reply []string) (p denyPage, err error) {
	if len(reply) < 5 || len(reply)%2 != 1 {
		return p, errNotDenied
	}
	p.epoch, p.more = reply[0], reply[4] == "1"
	for i, to := range []*int64{&p.from, &p.upTo, &p.live} {
		if *to, err = strconv.ParseInt(reply[i+1], 10, 64); err != nil {
			return p, fmt.Errorf("%w: %w", errNotDenied, err)
		}
	}
	for i := 5; i < len(reply); i += 2 {
		n, err := readDenyName(reply[i])
		if err != nil {
			p.damaged++
			continue
		}
		d, err := readSharedDenial(reply[i+1])
		if err != nil {
			p.damaged++
			continue
		}
		p.names = append(p.names, named{n, d})
	}
	return p, nil
}
