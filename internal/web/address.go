package web

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
)

// extractor says where a client's address comes from: the connection, or, where proxies
// are listed, the nearest hop in X-Forwarded-For that is none of them (ABU-6). Echo's own
// does not understand hops with a port, which some proxies write (Azure Application
// Gateway): everybody behind such a proxy would share its address and its allowance.
func extractor(proxies []netip.Prefix) echo.IPExtractor {
	direct := echo.ExtractIPDirect()
	if len(proxies) == 0 {
		return direct
	}
	return func(r *http.Request) string {
		connection := direct(r)
		ip, err := netip.ParseAddr(connection)
		if err != nil || !within(proxies, ip) {
			return connection
		}
		if ip, ok := nearest(r.Header.Values(echo.HeaderXForwardedFor), proxies); ok {
			return ip.String()
		}
		return connection
	}
}

// nearest walks the hops from the last, which the proxy at the connection wrote, to the
// first, and returns the first that is no proxy of ours: what stands before it, a client
// may have made up. ok is false when there is none, or one on the way cannot be read.
func nearest(headers []string, proxies []netip.Prefix) (ip netip.Addr, ok bool) {
	if len(headers) == 0 {
		return ip, false
	}
	for _, text := range slices.Backward(strings.Split(strings.Join(headers, ","), ",")) {
		if ip, ok = hop(strings.TrimSpace(text)); !ok || !within(proxies, ip) {
			return ip, ok
		}
	}
	return ip, true
}

// hop reads an address as proxies write it: alone, in brackets, or with a port.
func hop(text string) (netip.Addr, bool) {
	ip, err := netip.ParseAddr(text)
	if err != nil {
		if strings.HasSuffix(text, "]") {
			text += ":0"
		}
		var both netip.AddrPort
		both, err = netip.ParseAddrPort(text)
		ip = both.Addr()
	}
	return ip.Unmap(), err == nil && ip.Zone() == ""
}

func within(networks []netip.Prefix, ip netip.Addr) bool {
	ip = ip.Unmap()
	return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return unmapped(p).Contains(ip) })
}

// Shorten cuts a network address to its network, /24 or /64, the form in which the audit
// log keeps it. What is no address gives "".
func Shorten(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	ip = ip.Unmap().WithZone("")
	bits := 64
	if ip.Is4() {
		bits = 24
	}
	return netip.PrefixFrom(ip, bits).Masked().String()
}

// Address returns the client's shortened network address, "" when it is not known.
func (c *Context) Address() string { return Shorten(c.echo.RealIP()) }

// onlyOne returns the one value of a header; ok is false when it comes more than once.
func onlyOne(h http.Header, name string) (value string, ok bool) {
	values := h.Values(name)
	switch len(values) {
	case 0:
		return "", true
	case 1:
		return values[0], true
	}
	return "", false
}
