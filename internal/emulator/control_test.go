package emulator

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rekey/internal/clock"
	"rekey/internal/emulator/tenant"
)

func TestControl_Tenant(t *testing.T) {
	d := newDemo(t)
	var got struct {
		People []map[string]any `json:"people"`
	}
	d.ask(t, "GET", "/tenant", "", &got)
	if len(got.People) < 15 || got.People[0]["userPrincipalName"] != maya {
		t.Fatalf("people = %d, the first %v", len(got.People), got.People[0]["userPrincipalName"])
	}
	employees := 0
	for _, p := range got.People {
		if len(p) != 6 {
			t.Errorf("%v has %d fields, want the 6 that are promised", p["displayName"], len(p))
		}
		for _, list := range []string{"roles", "methods", "devices"} {
			if _, ok := p[list].([]any); !ok {
				t.Errorf("%s of %v = %v, want a list", list, p["displayName"], p[list])
			}
		}
		for _, m := range p["methods"].([]any) {
			if tenant.Method(m.(map[string]any)).PhoneType() == "mobile" && len(p["roles"].([]any)) == 0 {
				employees++
			}
		}
	}
	if employees < 2 {
		t.Errorf("ordinary employees with a mobile = %d, want at least two", employees)
	}
}

func TestControl_ListsAreNeverNull(t *testing.T) {
	d := newDemo(t)
	for _, path := range []string{"/messages", "/requests", "/messages?to=nobody", "/requests?after=99"} {
		var got any
		d.ask(t, "GET", path, "", &got)
		if list, ok := got.([]any); !ok || len(list) != 0 {
			t.Errorf("GET %s = %v, want an empty list", path, got)
		}
	}
}

func TestControl_AddMethod(t *testing.T) {
	d := newDemo(t)
	for _, c := range []struct {
		person, body string
		want         int
	}{
		{maya, `{"@odata.type":"#microsoft.graph.microsoftAuthenticatorAuthenticationMethod","displayName":"iPhone 17"}`, 201},
		{strings.ToUpper(maya), `{"@odata.type":"#microsoft.graph.phoneAuthenticationMethod","phoneNumber":"+12025550150","phoneType":"alternateMobile"}`, 201},
		{"ana.souza_birchwood.example%23EXT%23@fernhill.example", `{"@odata.type":"#microsoft.graph.fido2AuthenticationMethod","displayName":"Key"}`, 201},
		{maya, `{"@odata.type":"#microsoft.graph.phoneAuthenticationMethod","phoneNumber":"+12025550151","phoneType":"mobile"}`, 400},
		{maya, `{"displayName":"iPhone 17"}`, 400},
		{maya, `null`, 400}, {maya, `[]`, 400},
		{"nobody@fernhill.example", `{"@odata.type":"#microsoft.graph.fido2AuthenticationMethod"}`, 404},
	} {
		var got tenant.Method
		if res := d.ask(t, "POST", "/people/"+c.person+"/methods", c.body, &got); res.StatusCode != c.want {
			t.Errorf("POST %s %s = %d %v, want %d", c.person, c.body, res.StatusCode, got, c.want)
		}
		if c.want == 201 && (got.ID() == "" || got.Type() == "") {
			t.Errorf("POST %s %s = %v, want the method with its id", c.person, c.body, got)
		}
	}
	p, _ := d.Tenant().Person(maya)
	if m, ok := p.Phone("alternateMobile"); !ok || m.PhoneNumber() != "+1 2025550150" {
		t.Errorf("alternate phone = %v, want it in the directory's format", m)
	}
}

func TestControl_Handset(t *testing.T) {
	d := newDemo(t)
	for _, path := range []string{"+14255550142", "%2B14255550142", "14255550142"} {
		var h tenant.Handset
		if res := d.ask(t, "POST", "/handsets/"+path, `{"working":false}`, &h); res.StatusCode != 200 || h.Number != "+14255550142" || h.Working {
			t.Errorf("POST /handsets/%s = %d %+v", path, res.StatusCode, h)
		}
		d.ask(t, "POST", "/handsets/"+path, `{"working":true}`, &h)
		if !h.Working {
			t.Errorf("POST /handsets/%s working = %+v", path, h)
		}
	}
	for path, body := range map[string]string{"+14255550142": `{}`, "nonsense": `{"working":true}`} {
		if got := d.ask(t, "POST", "/handsets/"+path, body, nil).StatusCode; got != 400 {
			t.Errorf("POST /handsets/%s %s = %d, want 400", path, body, got)
		}
	}
}

