package web

import (
	"net/http"
	"net/netip"
	"testing"
)

// What a listed proxy writes is understood in every form that proxies write; what a client
// writes before it moves nobody's address (ABU-6).
func TestExtractor_ABU6_Hops(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:1::/48"), netip.MustParsePrefix("::ffff:192.0.2.0/120")}
	for _, tt := range []struct {
		name, remote string
		forwarded    []string
		want         string
	}{
		{"no header", "10.0.0.1:1", nil, "10.0.0.1"},
		{"an address", "10.0.0.1:1", []string{"203.0.113.7"}, "203.0.113.7"},
		{"with a port", "10.0.0.1:1", []string{"203.0.113.7:51234"}, "203.0.113.7"},
		{"IPv6", "10.0.0.1:1", []string{"2001:db8::1"}, "2001:db8::1"},
		{"IPv6 in brackets", "10.0.0.1:1", []string{"[2001:db8::1]"}, "2001:db8::1"},
		{"IPv6 with a port", "10.0.0.1:1", []string{"[2001:db8::1]:443"}, "2001:db8::1"},
		{"two proxies with ports", "10.0.0.1:1", []string{"203.0.113.7:51234, 10.0.0.2:8080"}, "203.0.113.7"},
		{"forged entries before", "10.0.0.1:1", []string{"198.51.100.1, 10.0.0.9, 198.51.100.2:1,203.0.113.7:51234"}, "203.0.113.7"},
		{"forged junk before", "10.0.0.1:1", []string{"<x>, , 999.1.1.1, 203.0.113.7:51234"}, "203.0.113.7"},
		{"a forged header before", "10.0.0.1:1", []string{"198.51.100.1", "203.0.113.7:51234"}, "203.0.113.7"},
		{"a forged header before two proxies", "10.0.0.1:1", []string{"198.51.100.1", "203.0.113.7", "10.0.0.2"}, "203.0.113.7"},
		{"junk from the proxy", "10.0.0.1:1", []string{"198.51.100.1, unknown"}, "10.0.0.1"},
		{"an empty last entry", "10.0.0.1:1", []string{"198.51.100.1,"}, "10.0.0.1"},
		{"junk behind a second proxy", "10.0.0.1:1", []string{"198.51.100.1, _hidden, 10.0.0.2"}, "10.0.0.1"},
		{"a port that is none", "10.0.0.1:1", []string{"203.0.113.7:port"}, "10.0.0.1"},
		{"no port after the colon", "10.0.0.1:1", []string{"203.0.113.7:"}, "10.0.0.1"},
		{"a port too large", "10.0.0.1:1", []string{"203.0.113.7:65536"}, "10.0.0.1"},
		{"an open bracket", "10.0.0.1:1", []string{"[2001:db8::1"}, "10.0.0.1"},
		{"IPv4 in brackets", "10.0.0.1:1", []string{"[203.0.113.7]"}, "10.0.0.1"},
		{"a zone", "10.0.0.1:1", []string{"fe80::1%eth0"}, "10.0.0.1"},
		{"mapped", "10.0.0.1:1", []string{"::ffff:203.0.113.7"}, "203.0.113.7"},
		{"mapped with a port", "10.0.0.1:1", []string{"[::ffff:203.0.113.7]:443"}, "203.0.113.7"},
		{"a proxy that is mapped", "10.0.0.1:1", []string{"203.0.113.7, ::ffff:10.0.0.2"}, "203.0.113.7"},
		{"the connection is mapped", "[::ffff:10.0.0.1]:1", []string{"203.0.113.7:51234"}, "203.0.113.7"},
		{"a list that is mapped", "192.0.2.9:1", []string{"203.0.113.7"}, "203.0.113.7"},
		{"only proxies", "10.0.0.1:1", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"not our proxy", "203.0.113.9:1", []string{"198.51.100.1:1"}, "203.0.113.9"},
		{"not our proxy claims to be", "203.0.113.9:1", []string{"198.51.100.1, 10.0.0.1"}, "203.0.113.9"},
		{"IPv6 proxy", "[2001:db8:1::1]:1", []string{"203.0.113.7:51234"}, "203.0.113.7"},
		{"no connection", "", []string{"203.0.113.7"}, ""},
	} {
		r := &http.Request{RemoteAddr: tt.remote, Header: http.Header{"X-Forwarded-For": tt.forwarded, "X-Real-Ip": {"198.51.100.9"}, "Forwarded": {"for=198.51.100.9"}}}
		if got := extractor(proxies)(r); got != tt.want {
			t.Errorf("%s: the address of %q for %q = %q, want %q", tt.name, tt.remote, tt.forwarded, got, tt.want)
		}
	}
}
