package templates

import "time"

func sessionStates(base Base) []Example {
	base.Path = "/sessions"
	here := SignedIn{ID: "0b1c5a3e-7c11-4a55-9c3f-1d2e3f405162", Browser: "Edge on Windows", Network: "Office Berlin", Began: minutes(-42), Seen: minutes(0), Here: true}
	phone := SignedIn{ID: "1b1c5a3e-7c11-4a55-9c3f-1d2e3f405162", Browser: "Safari on iPhone", Network: "198.51.100.0/24", Began: minutes(-110), Seen: minutes(-12)}
	strange := SignedIn{ID: "2b1c5a3e-7c11-4a55-9c3f-1d2e3f405162", Began: minutes(-400), Seen: minutes(-29)}
	long := SignedIn{ID: "3b1c5a3e-7c11-4a55-9c3f-1d2e3f405162", Browser: "Samsung Internet on Android",
		Network: "Verwaltungsgebäude-Hohenlohe-Waldenburg", Began: minutes(-900), Seen: minutes(-20)}
	six := SignedIn{ID: "4b1c5a3e-7c11-4a55-9c3f-1d2e3f405162", Browser: "Firefox on Linux", Network: "2001:db8:1234:5678::/64", Began: minutes(-3), Seen: minutes(-3)}
	alone := Sessions{Base: base, List: []SignedIn{here}}
	all := Sessions{Base: base, List: []SignedIn{six, here, phone, long, strange}}
	with := func(p Sessions, e Everywhere) Sessions { p.Everywhere = e; return p }
	open := Everywhere{State: "open", Asked: minutes(0), Moved: minutes(0)}
	slow := Everywhere{State: "open", Asked: minutes(-40), Moved: minutes(-40), RetryAt: minutes(1), Reason: "directory.down"}
	list := []Example{{"sessions", all}, {"sessions-alone", alone}, {"sessions-open", with(alone, open)}, {"sessions-slow", with(all, slow)},
		{"sessions-done", with(alone, Everywhere{State: "done", Asked: minutes(-1), Moved: minutes(0)})},
		{"sessions-done-before", with(all, Everywhere{State: "done", Asked: minutes(-1600), Moved: minutes(-1600)})}}
	for _, reason := range []string{"directory.permission", "directory.refused", "directory.down", "account.gone", "account.protected"} {
		list = append(list, Example{"sessions-failed-" + reason, with(alone, Everywhere{State: "failed", Asked: minutes(-3), Moved: minutes(-3).Add(time.Second), Reason: reason})})
	}
	return append(list, Example{"problem-404-session.none", Problem{Base: base, Status: 404, Key: "session.none", Link: "/sessions", LinkKey: "back"}})
}
