package entra

import (
	"crypto/subtle"
	"fmt"
	"net/http"
	"strings"

	"rekey/internal/emulator/tenant"
)

// action is what a form of a flow does.
type action func(w http.ResponseWriter, r *http.Request, f flow)

// form finds the flow of a form and lets one form of it act at a time, so that a double
// click does not text twice over.
func (e *Entra) form(act action) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		if err := r.ParseForm(); err != nil {
			e.showError(w, http.StatusBadRequest, malformed())
			return
		}
		f, ok := e.flow(r.PathValue("flow"))
		if fault := e.checkTenant(r); fault != nil || !ok {
			e.showOver(w)
			return
		}
		f.one.Lock()
		defer f.one.Unlock()
		if f, ok = e.flow(f.id); !ok {
			e.showOver(w)
			return
		}
		if f.step == stepDone {
			e.show(w, f, nil)
			return
		}
		act(w, r, f)
	}
}

// again sends the browser to the flow's page.
func (e *Entra) again(w http.ResponseWriter, r *http.Request, f flow) {
	http.Redirect(w, r, e.flowURL(f.id), http.StatusSeeOther)
}

// givePassword checks user name and password, then asks for the strongest second factor.
func (e *Entra) givePassword(w http.ResponseWriter, r *http.Request, f flow) {
	f.user = short(strings.TrimSpace(r.PostForm.Get("user")))
	p, ok := e.tenant.Person(f.user)
	if !ok && !strings.Contains(f.user, "@") {
		p, ok = e.tenant.Person(f.user + "@" + tenant.Domain)
	}
	if m := e.passwordMistake(f.user, p, ok, r.PostForm.Get("password")); m != nil {
		f.step = stepPassword
		e.show(w, f, m)
		return
	}
	f = e.update(f.id, func(next *flow) {
		next.user, next.person, next.authTime = f.user, p.ID, e.tenant.Now()
		next.code, next.push, next.again = "", "", false
	})
	if !e.wantsFactor(f.req, p) {
		e.finish(w, r, f, p, false)
		return
	}
	e.ask(w, r, f, p, "")
}

func (e *Entra) passwordMistake(user string, p tenant.Person, known bool, password string) *mistake {
	switch {
	case user == "":
		return &mistake{"user", "The user name is missing", "Enter a user name, or choose a person below."}
	case !known:
		return &mistake{"user", "Nobody has that user name", "Nobody has this user name. Check the spelling, or choose a person below."}
	case password == "":
		return &mistake{"password", "The password is missing", fmt.Sprintf("Everyone in the demo has the password %q until they reset it.", tenant.Password)}
	case !equal(password, p.Password):
		return &mistake{"password", "That is not the password", "This is not the password. Enter it again."}
	case !p.Enabled:
		return &mistake{"user", "This account is switched off", "An administrator has disabled this account (AADSTS50057)."}
	}
	return nil
}

// pickAccount answers "choose an account".
func (e *Entra) pickAccount(w http.ResponseWriter, r *http.Request, f flow) {
	s, p, signedIn := e.sessionOf(r)
	if f.step != stepAccount {
		e.again(w, r, f)
		return
	}
	if !signedIn || p.ID != f.person || r.PostForm.Get("account") != "same" {
		e.restart(w, r, f)
		return
	}
	if !s.Strong && e.wantsFactor(f.req, p) {
		e.again(w, r, e.update(f.id, func(f *flow) { f.step = stepChoose }))
		return
	}
	e.finish(w, r, f, p, s.Strong)
}

// person returns the person of a flow whose password was right, if the account is still
// there and enabled.
func (e *Entra) person(w http.ResponseWriter, f flow) (tenant.Person, bool) {
	p, ok := e.tenant.Person(f.person)
	switch {
	case f.person == "" || !ok || f.step == stepPassword || f.step == stepAccount:
		e.show(w, f, nil)
		return p, false
	case !p.Enabled:
		e.showError(w, http.StatusForbidden, accountDisabled())
		return p, false
	}
	return p, true
}

// ask begins with a second factor ("" is the strongest) and shows its page.
func (e *Entra) ask(w http.ResponseWriter, r *http.Request, f flow, p tenant.Person, wayID string) {
	if err := e.begin(f, p, wayID); err != nil {
		e.showError(w, http.StatusInternalServerError, serverError())
		return
	}
	e.again(w, r, f)
}

