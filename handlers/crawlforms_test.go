package handlers_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"rekey/internal/contact"
	"rekey/internal/reset"
	"rekey/internal/web/webtest"
)

// bad is a body that no form of the site sends.
type bad struct {
	name, kind, body string
	header           map[string]string
	status           int
}

const urlencoded = "application/x-www-form-urlencoded"

// badBodies are sent to every form with a good token: nothing but the body is wrong.
func badBodies(token string) []bad {
	good := "form_token=" + token
	return []bad{
		{name: "an unknown field", kind: urlencoded, body: good + "&admin=1", status: 400},
		{name: "a field of the data behind it", kind: urlencoded, body: good + "&Person=jonas&ID=1", status: 400},
		{name: "a repeated token", kind: urlencoded, body: good + "&" + good, status: 400},
		{name: "a field repeated", kind: urlencoded, body: good + "&code=1&code=2&number=1&number=2&address=1&address=2", status: 400},
		{name: "an array in PHP's manner", kind: urlencoded, body: good + "&code[]=1", status: 400},
		{name: "semicolons", kind: urlencoded, body: good + ";code=1", status: 400},
		{name: "NUL in a name", kind: urlencoded, body: good + "&code%00=1", status: 400},
		{name: "invalid UTF-8 in a name", kind: urlencoded, body: good + "&%ff=1", status: 400},
		{name: "a broken escape", kind: urlencoded, body: good + "&code=%zz", status: 400},
		{name: "JSON", kind: "application/json", body: `{"form_token":"` + token + `"}`, status: 400},
		{name: "JSON called a form's text", kind: "text/plain", body: good, status: 400},
		{name: "multipart", kind: "multipart/form-data; boundary=x", body: "--x\r\nContent-Disposition: form-data; name=\"form_token\"\r\n\r\n" + token + "\r\n--x--", status: 400},
		{name: "no type", body: good, status: 400},
		{name: "two types in one", kind: urlencoded + ", text/plain", body: good, status: 400},
		{name: "another charset", kind: urlencoded + "; charset=utf-7", body: good, status: 400},
		{name: "compressed", kind: urlencoded, header: map[string]string{"Content-Encoding": "gzip"}, body: good, status: 400},
		{name: "more than 64 KiB", kind: urlencoded, body: good + "&x=" + strings.Repeat("1", 64<<10), status: 413},
		{name: "more than 64 KiB of names", kind: urlencoded, body: good + strings.Repeat("&a", 40<<10), status: 413},
	}
}

func TestCrawl_WEB5_NoFormTakesABadBody(t *testing.T) {
	f := withRealPages(t)
	f.fill()
	f.contacts.put(view(contact.EnterCode, contact.Proving))
	b, token := f.signedIn("maya")
	before, forms := f.rows.State(), 0
	for _, route := range f.site.Routes() {
		if route.Method != http.MethodPost {
			continue
		}
		forms++
		path, token := strings.ReplaceAll(route.Path, ":id", changeID), f.tokenFor(b, route.Path, token)
		for _, tt := range badBodies(token) {
			r := webtest.Request(http.MethodPost, path, tt.body)
			webtest.OwnForm(r)
			r.Header.Del("Content-Type")
			if tt.kind != "" {
				r.Header.Set("Content-Type", tt.kind)
			}
			for name, value := range tt.header {
				r.Header.Set(name, value)
			}
			if a := f.sound(tt.name+" at "+path, path, b.Do(r)); a.Status != tt.status || strings.Contains(a.Body, token+"&") {
				t.Errorf("%s at %s = %d, want %d", tt.name, path, a.Status, tt.status)
			}
		}
	}
	if forms < 15 || f.rows.State() != before || f.snapshots.reads != 0 || len(f.resets.calls) != 0 {
		t.Errorf("%d forms tried, want 15 or more; %d reads, sessions %s → %s, want nothing done", forms, f.snapshots.reads, before, f.rows.State())
	}
	f.did()
}

// TestCrawl_WEB7_SomebodyElsesLooksMissing asks for each thing that has an owner: the
// answer about somebody else's differs in nothing from the one about what never was.
func TestCrawl_WEB7_SomebodyElsesLooksMissing(t *testing.T) {
	f := withRealPages(t)
	f.fill()
	f.contacts.put(view(contact.EnterCode, contact.Proving))
	f.resets.views[changeID] = reset.View{ID: changeID, Stage: reset.Code}
	maya, _ := f.signedIn("maya")
	hers, err := f.sessions.List(t.Context(), person("maya"))
	if err != nil || len(hers) != 1 {
		t.Fatalf("maya's sessions = %v, %v, want one", hers, err)
	}
	jonas, token := f.signedIn("jonas")
	asked := 0
	for _, route := range f.site.Routes() {
		if !strings.Contains(route.Path, ":id") {
			continue
		}
		asked++
		owned := changeID
		if strings.HasPrefix(route.Path, "/sessions/") {
			owned = hers[0].ID
		}
		body, missing := "", 404
		if route.Method == http.MethodPost {
			body = "form_token=" + f.tokenFor(jonas, route.Path, token)
		}
		if strings.HasPrefix(route.Path, "/reset/") { // it belongs to a browser, and says so
			missing = 410
		}
		about := func(id string) (int, string) {
			r := webtest.Request(route.Method, strings.ReplaceAll(route.Path, ":id", id), body)
			webtest.OwnForm(r)
			a := f.sound(route.Method+" "+route.Path, route.Path, jonas.Do(r))
			return a.Status, strings.NewReplacer(a.Header.Get("X-Request-Id"), "request", id, "id").Replace(a.Body)
		}
		status, said := about(owned)
		otherStatus, otherSaid := about(uuid.NewString())
		if status != missing || otherStatus != missing || said != otherSaid {
			t.Errorf("%s %s: hers = %d, nothing's = %d, want %d with the same words", route.Method, route.Path, status, otherStatus, missing)
		}
	}
	if asked < 6 || maya.Get("/sessions").Status != 200 {
		t.Errorf("%d routes asked, want 6 or more, and maya still signed in", asked)
	}
	f.did()
}
