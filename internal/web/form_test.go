package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"rekey/internal/audit"
	"rekey/internal/web/webtest"
)

func TestForm_WEB1_OnlyFromOurOwnPages(t *testing.T) {
	tests := []struct {
		name, origin, site string
		want               int
	}{
		{"both agree", webtest.Base, "same-origin", 303},
		{"origin alone", webtest.Base, "", 303},
		{"fetch metadata alone", "", "same-origin", 303},
		{"no headers", "", "", 403},
		{"foreign origin", "https://evil.example", "", 403},
		{"foreign origin, forged metadata", "https://evil.example", "same-origin", 403},
		{"opaque origin", "null", "", 403},
		{"opaque origin, same-origin", "null", "same-origin", 403},
		{"same site", webtest.Base, "same-site", 403},
		{"same site without origin", "", "same-site", 403},
		{"cross site", "", "cross-site", 403},
		{"typed address", "", "none", 403},
		{"other scheme", "http://rekey.example", "", 403},
		{"other port", webtest.Base + ":8443", "", 403},
		{"our name as a beginning", webtest.Base + ".evil.example", "", 403},
		{"sibling", "https://other.rekey.example", "", 403},
		{"upper case", "HTTPS://REKEY.EXAMPLE", "", 403},
		{"two words", webtest.Base, "same-origin, cross-site", 403},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFixture(t)
			b, token := f.signedIn(t)
			r := webtest.Request(http.MethodPost, "/contacts/mobile", fields("form_token", token, "number", "1").Encode())
			if tt.origin != "" {
				r.Header.Set("Origin", tt.origin)
			}
			if tt.site != "" {
				r.Header.Set("Sec-Fetch-Site", tt.site)
			}
			if a := b.Do(r); a.Status != tt.want {
				t.Errorf("POST with Origin %q and Sec-Fetch-Site %q = %d, want %d", tt.origin, tt.site, a.Status, tt.want)
			}
			if did := len(f.effects) > 0; did != (tt.want == 303) {
				t.Errorf("effects = %q", f.effects)
			}
		})
	}
}

func TestForm_WEB1_HeadersThatComeTwice(t *testing.T) {
	f := newFixture(t)
	b, token := f.signedIn(t)
	for _, name := range []string{"Origin", "Sec-Fetch-Site"} {
		r := webtest.Request(http.MethodPost, "/contacts/mobile", fields("form_token", token).Encode())
		webtest.OwnForm(r)
		r.Header.Add(name, r.Header.Get(name))
		if a := b.Do(r); a.Status != 403 {
			t.Errorf("POST with two %s = %d, want 403", name, a.Status)
		}
	}
}

func TestForm_WEB1_Token(t *testing.T) {
	f := newFixture(t)
	b, token := f.signedIn(t)
	_, others := f.signedIn(t)
	public := webtest.New(t, f.site).Get("/reset").Token()
	stranger := webtest.New(t, f.site)
	tests := []struct {
		name, token string
		browser     *webtest.Browser
		want        int
		key         string
	}{
		{"own", token, b, 303, ""},
		{"none", "", b, 403, "form.token"},
		{"another session's", others, b, 403, "form.other-session"},
		{"a signed-out form's", public, b, 403, "form.other-session"},
		{"cut", token[:len(token)-1], b, 403, "form.other-session"},
		{"not base64", "*", b, 403, "form.other-session"},
		{"signed out", token, stranger, 401, "signed-out"},
		{"signed out, none", "", stranger, 403, "form.token"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f.effects = nil
			a := tt.browser.Post("/contacts/mobile", fields("form_token", tt.token, "country", "US", "number", "1"))
			if a.Status != tt.want {
				t.Errorf("status = %d, want %d", a.Status, tt.want)
			}
			has(t, a, tt.key)
			if did := len(f.effects) > 0; did != (tt.want == 303) {
				t.Errorf("effects = %q", f.effects)
			}
		})
	}
}

func TestForm_WEB1_SignedOutForms(t *testing.T) {
	f := newFixture(t)
	b := webtest.New(t, f.site)
	token := b.Get("/reset").Token()
	if again := b.Get("/reset").Token(); again != token || token == "" {
		t.Fatalf("token = %q, then %q: want the same one twice", token, again)
	}
	cookies := b.Cookies()
	if len(cookies) != 1 || cookies[0].Name != "__Host-rekey-form" {
		t.Fatalf("cookies = %v, want the form's alone", cookies)
	}
	if a := b.Post("/unlock", fields("form_token", token)); a.Status != 403 {
		t.Errorf("token of another form = %d, want 403", a.Status)
	}
	if a := webtest.New(t, f.site).Post("/reset", fields("form_token", token, "user", "x")); a.Status != 403 {
		t.Errorf("token in another browser = %d, want 403", a.Status)
	}
	if a := b.Post("/reset", fields("user", "x")); a.Status != 403 || len(f.effects) != 0 {
		t.Errorf("no token = %d, effects %q, want 403 and none", a.Status, f.effects)
	}
	if a := b.Post("/reset", fields("form_token", token, "user", "x")); a.Status != 303 || len(f.effects) != 1 {
		t.Errorf("own token = %d, effects %q, want 303 and one", a.Status, f.effects)
	}
}

