package entra

import (
	"embed"
	"net/http"
	"net/url"
	"time"

	"rekey/internal/emulator/devices/page"
	"rekey/internal/emulator/tenant"
)

//go:embed templates/*.html
var templates embed.FS

// mistake is what is wrong with a form.
type mistake struct {
	// Field is the id of the field, Head the heading of the summary.
	Field, Head, Text string
}

// view is what the pages of a flow show.
type view struct {
	// At is the path of the flow, for forms.
	At           string
	Organisation string
	App          string
	User         string
	Person       tenant.Person
	// Again says that the app asks somebody who is signed in to sign in again.
	Again   bool
	Mistake *mistake
	Groups  []group
	Way     way
	Others  []way
	Ways    []way
	SentAt  time.Time
	Until   time.Time
	Newer   bool
	// State is that of the pushes: waiting, approved, denied or expired.
	State    string
	Number   int
	Handsets []handset
}

// group is some of the demo's people.
type group struct {
	Name   string
	People []tenant.Person
}

// handset is a phone to look at.
type handset struct{ Name, URL string }

func (e *Entra) view(f flow) view {
	v := view{
		At: Prefix + e.tenant.ID() + "/signin/" + f.id, Organisation: e.o.Organisation, App: f.req.app.Name, User: f.user,
		SentAt: f.sentAt, Until: f.sentAt.Add(codeLife), Newer: f.again,
	}
	if f.person != "" {
		v.Person, _ = e.tenant.Person(f.person)
	}
	return v
}

func (e *Entra) write(w http.ResponseWriter, status int, name, title string, f flow, v view) {
	p := page.Page{Title: title, Wrong: v.Mistake != nil, Live: name == "ring" && v.State != "", Data: v}
	if to := origin(f.req.redirect); to != "" {
		p.FormTargets = []string{to}
	}
	if status == http.StatusOK && v.Mistake != nil {
		status = http.StatusUnprocessableEntity
	}
	e.pages.Write(w, status, name, p)
}

// showError shows a refusal that must not be sent to any app.
func (e *Entra) showError(w http.ResponseWriter, status int, fault *Error) {
	e.pages.Write(w, status, "error", page.Page{Title: "This sign-in cannot go on", Data: e.errorBody(fault)})
}

func (e *Entra) showSignedOut(w http.ResponseWriter) {
	e.pages.Write(w, http.StatusOK, "signedout", page.Page{Title: "You are signed out", Data: e.o.Organisation})
}

// showFlow shows where a sign-in stands. It never sends anything.
func (e *Entra) showFlow(w http.ResponseWriter, r *http.Request) {
	f, ok := e.flow(r.PathValue("flow"))
	if fault := e.checkTenant(r); fault != nil || !ok {
		e.showOver(w)
		return
	}
	if user := r.URL.Query().Get("user"); user != "" && f.step == stepPassword {
		f.user = short(user)
	}
	e.show(w, f, nil)
}

func (e *Entra) showOver(w http.ResponseWriter) {
	e.pages.Write(w, http.StatusGone, "over", page.Page{Title: "This sign-in is over"})
}

// show answers with the page of a flow's step, with a mistake where a form had one.
func (e *Entra) show(w http.ResponseWriter, f flow, m *mistake) {
	v := e.view(f)
	v.Mistake = m
	ways := e.ways(v.Person)
	switch current, ok := find(ways, f.way); {
	case f.step == stepDone:
		v.App = origin(f.req.redirect) + "/"
		e.write(w, http.StatusOK, "done", "You have signed in here already", f, v)
	case f.step == stepPassword:
		v.Groups, v.Again = groups(e.tenant.People()), f.person != ""
		e.write(w, http.StatusOK, "password", "Sign in", f, v)
	case f.step == stepAccount:
		e.write(w, http.StatusOK, "account", "Choose an account", f, v)
	case f.step == stepLocked:
		v.Ways, v.Way = ways, current
		e.write(w, http.StatusOK, "locked", "You are locked out", f, v)
	case f.step == stepChoose || !ok:
		v.Ways = ways
		e.write(w, http.StatusOK, "choose", "One more step", f, v)
	default:
		e.showFactor(w, f, v, current, ways)
	}
}

func (e *Entra) showFactor(w http.ResponseWriter, f flow, v view, current way, ways []way) {
	v.Way = current
	for _, other := range ways {
		if other.ID != current.ID {
			v.Others = append(v.Others, other)
		}
	}
	v.Handsets = e.handsets(v.Person, current)
	switch current.Kind {
	case kindText, kindApp, kindPass:
		e.write(w, http.StatusOK, "code", "Enter the code", f, v)
	case kindPush, kindCall:
		if f.push != "" {
			state, p := e.tenant.PushState(f.push)
			v.State, v.Number = state, p.Number
		}
		e.write(w, http.StatusOK, "ring", "Answer on your phone", f, v)
	default:
		e.write(w, http.StatusOK, "key", "Prove that it is you", f, v)
	}
}

// handsets are the phones on which a second factor shows itself.
func (e *Entra) handsets(p tenant.Person, w way) []handset {
	var out []handset
	add := func(h tenant.Handset) {
		if h.Address() != "" {
			name := h.Name
			if name == "" {
				name = "the phone with " + page.Ending(h.Number)
			}
			out = append(out, handset{name, "/_emulator/handsets/" + url.PathEscape(h.Address())})
		}
	}
	switch w.Kind {
	case kindPush:
		for _, m := range p.Methods {
			if h, ok := e.tenant.HandsetOf(p.ID, m); ok && m.Type() == tenant.TypeAuthenticator {
				add(h)
			}
		}
	case kindApp:
		for _, app := range e.tenant.CodeApps(p.ID) {
			if app.MethodID == w.ID {
				add(app.Handset)
			}
		}
	case kindText, kindCall:
		if h, ok := e.tenant.Handset(w.Method.PhoneNumber()); ok {
			add(h)
		}
	}
	return out
}

// groups puts people under the headings of the sign-in page.
func groups(people []tenant.Person) []group {
	all := []group{{Name: "Employees"}, {Name: "Administrators"}, {Name: "Guests"}}
	for _, p := range people {
		i := 0
		switch {
		case p.Guest:
			i = 2
		case len(p.Roles) > 0:
			i = 1
		}
		all[i].People = append(all[i].People, p)
	}
	var out []group
	for _, g := range all {
		if len(g.People) > 0 {
			out = append(out, g)
		}
	}
	return out
}
