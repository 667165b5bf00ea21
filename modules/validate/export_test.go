package validate

// RaceEnabled tells tests from the outside that the race detector watches.
const RaceEnabled = raceEnabled
