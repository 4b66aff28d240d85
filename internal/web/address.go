package web

import (
	"net"
	"net/http"
	"net/netip"

	"github.com/labstack/echo/v4"
)

// extractor says where a client's address comes from: the connection, or, where proxies
// are listed, the nearest hop in X-Forwarded-For that is none of them (ABU-6). Echo would
// trust every private address unless told otherwise.
func extractor(proxies []netip.Prefix) echo.IPExtractor {
	if len(proxies) == 0 {
		return echo.ExtractIPDirect()
	}
	trust := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, p := range proxies {
		bits := p.Addr().BitLen()
		trust = append(trust, echo.TrustIPRange(&net.IPNet{IP: p.Masked().Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), bits)}))
	}
	return echo.ExtractIPFromXFFHeader(trust...)
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