func TestForm_WEB1_CookieOfSignedOutForms(t *testing.T) {
	f := newFixture(t)
	a := webtest.New(t, f.site).Get("/reset")
	got := a.Header.Get("Set-Cookie")
	for _, flag := range []string{"__Host-rekey-form=", "Path=/", "HttpOnly", "Secure", "SameSite=Lax"} {
		if !strings.Contains(got, flag) {
			t.Errorf("Set-Cookie = %q, want %q in it", got, flag)
		}
	}
	if strings.Contains(got, "Domain") || strings.Contains(got, "Max-Age") {
		t.Errorf("Set-Cookie = %q, want no domain and no age", got)
	}
}

func TestForm_WEB5_Fields(t *testing.T) {
	f := newFixture(t)
	b, token := f.signedIn(t)
	good := "form_token=" + url.QueryEscape(token)
	tests := []struct {
		name, body, kind string
		want             int
		key              string
	}{
		{"plain", good + "&country=US&number=%2B1+202", "", 303, ""},
		{"with charset", good + "&number=1", "application/x-www-form-urlencoded; charset=UTF-8", 303, ""},
		{"other charset", good + "&number=1", "application/x-www-form-urlencoded; charset=latin1", 400, "form.type"},
		{"field missing", good, "", 303, ""},
		{"unknown field", good + "&number=1&value=2", "", 400, "form.unknown-field"},
		{"name in another case", good + "&Number=1", "", 400, "form.unknown-field"},
		{"repeated field", good + "&number=1&number=1", "", 400, "form.repeated"},
		{"repeated token", good + "&" + good + "&number=1", "", 400, "form.repeated"},
		{"NUL", good + "&number=1%002", "", 400, "form.text"},
		{"invalid UTF-8", good + "&number=%ff", "", 400, "form.text"},
		{"cut surrogate", good + "&number=%ed%a0%80", "", 400, "form.text"},
		{"NUL in a name", good + "&num%00ber=1", "", 400, "form.unknown-field"},
		{"10 kB of digits", good + "&number=" + strings.Repeat("1", 10<<10), "", 303, ""},
		{"64 KiB", good + "&number=" + strings.Repeat("1", 64<<10-len(good)-8), "", 303, ""},
		{"more than 64 KiB", good + "&number=" + strings.Repeat("1", 64<<10-len(good)-7), "", 413, "form.too-large"},
		{"broken escape", good + "&number=%zz", "", 400, "form.malformed"},
		{"semicolons", good + ";number=1", "", 400, "form.malformed"},
		{"JSON", `{"form_token":"` + token + `"}`, "application/json", 400, "form.type"},
		{"multipart", "--x\r\n\r\n--x--", "multipart/form-data; boundary=x", 400, "form.type"},
		{"text", good, "text/plain", 400, "form.type"},
		{"no body", "", "", 403, "form.token"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f.effects = nil
			r := webtest.Request(http.MethodPost, "/contacts/mobile", tt.body)
			webtest.OwnForm(r)
			if tt.kind != "" {
				r.Header.Set("Content-Type", tt.kind)
			}
			a := b.Do(r)
			if a.Status != tt.want {
				t.Errorf("status = %d, want %d", a.Status, tt.want)
			}
			has(t, a, tt.key)
			if did := len(f.effects) > 0; did != (tt.want == 303) {
				t.Errorf("effects = %.80q", f.effects)
			}
		})
	}
}

