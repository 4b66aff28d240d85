package web

import "net/netip"

// Network is an operator's name for the networks that its prefixes cover, such as "Office
// Berlin".
type Network struct {
	Name     string
	Prefixes []netip.Prefix
}

// Network says roughly from where the request comes, for notices and the list of
// sessions: the operator's name of the network, the first that fits, else the shortened
// address, "" when that is not known. A full address goes nowhere.
func (c *Context) Network() string {
	address := c.echo.RealIP()
	if name := networkName(c.site.Networks, address); name != "" {
		return name
	}
	return Shorten(address)
}

// networkName returns the first name whose prefixes cover an address. IPv4 in the clothes
// of IPv6 counts as IPv4, on both sides.
func networkName(networks []Network, address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	ip = ip.Unmap().WithZone("")
	for _, n := range networks {
		for _, p := range n.Prefixes {
			if unmapped(p).Contains(ip) {
				return n.Name
			}
		}
	}
	return ""
}

// unmapped writes a prefix of ::ffff:0:0/96 as the IPv4 prefix that it means.
func unmapped(p netip.Prefix) netip.Prefix {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		return netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p
}
