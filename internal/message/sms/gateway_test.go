package sms

import (
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"
)

// basic is the second common shape: a form, basic authentication, 201.
func basic() Gateway {
	return Gateway{
		Name:          "forms",
		URL:           "https://api.gateway.example/2010-04-01/Accounts/AC1/Messages.json",
		Headers:       map[string]string{"Authorization": "Basic dXNlcjpwYXNz"},
		Body:          `{{form "To" .To "From" .From "Body" .Text}}`,
		ContentType:   "application/x-www-form-urlencoded",
		From:          "+12025550100",
		SuccessStatus: []int{201},
	}
}

func TestShapes_Bearer(t *testing.T) {
	transport := &answering{status: 202, body: `{"id":"x","status":"accepted"}`}
	s, _ := newSender(t, bearer(), transport)
	m := text()
	m.Body = "Hello"
	if err := s.Send(t.Context(), m); err != nil {
		t.Fatalf("Send = %v", err)
	}
	r := transport.seen[0]
	for name, want := range map[string]string{
		"Authorization": "Bearer " + canarySecret, "Content-Type": "application/json", "Idempotency-Key": "0194-msg",
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("header %s = %q, want %q", name, got, want)
		}
	}
	if got := r.Method + " " + r.URL.String(); got != "POST https://sms.gateway.example/v1/messages" {
		t.Errorf("request = %q", got)
	}
	if got, want := transport.bodies[0], `{"from":"Contoso","to":"+12025550142","text":"Hello"}`; got != want {
		t.Errorf("body = %s, want %s", got, want)
	}
	if r.ContentLength != int64(len(transport.bodies[0])) {
		t.Errorf("Content-Length = %d, want %d", r.ContentLength, len(transport.bodies[0]))
	}
}

func TestShapes_FormWithBasicAuthentication(t *testing.T) {
	transport := &answering{status: 201, body: "<xml/>"}
	s, _ := newSender(t, basic(), transport)
	m := text()
	m.Body = "Hello you"
	if err := s.Send(t.Context(), m); err != nil {
		t.Fatalf("Send = %v", err)
	}
	user, password, ok := transport.seen[0].BasicAuth()
	if !ok || user != "user" || password != "pass" {
		t.Errorf("BasicAuth = %q, %q, %v, want user, pass", user, password, ok)
	}
	if got, want := transport.bodies[0], "To=%2B12025550142&From=%2B12025550100&Body=Hello+you"; got != want {
		t.Errorf("body = %s, want %s", got, want)
	}
}

func TestShapes_QueryIsRefused(t *testing.T) {
	g := Gateway{Name: "old", Method: "GET", Body: `to={{urlquery .To}}&text={{urlquery .Text}}`,
		ContentType: "application/x-www-form-urlencoded", URL: "https://gateway.example/send?key=" + canarySecret}
	got := g.Mistakes()
	if len(got) != 2 || !strings.HasPrefix(got[0], "url: ") || !strings.HasPrefix(got[1], "method: ") {
		t.Errorf("Mistakes of a gateway with a query = %q, want one for url and one for method", got)
	}
	if strings.Contains(strings.Join(got, ""), canarySecret) {
		t.Errorf("Mistakes = %q, want no secret in them", got)
	}
}

