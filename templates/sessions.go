package templates

import (
	"slices"
	"strings"
	"time"
)

// Sessions is the page of one's own sessions.
type Sessions struct {
	Base
	List       []SignedIn // last seen first
	Everywhere Everywhere
}

// SignedIn is one live session.
type SignedIn struct {
	ID      string
	Browser string // "Chrome on Windows", "" when it is not known
	Network string // its name or a shortened address, may be empty
	Began   time.Time
	Seen    time.Time
	Here    bool // it is this one
}

// Everywhere is the last time that the person signed out everywhere: state is
// signout.State, or "" for never.
type Everywhere struct {
	State   string
	Asked   time.Time
	Moved   time.Time
	RetryAt time.Time // zero: at this moment
	Reason  string    // signout.SignOut
}

// Template is part of Page.
func (Sessions) Template() string { return "sessions" }

// Sorted lists this session first, then the others as they come.
func (p Sessions) Sorted() []SignedIn {
	list := slices.Clone(p.List)
	slices.SortStableFunc(list, func(a, b SignedIn) int {
		switch {
		case a.Here == b.Here:
			return 0
		case a.Here:
			return -1
		}
		return 1
	})
	return list
}

// Watched reports whether the page looks again by itself where there are no scripts: for a
// quarter of an hour, as the script does, so that a forgotten window keeps nobody signed in.
func (p Sessions) Watched() bool {
	return p.Everywhere.State == "open" && p.watched(p.Everywhere.Asked)
}

// Recent reports whether other applications may still go on with what they hold: Microsoft
// lets them for up to an hour.
func (p Sessions) Recent() bool { return p.Now.Sub(p.Everywhere.Moved) < time.Hour }

// Name is the browser's part of Browser, System that of what it runs on: "" where one part
// is all that is known.
func (s SignedIn) Name() string {
	name, _, _ := strings.Cut(s.Browser, joint)
	return name
}

// System is the other part; see Name.
func (s SignedIn) System() string {
	_, system, _ := strings.Cut(s.Browser, joint)
	return system
}

// joint stands between the two names of a browser's description.
const joint = " on "

// Picture names the icon of what the browser runs on.
func (s SignedIn) Picture() string {
	switch {
	case s.Browser == "":
		return "unknown"
	case strings.HasSuffix(s.Browser, "iPhone"), strings.HasSuffix(s.Browser, "iPad"), strings.HasSuffix(s.Browser, "Android"),
		strings.HasSuffix(s.Browser, "HarmonyOS"):
		return "phone"
	}
	return "computer"
}