func TestControl_ClockIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tenant.json")
	d := newDemo(t, func(o *Options) { o.Path = path })
	before := d.clock.Now()
	for _, s := range []string{"600", "1"} {
		if got := d.ask(t, "POST", "/clock", `{"advance_seconds":`+s+`}`, nil).StatusCode; got != 200 {
			t.Fatalf("POST /clock = %d, want 200", got)
		}
	}
	if got := d.clock.Now().Sub(before); got != 601*time.Second || d.woken != 2 {
		t.Errorf("clock moved %v, workers woken %d times, want 601 s and twice", got, d.woken)
	}
	for _, body := range []string{`{"advance_seconds":-1}`, `{"advance_seconds":"soon"}`, `{}`, `{"advance_seconds":1e12}`} {
		if got := d.ask(t, "POST", "/clock", body, nil).StatusCode; got != 400 {
			t.Errorf("POST /clock %s = %d, want 400", body, got)
		}
	}
	if d.woken != 2 {
		t.Errorf("workers woken %d times, want twice", d.woken)
	}
	again := clock.NewMovable(clock.System{}, 0)
	e, err := New(Options{Clock: again, Path: path})
	if err != nil || again.Offset() != 601*time.Second || e.Tenant().ID() != d.Tenant().ID() {
		t.Errorf("after reopening: offset %v, %v, want 601 s and the same tenant", again.Offset(), err)
	}
}

func TestControl_UnknownAndForbidden(t *testing.T) {
	d := newDemo(t)
	for _, c := range []struct {
		method, path string
		want         int
	}{
		{"POST", "/messages", 405}, {"GET", "/faults", 405}, {"GET", "/clock", 405}, {"DELETE", "/tenant", 405}, {"GET", "/people/x/methods", 405},
		{"HEAD", "/tenant", 200}, {"GET", "/signin", 405}, {"POST", "/nothing", 404}, {"GET", "/nothing", 404}, {"PUT", "/handsets/+14255550142", 405},
		{"GET", "/", 200}, {"GET", "/handsets/+14255550142", 200}, {"GET", "/people/" + maya, 200},
	} {
		if got := d.ask(t, c.method, c.path, "", nil).StatusCode; got != c.want {
			t.Errorf("%s %s = %d, want %d", c.method, c.path, got, c.want)
		}
	}
	for _, c := range []struct{ remote, origin string }{{"203.0.113.9:4000", ""}, {"", ""}, {"127.0.0.1:4000", "https://evil.example"}, {"127.0.0.1:4000", "null"}} {
		r := httptest.NewRequest(http.MethodDelete, "http://127.0.0.1:8080"+Prefix+"/faults", nil)
		r.RemoteAddr = c.remote
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		rec := httptest.NewRecorder()
		d.Handler().ServeHTTP(rec, r)
		if rec.Code != http.StatusForbidden {
			t.Errorf("DELETE /faults from %q, origin %q = %d, want 403", c.remote, c.origin, rec.Code)
		}
	}
}

func TestControl_OtherClients(t *testing.T) {
	d := newDemo(t)
	var user map[string]any
	req, err := http.NewRequest(http.MethodGet, d.server.URL+Prefix+"/graph/v1.0/users/maya.okafor%40fernhill.example", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+d.worker())
	res, err := d.server.Client().Do(req)
	if err != nil || res.StatusCode != 200 {
		t.Errorf("GET user = %v, %v, want 200", res, err)
	}
	res.Body.Close()
	if got := d.ask(t, "GET", "/entra/"+d.Tenant().ID()+"/v2.0/.well-known/openid-configuration", "", &user).StatusCode; got != 200 || user["token_endpoint"] == nil {
		t.Errorf("GET discovery = %d %v, want a document", got, user)
	}
	seen := d.Tenant().Requests("")
	if len(seen) != 2 || seen[0].Path != "/v1.0/users/"+maya || seen[1].Part != "entra" || !strings.HasPrefix(seen[1].Path, "/"+d.Tenant().ID()) {
		t.Errorf("requests = %+v", seen)
	}
}

