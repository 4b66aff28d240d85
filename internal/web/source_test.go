package web_test

import (
	"net/http"
	"net/netip"
	"testing"

	"rekey/internal/web"
)

func TestSource_ABU6_WhatSendsAreCountedBy(t *testing.T) {
	say := told(t, same, (*web.Context).Source)
	for remote, want := range map[string]string{
		"192.0.2.7:1":                    "192.0.2.7",
		"192.0.2.8:1":                    "192.0.2.8", // a neighbour is somebody else
		"[::ffff:192.0.2.7]:1":           "192.0.2.7",
		"[2001:db8:5:6::7]:1":            "2001:db8:5:6::/64",
		"[2001:db8:5:6:ffff:1:2:3]:1":    "2001:db8:5:6::/64",
		"[2001:db8:5:7::7]:1":            "2001:db8:5:7::/64",
		"[fe80::1%eth0]:1":               "fe80::/64",
		"[2001:0DB8:0005:0006::0007]:80": "2001:db8:5:6::/64",
		"":                               "",
		"no address":                     "",
	} {
		if got := say(func(r *http.Request) { r.RemoteAddr = remote }); got != want {
			t.Errorf("Source() of %q = %q, want %q", remote, got, want)
		}
	}
}

// A header of the client's own makes no new counter: only a listed proxy is believed.
func TestSource_ABU6_NotFromAForgedHeader(t *testing.T) {
	direct := told(t, same, (*web.Context).Source)
	proxied := told(t, func(o *web.Options) { o.Proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} }, (*web.Context).Source)
	for _, tt := range []struct {
		say       func(func(*http.Request)) string
		remote    string
		forwarded string
		want      string
	}{
		{direct, "203.0.113.9:1", "198.51.100.1", "203.0.113.9"},
		{direct, "10.0.0.1:1", "198.51.100.1", "10.0.0.1"},
		{proxied, "203.0.113.9:1", "198.51.100.1", "203.0.113.9"},
		{proxied, "10.0.0.1:1", "198.51.100.1, 203.0.113.9", "203.0.113.9"},
		{proxied, "10.0.0.1:1", "2001:db8::1, 2001:db8:5:6::7", "2001:db8:5:6::/64"},
	} {
		got := tt.say(func(r *http.Request) { r.RemoteAddr = tt.remote; r.Header.Set("X-Forwarded-For", tt.forwarded) })
		if got != tt.want {
			t.Errorf("Source() from %s for %q = %q, want %q", tt.remote, tt.forwarded, got, tt.want)
		}
	}
}