// TestForm_WEB5_Lists: a field of ticked boxes comes as often as there are boxes, up to a
// bound; its texts are held to the same, and it makes no other field one that may repeat.
func TestForm_WEB5_Lists(t *testing.T) {
	f := newFixture(t)
	b, token := f.signedIn(t)
	for _, tt := range []struct {
		name, body string
		want       int
		key        string
	}{
		{"none", "", 303, ""},
		{"one", "&tick=a", 303, ""},
		{"three", "&tick=a&tick=b&tick=a", 303, ""},
		{"a hundred", strings.Repeat("&tick=a", 100), 303, ""},
		{"a hundred and one", strings.Repeat("&tick=a", 101), 400, "form.repeated"},
		{"NUL in the last", "&tick=a&tick=b%00", 400, "form.text"},
		{"invalid UTF-8 in the last", "&tick=a&tick=%ff", 400, "form.text"},
		{"the other field twice", "&tick=a&plain=1&plain=2", 400, "form.repeated"},
		{"another field", "&tick=a&tack=b", 400, "form.unknown-field"},
	} {
		f.effects = nil
		r := webtest.Request(http.MethodPost, "/ticks", "form_token="+token+tt.body)
		webtest.OwnForm(r)
		a := b.Do(r)
		if a.Status != tt.want || len(f.effects) > 0 != (tt.want == 303) {
			t.Errorf("%s: status = %d with effects %.80q, want %d", tt.name, a.Status, f.effects, tt.want)
		}
		has(t, a, tt.key)
	}
}

func TestForm_WEB5_NothingElseThanAForm(t *testing.T) {
	f := newFixture(t)
	b, token := f.signedIn(t)
	change := map[string]func(*http.Request){
		"no content type":    func(r *http.Request) { r.Header.Del("Content-Type") },
		"two content types":  func(r *http.Request) { r.Header.Add("Content-Type", "application/json") },
		"compressed":         func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") },
		"empty content type": func(r *http.Request) { r.Header.Set("Content-Type", "") },
	}
	for name, c := range change {
		r := webtest.Request(http.MethodPost, "/contacts/mobile", fields("form_token", token, "number", "1").Encode())
		webtest.OwnForm(r)
		c(r)
		if a := b.Do(r); a.Status != 400 || len(f.effects) != 0 {
			t.Errorf("%s: status = %d, effects %q, want 400 and none", name, a.Status, f.effects)
		}
	}
}

func TestForm_WEB5_LengthUnknownBeforehand(t *testing.T) {
	f := newFixture(t)
	b, token := f.signedIn(t)
	r := webtest.Request(http.MethodPost, "/contacts/mobile", "form_token="+token+"&number="+strings.Repeat("1", 64<<10))
	webtest.OwnForm(r)
	r.ContentLength = -1
	if a := b.Do(r); a.Status != 413 || a.Header.Get("Connection") != "close" {
		t.Errorf("status = %d, Connection %q, want 413 and close", a.Status, a.Header.Get("Connection"))
	}
}

// TestForm_CHG4_AddedFields: what is not in the form is refused and noted; nothing is
// taken from it.
func TestForm_CHG4_AddedFieldsAreRefusedAndNoted(t *testing.T) {
	f := newFixture(t)
	b, token := f.signedIn(t)
	a := b.Post("/changes/"+anID, fields("form_token", token, "code", "123456", "number", "+12025550143"))
	if a.Status != 400 || len(f.effects) != 0 {
		t.Errorf("status = %d, effects %q, want 400 and none", a.Status, f.effects)
	}
	if len(f.events.all) != 1 {
		t.Fatalf("events = %+v, want one", f.events.all)
	}
	e := f.events.all[0]
	if e.Action != audit.FormRefuse || e.Outcome != audit.Refusal || e.Reason != "form.unknown-field" ||
		e.Actor != maya().Person.String() || e.Detail["route"] != "/changes/:id" {
		t.Errorf("event = %+v", e)
	}
	if e.Address != "192.0.2.0/24" {
		t.Errorf("address = %q, want 192.0.2.0/24", e.Address)
	}
}

func TestForm_StrangersFillNoAuditLog(t *testing.T) {
	f := newFixture(t)
	stranger := webtest.New(t, f.site)
	stranger.Post("/contacts/mobile", fields("number", "1"))
	stranger.Post("/contacts/mobile", fields("form_token", "x", "number", "1"))
	stranger.Post("/reset", fields("user", "1"))
	if len(f.events.all) != 0 {
		t.Errorf("events = %+v, want none", f.events.all)
	}
}

func TestForm_ParametersAreUUIDs(t *testing.T) {
	f := newFixture(t)
	b, token := f.signedIn(t)
	for _, id := range []string{"1", "../", strings.ToUpper(anID), "%7b" + anID + "%7d", anID + "0", "urn:uuid:" + anID} {
		if a := b.Post("/changes/"+id, fields("form_token", token, "code", "1")); a.Status != 404 {
			t.Errorf("POST /changes/%s = %d, want 404", id, a.Status)
		}
		if a := b.Get("/changes/" + id); a.Status != 404 {
			t.Errorf("GET /changes/%s = %d, want 404", id, a.Status)
		}
	}
	if len(f.effects) != 0 {
		t.Errorf("effects = %q, want none", f.effects)
	}
}
