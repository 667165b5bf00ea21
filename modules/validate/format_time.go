package validate

import (
	"regexp"
	"strings"
)

// isDate is full-date of RFC 3339 §5.6.
func isDate(s string) bool {
	if len(s) != 10 || s[4] != '-' || s[7] != '-' {
		return false
	}
	year, ok1 := digits(s[0:4])
	month, ok2 := digits(s[5:7])
	day, ok3 := digits(s[8:10])
	return ok1 && ok2 && ok3 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month)
}

func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// digits reads an ASCII number.
func digits(s string) (n int, ok bool) {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, s != ""
}

// isDateTime is date-time of RFC 3339 §5.6.
func isDateTime(s string) bool {
	return len(s) > 11 && s[10]|0x20 == 't' && isDate(s[:10]) && isTime(s[11:])
}

// isTime is full-time of RFC 3339 §5.6. A leap second is one only at the end of a
// day in UTC.
func isTime(s string) bool {
	if len(s) < 9 || s[2] != ':' || s[5] != ':' {
		return false
	}
	hour, ok1 := digits(s[0:2])
	minute, ok2 := digits(s[3:5])
	second, ok3 := digits(s[6:8])
	if !ok1 || !ok2 || !ok3 || hour > 23 || minute > 59 || second > 60 {
		return false
	}
	zone := s[8:]
	if zone[0] == '.' {
		rest := strings.TrimLeft(zone[1:], "0123456789")
		if len(rest) == len(zone)-1 {
			return false
		}
		zone = rest
	}
	offset, ok := zoneOffset(zone)
	if !ok || second < 60 {
		return ok
	}
	const day = 24 * 60
	return (hour*60+minute-offset+2*day)%day == day-1
}

// zoneOffset reads time-offset, in minutes east of UTC.
func zoneOffset(zone string) (minutes int, ok bool) {
	if zone == "Z" || zone == "z" {
		return 0, true
	}
	if len(zone) != 6 || zone[3] != ':' || zone[0] != '+' && zone[0] != '-' {
		return 0, false
	}
	hour, ok1 := digits(zone[1:3])
	minute, ok2 := digits(zone[4:6])
	if minutes = hour*60 + minute; zone[0] == '-' {
		minutes = -minutes
	}
	return minutes, ok1 && ok2 && hour <= 23 && minute <= 59
}

// durationPattern is duration of RFC 3339, appendix A.
var durationPattern = regexp.MustCompile(`^P(\d+W|` + durationDate + `(T` + durationTime + `)?|T` + durationTime + `)$`)

const (
	durationDate = `(\d+Y(\d+M(\d+D)?)?|\d+M(\d+D)?|\d+D)`
	durationTime = `(\d+H(\d+M(\d+S)?)?|\d+M(\d+S)?|\d+S)`
)

func isDuration(s string) bool { return durationPattern.MatchString(s) }

// isUUID is the text form of RFC 9562 §4.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := 0; i < len(s); i++ {
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash != (s[i] == '-') || !dash && !isHexDigit(s[i]) {
			return false
		}
	}
	return true
}

func isRegex(s string) bool {
	_, err := regexp.Compile(s)
	return err == nil
}

// isPointer is json-pointer of RFC 6901 §3.
func isPointer(s string) bool {
	if s != "" && s[0] != '/' {
		return false
	}
	for i := 0; i < len(s); i++ {
		if s[i] == '~' && (i+1 == len(s) || s[i+1] != '0' && s[i+1] != '1') {
			return false
		}
	}
	return true
}

// isRelativePointer is a number, then a JSON Pointer or "#".
func isRelativePointer(s string) bool {
	rest := strings.TrimLeft(s, "0123456789")
	number := s[:len(s)-len(rest)]
	if number == "" || number[0] == '0' && len(number) > 1 {
		return false
	}
	return rest == "#" || isPointer(rest)
}