// pickWay goes over to another second factor.
func (e *Entra) pickWay(w http.ResponseWriter, r *http.Request, f flow) {
	if p, ok := e.person(w, f); ok {
		e.ask(w, r, f, p, r.PostForm.Get("way"))
	}
}

// tryAgain texts or rings once more; when locked out it looks for what works by now.
func (e *Entra) tryAgain(w http.ResponseWriter, r *http.Request, f flow) {
	p, ok := e.person(w, f)
	if !ok {
		return
	}
	wayID := f.way
	if f.step == stepLocked {
		for _, way := range e.ways(p) {
			if way.Why == "" {
				wayID = way.ID
				break
			}
		}
	}
	e.ask(w, r, f, p, wayID)
}

// restart goes back to the password, for somebody else.
func (e *Entra) restart(w http.ResponseWriter, r *http.Request, f flow) {
	e.again(w, r, e.update(f.id, func(f *flow) {
		*f = flow{id: f.id, req: f.req, one: f.one, until: f.until, step: stepPassword}
	}))
}

// giveCode checks a code that was texted, that an app shows, or that a pass is.
func (e *Entra) giveCode(w http.ResponseWriter, r *http.Request, f flow) {
	p, ok := e.person(w, f)
	if !ok {
		return
	}
	current, ok := find(e.ways(p), f.way)
	typed := strings.TrimSpace(r.PostForm.Get("code"))
	switch {
	case !ok || f.step != stepFactor:
		e.again(w, r, f)
	case typed == "":
		e.show(w, f, &mistake{"code", "The code is missing", "Enter the code."})
	case e.rightCode(f, p, current, typed):
		e.passed(w, r, f, p, current.ID)
	default:
		f, _ = e.flow(f.id)
		e.show(w, f, wrongCode(f, current, !e.tenant.Now().Before(f.sentAt.Add(codeLife))))
	}
}

func (e *Entra) rightCode(f flow, p tenant.Person, current way, typed string) bool {
	digits := strings.NewReplacer(" ", "", "-", "").Replace(typed)
	switch current.Kind {
	case kindText:
		return e.codeIs(f, digits)
	case kindApp:
		return e.tenant.AppCodeIs(p.ID, current.ID, digits)
	case kindPass:
		value, _ := current.Method["temporaryAccessPass"].(string)
		return current.Why == "" && equal(value, typed)
	}
	return false
}

func wrongCode(f flow, current way, old bool) *mistake {
	switch {
	case current.Kind == kindText && f.wrong >= tries:
		return &mistake{"code", "Too many wrong codes", "This code no longer works. Ask for a new one below."}
	case current.Kind == kindText && old:
		return &mistake{"code", "That code is too old", "It was good for ten minutes. Ask for a new one below."}
	case current.Kind == kindText && f.again:
		return &mistake{"code", "That is not the code", "This is not the newest code. Look at the phone and enter it again."}
	}
	return &mistake{"code", "That is not the code", "This is not the code. Look again and enter it once more."}
}

// checkPush looks whether a request or call was answered.
func (e *Entra) checkPush(w http.ResponseWriter, r *http.Request, f flow) {
	p, ok := e.person(w, f)
	if !ok {
		return
	}
	if state, push := e.tenant.PushState(f.push); f.step == stepFactor && f.push != "" && state == "approved" {
		e.passed(w, r, f, p, push.MethodID)
		return
	}
	e.again(w, r, f)
}

// useKey uses a passkey, Windows Hello or an external method that works.
func (e *Entra) useKey(w http.ResponseWriter, r *http.Request, f flow) {
	p, ok := e.person(w, f)
	if !ok {
		return
	}
	current, ok := find(e.ways(p), f.way)
	if ok && f.step == stepFactor && current.Why == "" && (current.Kind == kindKey || current.Kind == kindExternal) {
		e.passed(w, r, f, p, current.ID)
		return
	}
	e.again(w, r, f)
}

// passed notes which method proved the person, and ends the flow.
func (e *Entra) passed(w http.ResponseWriter, r *http.Request, f flow, p tenant.Person, methodID string) {
	if err := e.tenant.MarkUsed(p.ID, methodID); err != nil {
		e.showError(w, http.StatusInternalServerError, serverError())
		return
	}
	e.finish(w, r, f, p, true)
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
