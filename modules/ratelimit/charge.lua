-- Decides claims together, by the store's clock, and charges all of them or none: the
-- generic cell rate algorithm of gcra.go, in integers that a double holds exactly.
--
-- KEYS  one for each claim
-- ARGV  five for each claim: cost, want, interval, offset, ticks in a second.
--       From cost up to want units are charged. Below zero, they are given back.
--       Without ticks the key counts what is used in a window of the calendar; the
--       interval is then when it ends, in seconds since 1970, and the offset its units.
--
-- Returns, for each claim, how many ticks ahead of the clock it was before, or what
-- was used; -1 if something else stands in its key, and then nothing is charged.

local clock = redis.call('TIME')
local second, micro = tonumber(clock[1]), tonumber(clock[2])
local ahead, clamped, allowed, foreign = {}, {}, true, false

local function argument(claim, n)
	return tonumber(ARGV[(claim - 1) * 5 + n])
end

-- A time is kept as seconds, a point, and nine digits of nanoseconds.
local function ticks(value, rate)
	local whole, nanos = string.match(value, '^(%d+)%.(%d+)$')
	if not whole then
		return nil
	end
	return (whole - second) * rate + math.ceil(nanos / (1e9 / rate)) - micro * (rate / 1e6)
end

-- What one unit adds: to a time, or to what is used.
local function unit(claim)
	return argument(claim, 5) == 0 and 1 or argument(claim, 3)
end

for i = 1, #KEYS do
	local rate, offset = argument(i, 5), argument(i, 4)
	local value = redis.pcall('GET', KEYS[i])
	local found = 0
	if type(value) == 'table' then
		found = nil
	elseif value and rate == 0 then
		found = tonumber(string.match(value, '^%d+$'))
	elseif value then
		found = ticks(value, rate)
	end
	if found then
		ahead[i] = math.max(0, math.min(found, offset))
		clamped[i] = found > offset
		allowed = allowed and ahead[i] + argument(i, 1) * unit(i) <= offset
	else
		ahead[i], foreign = -1, true
	end
end
if foreign then
	return ahead
end

for i = 1, #KEYS do
	local rate, interval, grant = argument(i, 5), unit(i), 0
	if allowed then
		grant = math.min(argument(i, 2), math.floor((argument(i, 4) - ahead[i]) / interval))
	end
	if grant ~= 0 or clamped[i] then
		local after = ahead[i] + grant * interval
		if after > 0 and rate == 0 then
			redis.call('SET', KEYS[i], string.format('%.0f', after))
			redis.call('EXPIREAT', KEYS[i], argument(i, 3))
		elseif after > 0 then
			local at = micro * (rate / 1e6) + after
			local value = string.format('%.0f.%09.0f', second + math.floor(at / rate), (at % rate) * (1e9 / rate))
			redis.call('SET', KEYS[i], value, 'PX', string.format('%.0f', math.floor(after / (rate / 1e3)) + 1))
		else
			redis.call('DEL', KEYS[i])
		end
	end
end
return ahead
