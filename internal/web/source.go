package web

import "net/netip"

// Source returns what a client's address is counted by: the whole IPv4 address, or the
// /64 of an IPv6 one, because who has an IPv6 line has all 2^64 addresses of its network
// and would have a counter for each (ABU-6). IPv4 in the clothes of IPv6 counts as IPv4.
// "" when the address is not known. It is for counting alone: it goes into no log and on
// no page, see Address.
func (c *Context) Source() string { return countedBy(c.echo.RealIP()) }

// countedBy writes an address as the key that it is counted by.
func countedBy(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is4() {
		return ip.String()
	}
	return netip.PrefixFrom(ip, 64).Masked().String()
}
