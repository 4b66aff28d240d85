package web

import (
	"github.com/mileusna/useragent"
)

// userAgentSize is how much of a User-Agent is read, in bytes. Browsers send under 250.
const userAgentSize = 512

// Browser says what the person sits at, for notices and the list of sessions: "Chrome on
// Windows", "Safari on iPhone"; "" when it is not known. The header is the sender's to
// choose: it picks from our names, and nothing of it is ever passed on (WEB-6). It is no
// proof of anything either.
func (c *Context) Browser() string {
	sent, ok := onlyOne(c.Request().Header, "User-Agent")
	if !ok || len(sent) > userAgentSize || !plain(sent) {
		return ""
	}
	return browser(sent)
}

// browser picks our names for a User-Agent.
func browser(userAgent string) string {
	ua := useragent.Parse(userAgent)
	name, system := browserName(ua.Name), systemName(ua)
	switch {
	case name == "" || system == "":
		return name + system
	default:
		return name + " on " + system
	}
}

// browserName returns our name of a browser, "" for all others.
func browserName(parsed string) string {
	switch parsed {
	case useragent.Chrome, useragent.HeadlessChrome:
		return "Chrome"
	case useragent.Edge:
		return "Edge"
	case useragent.Firefox:
		return "Firefox"
	case useragent.Safari, useragent.MobileSafari:
		return "Safari"
	case useragent.Opera, useragent.OperaMini, useragent.OperaTouch:
		return "Opera"
	case useragent.Vivaldi:
		return "Vivaldi"
	case useragent.SamsungBrowser:
		return "Samsung Internet"
	case "Huawei Browser":
		return "Huawei Browser"
	case useragent.InternetExplorer:
		return "Internet Explorer"
	}
	return ""
}

// systemName returns our name of what the browser runs on, "" for all others. The device
// that a User-Agent names is used for Apple's two alone: those names are fixed.
func systemName(ua useragent.UserAgent) string {
	switch ua.OS {
	case useragent.IOS:
		if ua.Device == "iPad" {
			return "iPad"
		}
		return "iPhone"
	case useragent.Windows, useragent.MacOS, useragent.Android, useragent.Linux, useragent.ChromeOS, useragent.FreeBSD:
		return ua.OS // one of the library's constants, never text of the header
	case useragent.Harmony:
		return "HarmonyOS"
	}
	return ""
}
