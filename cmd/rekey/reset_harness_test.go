package main

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/PuerkitoBio/goquery"
)

// The administrator of the tests: everything is there that a reset needs.
const (
	admin      = "ingrid.solberg@fernhill.example"
	adminEmail = "ingrid@solberg.example"
	adminPhone = "+14255550171"
	newWord    = "lampe-Wolke-7-fahrrad"
)

var linkInMail = regexp.MustCompile(`\S+(/reset/\S+\?link=\S+)`)

// resetter is a browser in which a reset was begun.
type resetter struct {
	*visitor
	path string
}

// asks fills in the first page, with the characters of the picture that it shows.
func (v *visitor) asks(user string) page {
	v.t.Helper()
	p := v.get("/reset")
	return v.answers(p, user, v.picture())
}

// answers sends the first page's form.
func (v *visitor) answers(p page, user, characters string) page {
	v.t.Helper()
	return v.post("/reset", url.Values{"form_token": {hidden(p, "form_token")}, "picture": {hidden(p, "picture")}, "user": {user}, "characters": {characters}})
}

// hidden is a hidden field's value.
func hidden(p page, name string) string { return p.Find("input[name="+name+"]").AttrOr("value", "") }

// picture are the characters of the newest picture.
func (s *site) picture() string {
	s.t.Helper()
	all := s.messages("")
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].Channel == "picture" {
			return all[i].Text
		}
	}
	s.t.Fatal("no picture was shown")
	return ""
}

// begins begins a reset in a new browser.
func (s *site) begins(user string) *resetter {
	s.t.Helper()
	v := s.visitor()
	p := v.asks(user)
	if p.status != http.StatusSeeOther || !strings.HasPrefix(p.location, "/reset/") {
		s.t.Fatalf("the first page answers %d %q", p.status, p.location)
	}
	return &resetter{v, p.location}
}

// soon waits for something that jobs do, and has time pass for them meanwhile: they begin
// after the answer, and may not ask Graph as often as they like.
func (s *site) soon(what string, true_ func() bool) {
	s.t.Helper()
	s.until(15*time.Second, what, func() bool {
		if true_() {
			return true
		}
		s.advance(time.Second)
		return false
	})
}

// quiet waits until the site has read what it reads at its start.
func (s *site) quiet() {
	s.t.Helper()
	s.until(15*time.Second, "the tenant's policy was read", func() bool {
		return slices.ContainsFunc(s.requests(), func(q seen) bool { return strings.HasSuffix(q.Path, "/policies/authorizationPolicy") })
	})
}

// mailed waits for the n-th link to an address, and returns its path with the token.
func (s *site) mailed(to string, n int) string {
	s.t.Helper()
	var link string
	s.soon("a link is mailed to "+to, func() bool {
		found := 0
		for _, m := range s.messages(to) {
			if at := linkInMail.FindStringSubmatch(m.Text); at != nil {
				found++
				link = at[1]
			}
		}
		return found >= n
	})
	return link
}

// opens opens a link as this browser does, and returns the page behind it.
func (v *visitor) opens(link string) page {
	v.t.Helper()
	p := v.get(link)
	if p.status != http.StatusSeeOther || strings.Contains(p.location, "link") {
		v.t.Fatalf("the link answers %d %q", p.status, p.location)
	}
	return v.get(p.location)
}

// goes sends the form of the step where the reset is.
func (r *resetter) goes(fields ...string) page {
	r.t.Helper()
	return r.sends(r.path, fields...)
}

func (r *resetter) sends(path string, fields ...string) page {
	r.t.Helper()
	p := r.get(r.path)
	form := url.Values{"form_token": {p.Find(`form[action="`+path+`"] input[name=form_token]`).AttrOr("value", "none")}}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return r.post(path, form)
}

// at is the heading of the page where the reset is.
func (r *resetter) at() string { return strings.TrimSpace(r.get(r.path).Find("h1").First().Text()) }

// toCode goes to the second step, toWord to the third.
func (s *site) toCode() *resetter {
	s.t.Helper()
	sent := len(s.links(adminEmail))
	r := s.begins(admin)
	r.opens(s.mailed(adminEmail, sent+1))
	if p := r.goes(); p.status != http.StatusSeeOther {
		s.t.Fatalf("the button answers %d", p.status)
	}
	return r
}

func (s *site) links(to string) []string {
	var all []string
	for _, m := range s.messages(to) {
		if at := linkInMail.FindStringSubmatch(m.Text); at != nil {
			all = append(all, at[1])
		}
	}
	return all
}

func (s *site) toWord() *resetter {
	s.t.Helper()
	r := s.toCode()
	if p := r.goes("code", s.code(adminPhone)); p.status != http.StatusSeeOther {
		s.t.Fatalf("the code answers %d", p.status)
	}
	return r
}

// headings of the pages.
const (
	mailPage = "Open the link in your email"
	linkPage = "Now your phone"
	codePage = "Enter the code"
	wordPage = "Choose a new password"
	donePage = "You have a new password"
)

func (r *resetter) wantAt(want string) {
	r.t.Helper()
	if got := r.at(); got != want {
		r.t.Errorf("the page is %q, want %q", got, want)
	}
}

// typesAtMicrosoft says whether the emulated sign-in takes a password.
func (s *site) typesAtMicrosoft(user, password string) bool {
	s.t.Helper()
	v := s.visitor()
	p := v.get("/signin")
	for p.status/100 == 3 {
		p = v.get(strings.Replace(p.location, "https://login.microsoftonline.com", s.base+"/_emulator/entra", 1))
	}
	form := p.Find("form").First()
	values := url.Values{"user": {user}, "password": {password}}
	form.Find("input[type=hidden]").Each(func(_ int, in *goquery.Selection) { values.Set(in.AttrOr("name", ""), in.AttrOr("value", "")) })
	action := form.AttrOr("action", "")
	if action == "" {
		s.t.Fatalf("no form on the sign-in page: %d %.400s", p.status, p.body)
	}
	return v.post(action, values).status == http.StatusSeeOther
}