func TestMistakes_One(t *testing.T) {
	for _, c := range []struct {
		name, setting string
		change        func(*Gateway)
	}{
		{"no name", "name", func(g *Gateway) { g.Name = " " }},
		{"no address", "url", func(g *Gateway) { g.URL = "" }},
		{"half an address", "url", func(g *Gateway) { g.URL = "gateway.example/send" }},
		{"plain http", "url", func(g *Gateway) { g.URL = "http://gateway.example/send" }},
		{"loopback lookalike", "url", func(g *Gateway) { g.URL = "http://127.0.0.1.example/send" }},
		{"file", "url", func(g *Gateway) { g.URL = "file:///etc/passwd" }},
		{"password in address", "url", func(g *Gateway) { g.URL = "https://u:" + canarySecret + "@gateway.example/" }},
		{"empty query", "url", func(g *Gateway) { g.URL = "https://gateway.example/?" }},
		{"placeholder in address", "url", func(g *Gateway) { g.URL = "https://gateway.example/{{.To}}" }},
		{"method", "method", func(g *Gateway) { g.Method = "DELETE" }},
		{"header name", "headers", func(g *Gateway) { g.Headers = map[string]string{"X Y": "1"} }},
		{"own header", "headers", func(g *Gateway) { g.Headers = map[string]string{"Host": "x"} }},
		{"own header, lower case", "headers", func(g *Gateway) { g.Headers = map[string]string{"content-type": "x"} }},
		{"header break", "headers", func(g *Gateway) { g.Headers = map[string]string{"X": canarySecret + "\r\nY: 1"} }},
		{"header placeholder", "headers", func(g *Gateway) { g.Headers = map[string]string{"X": "{{.Text}}"} }},
		{"status", "success_status", func(g *Gateway) { g.SuccessStatus = []int{202, 404} }},
		{"value without field", "success_field", func(g *Gateway) { g.SuccessField = "" }},
		{"field without value", "success_value", func(g *Gateway) { g.SuccessValue = "" }},
		{"field path", "success_field", func(g *Gateway) { g.SuccessField = "a..b" }},
		{"short timeout", "timeout", func(g *Gateway) { g.Timeout = time.Millisecond }},
		{"long timeout", "timeout", func(g *Gateway) { g.Timeout = time.Hour }},
		{"content type", "content_type", func(g *Gateway) { g.ContentType = "text/xml" }},
		{"character set", "content_type", func(g *Gateway) { g.ContentType = "application/json; charset=latin1" }},
		{"no body", "body", func(g *Gateway) { g.Body = "" }},
		{"not a template", "body", func(g *Gateway) { g.Body = `{"to":{{json .To}` }},
		{"unknown function", "body", func(g *Gateway) { g.Body = `{"to":{{shell .To}}}` }},
		{"unknown field", "body", func(g *Gateway) { g.Body = `{"to":{{json .To}},"text":{{json .Text}},"x":{{json .Secret}}}` }},
		{"raw text", "body", func(g *Gateway) { g.Body = `{"to":{{json .To}},"text":"{{.Text}}"}` }},
		{"form function in JSON", "body", func(g *Gateway) { g.Body = `{"to":{{json .To}},"text":"{{urlquery .Text}}"}` }},
		{"escaped too early", "body", func(g *Gateway) { g.Body = `{"to":{{json .To}},"text":{{json .Text | print}}}` }},
		{"quotes twice", "body", func(g *Gateway) { g.Body = `{"to":{{json .To}},"text":"{{json .Text}}"}` }},
		{"condition", "body", func(g *Gateway) { g.Body = `{"to":{{json .To}},"text":{{if true}}{{json .Text}}{{end}}}` }},
		{"definition", "body", func(g *Gateway) { g.Body = `{{define "x"}}{{.Text}}{{end}}{"to":{{json .To}},"text":{{json .Text}}}` }},
		{"variable", "body", func(g *Gateway) { g.Body = `{{$x := json .Text}}{"to":{{json .To}},"text":{{json .Text}}}` }},
		{"text as a name", "body", func(g *Gateway) { g.Body = `{ {{json .Text}}:{{json .To}},"text":{{json .Text}}}` }},
		{"number missing", "body", func(g *Gateway) { g.Body = `{"text":{{json .Text}}}` }},
		{"text missing", "body", func(g *Gateway) { g.Body = `{"to":{{json .ToDigits}}}` }},
		{"two values", "body", func(g *Gateway) { g.Body = `{"to":{{json .To}},"text":{{json .Text}}}{}` }},
	} {
		g := bearer()
		c.change(&g)
		got := g.Mistakes()
		if len(got) != 1 || !strings.HasPrefix(got[0], c.setting+": ") || !strings.HasSuffix(got[0], ".") {
			t.Errorf("Mistakes with %s = %q, want one sentence that begins with %s", c.name, got, c.setting)
		}
		if strings.Contains(strings.Join(got, ""), canarySecret) {
			t.Errorf("Mistakes with %s = %q, want no secret in it", c.name, got)
		}
		if _, err := New(Options{Gateway: g, Clock: testNow, Log: slog.New(slog.DiscardHandler)}); err == nil {
			t.Errorf("New with %s took it, want an error", c.name)
		}
	}
}

func TestMistakes_FormBodies(t *testing.T) {
	for _, body := range []string{
		`To={{.To}}&Body={{.Text}}`,
		`To={{urlquery .To}}&Body={{json .Text}}`,
		`To={{urlquery .To}}&Body={{urlquery .Text | urlquery}}`,
		`{{form "To" .To "Body"}}`,
		`{{form "To" .To .Text "x"}}`,
	} {
		g := basic()
		g.Body = body
		if got := g.Mistakes(); len(got) == 0 || !strings.HasPrefix(got[0], "body: ") {
			t.Errorf("Mistakes of body %s = %q, want one for body", body, got)
		}
	}
}

func TestMistakes_AllAtOnce(t *testing.T) {
	got := Gateway{URL: "ftp://x", Method: "GET", Headers: map[string]string{"": "x"}, SuccessStatus: []int{500},
		Timeout: time.Hour, ContentType: "x"}.Mistakes()
	var settings []string
	for _, sentence := range got {
		setting, _, _ := strings.Cut(sentence, ":")
		settings = append(settings, setting)
	}
	want := []string{"name", "url", "method", "headers", "success_status", "timeout", "content_type"}
	if !slices.Equal(settings, want) {
		t.Errorf("Mistakes name %q, want %q", settings, want)
	}
}

func TestMistakes_GoodOnes(t *testing.T) {
	loopback := bearer()
	loopback.URL = "http://127.0.0.1:9999/send"
	plain := Gateway{Name: "plain", URL: "https://gateway.example/", Body: `{"to":{{json .ToDigits}},"text":{{json .Text}}}`}
	joined := bearer()
	joined.Body = `{"to":{{printf "tel:%s" .To | json}},"id":{{json .ID}},"text":{{json .Text}}}`
	joined.ContentType = "application/vnd.api+json; charset=UTF-8"
	for _, g := range []Gateway{bearer(), basic(), loopback, plain, joined} {
		if got := g.Mistakes(); len(got) != 0 {
			t.Errorf("Mistakes of %s = %q, want none", g.URL, got)
		}
	}
}