// site is what /_emulator/signin needs of the product: a sign-in that remembers what it
// sent in a cookie, and a callback that asks for it.
func site(d *demo, callback int) http.Handler {
	return siteAt(d.BaseURL(), d.BaseURL(), d.Tenant().ID(), callback)
}

// siteAt is a site at base whose tenant is at another address.
func siteAt(base, tenantBase, tenantID string, callback int) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /signin", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "flow", Value: "f1"})
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "before"})
		http.SetCookie(w, &http.Cookie{Name: "stale", MaxAge: -1})
		http.Redirect(w, r, tenantBase+Prefix+"/entra/"+tenantID+"/oauth2/v2.0/authorize?client_id="+webID+
			"&response_type=code&redirect_uri="+base+"/signin/callback&scope=openid&state=s1&nonce=n1&response_mode=query"+
			"&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256", http.StatusFound)
	})
	mux.HandleFunc("GET /signin/callback", func(w http.ResponseWriter, r *http.Request) {
		flow, err := r.Cookie("flow")
		old, _ := r.Cookie("kept")
		stale, _ := r.Cookie("stale")
		if stale != nil || err != nil || flow.Value != "f1" || r.FormValue("state") != "s1" || r.FormValue("code") == "" || old == nil || r.Host != strings.TrimPrefix(base, "http://") {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "flow", Value: "", MaxAge: -1})
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "after"})
		w.Header().Set("Location", "/")
		w.WriteHeader(callback)
	})
	return mux
}

func TestSignIn_GoesThroughTheCallback(t *testing.T) {
	var d *demo
	d = newDemo(t, func(o *Options) { o.Site = func() http.Handler { return site(d, http.StatusSeeOther) } })
	app, _ := d.Tenant().App(webID)
	app.RedirectURIs = []string{d.BaseURL() + "/signin/callback"} // the address is known only now
	if err := d.Tenant().RegisterApp(app); err != nil {
		t.Fatal(err)
	}
	sign := func(body, cookie string) (*http.Response, map[string]any) {
		req, err := http.NewRequest(http.MethodPost, d.server.URL+Prefix+"/signin", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Cookie", cookie)
		var got map[string]any
		res, err := d.server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		decode(t, res, &got)
		return res, got
	}
	for _, body := range []string{`{"user":"` + maya + `","fresh":true}`, `{"user":"` + maya + `"}`, `{"user":"` + maya + `","fresh":false,"strong":false}`} {
		res, got := sign(body, "kept=1; stale=1")
		if res.StatusCode != 200 || got["status"] != float64(303) || got["location"] != d.BaseURL()+"/" {
			t.Errorf("POST /signin %s = %d %v", body, res.StatusCode, got)
		}
		set := map[string]string{}
		for _, c := range res.Cookies() {
			set[c.Name] += c.Value + ";"
		}
		if set["session"] != "after;" || set["flow"] != ";" {
			t.Errorf("POST /signin %s sets %v, want the last of each name", body, set)
		}
	}
	for body, want := range map[string]int{`{"user":"nobody@fernhill.example"}`: 404, `{"user":"peter.novak@fernhill.example"}`: 409, `{}`: 404, `x`: 400} {
		if res, got := sign(body, "kept=1; stale=1"); res.StatusCode != want || got["error"] == "" {
			t.Errorf("POST /signin %s = %d %v, want %d and a sentence", body, res.StatusCode, got, want)
		}
	}
	if res, got := sign(`{"user":"`+maya+`"}`, ""); res.StatusCode != 409 || got["error"] == "" {
		t.Errorf("POST /signin without the site's cookie = %d %v, want 409", res.StatusCode, got)
	}
	if got := len(d.Tenant().Messages("", "")); got != 0 {
		t.Errorf("messages = %d, want none: signing in directly sends nothing", got)
	}
}

func TestSignIn_WithoutASite(t *testing.T) {
	d := newDemo(t)
	if got := d.ask(t, "POST", "/signin", `{"user":"`+maya+`"}`, nil).StatusCode; got != http.StatusServiceUnavailable {
		t.Errorf("POST /signin = %d, want 503", got)
	}
}
