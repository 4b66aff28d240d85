package web_test

import (
	"math/rand/v2"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"rekey/internal/web"
	"rekey/internal/web/webtest"
)

// told returns what the site says of requests, by what is done to them.
func told(t *testing.T, o func(*web.Options), say func(*web.Context) string) func(change func(*http.Request)) string {
	t.Helper()
	f := newFixture(t, o)
	got := "unset"
	f.site.PublicPage("/told", func(c *web.Context) error {
		got = say(c)
		return c.NoContent()
	})
	return func(change func(*http.Request)) string {
		r := webtest.Request(http.MethodGet, "/told", "")
		r.Header.Del("User-Agent")
		change(r)
		if a := webtest.New(t, f.site).Do(r); a.Status != http.StatusNoContent {
			t.Errorf("GET /told = %d, want 204", a.Status)
		}
		return got
	}
}

func same(*web.Options) {}

func agents() map[string]string {
	return map[string]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36":                             "Chrome on Windows",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0":               "Edge on Windows",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0":                                                            "Firefox on Windows",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15":                       "Safari on macOS",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36":                       "Chrome on macOS",
		"Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0":                                                                      "Firefox on Linux",
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/131.0.0.0 Safari/537.36":                               "Chrome on Linux",
		"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36":                              "Chrome on ChromeOS",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1":     "Safari on iPhone",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/131.0.0.0 Mobile/15E148 Safari/604.1":  "Chrome on iPhone",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) EdgiOS/131.0.0.0 Mobile/15E148 Safari/604.1": "Edge on iPhone",
		"Mozilla/5.0 (iPad; CPU OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1":              "Safari on iPad",
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36":                             "Chrome on Android",
		"Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/26.0 Chrome/122.0.0.0 Mobile Safari/537.36":  "Samsung Internet on Android",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 OPR/116.0.0.0":               "Opera on Windows",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Vivaldi/7.0.3495.11":         "Vivaldi on Windows",
		"Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko":                                                                       "Windows",
		"curl/8.14.1": "",
		"":            "",
	}
}

func TestBrowser_NamesWhatPeopleUse(t *testing.T) {
	say := told(t, same, (*web.Context).Browser)
	for agent, want := range agents() {
		if got := say(func(r *http.Request) { r.Header.Set("User-Agent", agent) }); got != want {
			t.Errorf("Browser() of %q = %q, want %q", agent, got, want)
		}
	}
}

// TestBrowser_WEB6_NothingOfTheHeader attacks the words of notices and pages: a header may
// pick among our names, and never adds one.
func TestBrowser_WEB6_NothingOfTheHeader(t *testing.T) {
	say := told(t, same, (*web.Context).Browser)
	for _, agent := range []string{
		"Your account is locked, call +12025550199", "<script>alert(1)</script>", "Mozilla/5.0 (Linux; Android 10; https://evil.example) Evil/1.0",
		"Mozilla/5.0 (compatible; Microsoft support https://evil.example)", "Chrome/1 Safari/1 Evil/1", "(((((((((", "/ / / ;;; )(", "Windows NT", "\u202eemorhC", "Ch\tro\tme",
		"Googlebot/2.1 (+http://www.google.com/bot.html)", strings.Repeat("Chrome/1 ", 10_000), "Chrome\x00/1", "Chrome/\xff",
	} {
		if got := say(func(r *http.Request) { r.Header["User-Agent"] = []string{agent} }); !ourName(got) {
			t.Errorf("Browser() of %.80q = %q, which is none of our names", agent, got)
		}
	}
	twice := func(r *http.Request) { r.Header["User-Agent"] = []string{"Firefox/1", "Chrome/1"} }
	if got := say(twice); got != "" {
		t.Errorf("Browser() of two headers = %q, want nothing", got)
	}
}

// TestBrowser_WEB6_PiecesInAnyOrder throws pieces of real headers together: no order of
// them breaks the parser or lets a word through.
func TestBrowser_WEB6_PiecesInAnyOrder(t *testing.T) {
	say := told(t, same, (*web.Context).Browser)
	var pieces []string
	for agent := range agents() {
		pieces = append(pieces, strings.Fields(agent)...)
	}
	slices.Sort(pieces)
	pieces = append(pieces, "evil", "(", ")", ";", "/", "Android", "Android;", "XiaoMi/MiuiBrowser/9", "FBAN/", "+http://x", "iPhone;", "[", "]", "Opera", "MSIE")
	random := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		var agent []string
		for range 1 + random.IntN(12) {
			agent = append(agent, pieces[random.IntN(len(pieces))])
		}
		text := strings.Join(agent, []string{" ", "", ";"}[random.IntN(3)])
		if got := say(func(r *http.Request) { r.Header.Set("User-Agent", text) }); !ourName(got) {
			t.Fatalf("Browser() of %q = %q, which is none of our names", text, got)
		}
	}
}

// ourName reports whether a description is made of our names alone.
func ourName(text string) bool {
	browsers := []string{"", "Chrome", "Edge", "Firefox", "Safari", "Opera", "Vivaldi", "Samsung Internet", "Huawei Browser", "Internet Explorer"}
	systems := []string{"", "Windows", "macOS", "Android", "Linux", "ChromeOS", "FreeBSD", "iPhone", "iPad", "HarmonyOS"}
	name, system, both := strings.Cut(text, " on ")
	if both {
		return name != "" && system != "" && slices.Contains(browsers, name) && slices.Contains(systems, system)
	}
	return slices.Contains(browsers, text) || slices.Contains(systems, text)
}

func TestNetwork_NOT3_RoughlyFromWhere(t *testing.T) {
	prefix := netip.MustParsePrefix
	networks := func(o *web.Options) {
		o.Networks = []web.Network{
			{Name: "VPN", Prefixes: []netip.Prefix{prefix("10.1.9.0/24")}},
			{Name: "Office Berlin", Prefixes: []netip.Prefix{prefix("192.0.2.7/32"), prefix("10.1.0.0/16"), prefix("2001:db8:5::/48")}},
			{Name: "Mapped", Prefixes: []netip.Prefix{prefix("::ffff:198.51.100.0/120")}},
			{Name: "Never first", Prefixes: []netip.Prefix{prefix("10.1.9.0/25")}},
		}
	}
	say := told(t, networks, (*web.Context).Network)
	for remote, want := range map[string]string{
		"10.1.2.3:1":              "Office Berlin",
		"10.1.9.3:1":              "VPN",
		"192.0.2.7:1":             "Office Berlin",
		"192.0.2.8:1":             "192.0.2.0/24",
		"[::ffff:10.1.2.3]:1":     "Office Berlin",
		"198.51.100.9:1":          "Mapped",
		"[2001:db8:5:6::7]:1":     "Office Berlin",
		"[2001:db8:6:6::7]:1":     "2001:db8:6:6::/64",
		"[2001:db8:5:6::7%eth]:1": "Office Berlin",
		"":                        "",
	} {
		if got := say(func(r *http.Request) { r.RemoteAddr = remote }); got != want {
			t.Errorf("Network() of %q = %q, want %q", remote, got, want)
		}
	}
	forged := func(r *http.Request) { r.RemoteAddr = "203.0.113.9:1"; r.Header.Set("X-Forwarded-For", "10.1.2.3") }
	if got := say(forged); got != "203.0.113.0/24" {
		t.Errorf("Network() with a forged header = %q, want %q", got, "203.0.113.0/24")
	}
}
