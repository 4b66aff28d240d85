package handlers

import (
	"net/http"
	"strings"

	"rekey/internal/contact"
	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/phone"
	"rekey/internal/verification"
	"rekey/internal/web"
	"rekey/templates"
)

// account is what the security info page shows.
type account struct {
	known  bool // something was read from the directory once
	snap   directory.Snapshot
	open   []contact.View
	proofs map[directory.Kind]contact.Proof
}

// homePage shows the three contacts, always in the same order, and the other methods.
func (h *Handlers) homePage(c *web.Context, a account) templates.Home {
	page := templates.Home{Base: c.Base(), TakenAt: a.snap.At}
	if a.known {
		page.Lost = lost(h.PhoneLost(a.snap.Methods))
	}
	for _, kind := range []directory.Kind{directory.Phone, directory.AlternatePhone, directory.Email} {
		page.Contacts = append(page.Contacts, h.row(kind, a))
	}
	asked := directory.AskedBeforeText(a.snap.Methods)
	for _, m := range a.snap.Methods {
		if !m.Kind.Contact() {
			row := method(m)
			row.First = len(asked) > 0 && m == asked[0]
			page.Methods = append(page.Methods, row)
		}
	}
	for _, v := range a.open {
		page.Running = append(page.Running, templates.Running{Subject: subject(v.Change), ID: v.Change.ID, Step: string(v.Step), To: about(v.Change), Here: v.Here})
	}
	return page
}

// row shows one contact, filled or empty, with what can be done about it.
func (h *Handlers) row(kind directory.Kind, a account) templates.Contact {
	closed := h.Contacts.Closed(kind, a.snap)
	row := templates.Contact{Kind: string(kind), Off: closed == "no-mail"}
	m, filled := a.snap.Contact(kind)
	if filled {
		row.Value, row.Testable = m.Masked(), h.Contacts.Reaches(m)
		if proof := a.proofs[kind]; proof.Masked == row.Value {
			row.ProvedAt = proof.At
		}
	}
	row.Closed = closed == "phone-first"
	row.Editable = a.known && !row.Closed && (filled || !row.Off)
	return row
}

// subject is what a change is about, in the words of pages.
func subject(ch contact.Change) templates.Subject {
	s := templates.Subject{Kind: string(ch.Kind), Act: string(ch.Act)}
	if ch.Act == contact.Set || ch.Act == "" {
		s.Act = "change"
		if ch.Adding() {
			s.Act = "add"
		}
	}
	return s
}

// subject is what the form of a contact is about.
func (h *Handlers) subject(c *web.Context, kind directory.Kind) templates.Subject {
	s := templates.Subject{Kind: string(kind), Act: "add"}
	if h.present(c, kind) != "" {
		s.Act = "change"
	}
	return s
}

// about is the masked value that a change is about.
func about(ch contact.Change) string {
	if ch.Masked == "" {
		return ch.OldMasked
	}
	return ch.Masked
}

func method(m directory.Method) templates.Method {
	row := templates.Method{Kind: string(m.Kind), Name: m.Name, Model: m.Model, Added: m.Added, RawKind: m.RawKind}
	if m.Kind.Contact() || m.Kind == directory.OfficePhone {
		row.Value = m.Masked()
	}
	return row
}

// lost shows what losing the phone would come to.
func lost(l directory.Loss) *templates.Lost {
	page := &templates.Lost{Standing: string(l.Standing), Later: string(l.Later), Ways: l.Ways, Assumed: l.Assumed}
	for _, m := range l.Gone {
		page.Gone = append(page.Gone, method(m))
	}
	for _, m := range l.Maybe {
		page.Maybe = append(page.Maybe, method(m))
	}
	for _, s := range l.Stays {
		page.Stays = append(page.Stays, templates.Staying{Method: method(s.Method), Answer: s.Use.SignIn.String(), Here: s.Use.Here, Why: string(s.Use.Why)})
	}
	for _, r := range l.Add {
		page.Add = append(page.Add, templates.Remedy{Kind: string(r.Kind), Lasts: r.Lasts})
	}
	return page
}

// guestPage names the organisation where a guest's methods live.
func (h *Handlers) guestPage(c *web.Context) templates.Guest {
	return templates.Guest{Base: c.Base(), Home: homeDomain(c.Session.UserPrincipalName)}
}

// homeDomain reads a guest's own domain from the user name: Entra writes
// "maya_example.net#EXT#@tenant.onmicrosoft.com" for maya@example.net. It returns "" for
// what it cannot read.
func homeDomain(userName string) string {
	if local, _, guest := strings.Cut(userName, "#EXT#@"); guest {
		return local[strings.LastIndexByte(local, '_')+1:]
	}
	_, domain, _ := strings.Cut(userName, "@")
	return domain
}

// formPage asks for a number or an address. When f is not nil it says what is wrong with it.
func (h *Handlers) formPage(c *web.Context, kind directory.Kind, in contact.Input, f *fault.Error) (templates.Page, error) {
	about := h.subject(c, kind)
	back := c.Session.Drafts[contactPath(kind)][draftWhy] == draftStepUp
	page := templates.NumberForm{Base: c.Base(), Subject: about, Current: h.present(c, kind), Country: in.Country, Number: in.Number,
		WithoutContext: !h.Context, Back: back && f == nil && h.Fresh(h.actor(c))}
	switch {
	case f == nil:
	case f.Kind == fault.Limited:
		page.Failed, page.Wait, page.WaitKey = true, f.Until, f.Key
	default:
		page.Failed, page.Errors = true, fieldErrors(f)
	}
	if kind == directory.Email {
		return templates.AddressForm{Base: page.Base, Subject: about, Current: page.Current, Address: in.Address, Errors: page.Errors,
			Back: page.Back, WithoutContext: page.WithoutContext, Wait: page.Wait, WaitKey: page.WaitKey}, nil
	}
	for _, code := range h.Countries {
		page.Countries = append(page.Countries, templates.Country{Code: code, CallingCode: phone.CallingCode(code)})
	}
	return page, nil
}

// closedPage says why a contact cannot be added.
func (h *Handlers) closedPage(c *web.Context, kind directory.Kind, reason string) templates.Closed {
	return templates.Closed{Base: c.Base(), Subject: templates.Subject{Kind: string(kind), Act: "add"}, Reason: reason}
}

// removePage asks whether a contact is to go. When f is not nil it says what is in the way.
func (h *Handlers) removePage(c *web.Context, r contact.Removal, f *fault.Error) templates.RemoveForm {
	page := templates.RemoveForm{Base: c.Base(), Subject: templates.Subject{Kind: string(r.Kind), Act: string(contact.Remove)},
		Value: r.Present.Masked(), Refused: r.Refused}
	for _, m := range r.Stays {
		if r.Promote != nil && m.Kind == r.Promote.Kind {
			continue // it becomes the phone
		}
		page.Stays = append(page.Stays, method(m))
	}
	if r.Promote != nil {
		page.Promote, page.Act = r.Promote.Masked(), string(contact.Promote)
	}
	if r.Agrees != nil {
		page.Agrees = r.Agrees.Masked()
	}
	switch {
	case f == nil:
	case f.Kind == fault.Limited:
		page.Failed, page.Wait, page.WaitKey = true, f.Until, f.Key
	default:
		page.Failed, page.Refused = true, f.Key
	}
	return page
}

func fieldErrors(f *fault.Error) []templates.FieldError {
	return []templates.FieldError{{Field: f.Field, Key: f.Key, Args: f.Args}}
}

// changePage is the page of a change's step.
func (h *Handlers) changePage(c *web.Context, v contact.View) (templates.Page, error) {
	ch, base, what := v.Change, c.Base(), subject(v.Change)
	over := v.Step == contact.Wait || v.Step == contact.Done || v.Step == contact.Stopped
	if !over && !v.Here {
		return templates.Elsewhere{Base: base, Subject: what, ID: ch.ID, New: about(ch)}, nil
	}
	switch v.Step {
	case contact.EnterCode:
		return h.codePage(c, v), nil
	case contact.SignInAgain:
		return h.againPage(c, what, changePath(ch.ID), waiting(ch), about(ch)), nil
	case contact.SendCode, contact.Confirm:
		return templates.Continue{Base: base, Subject: what, ID: ch.ID, Step: string(v.Step), New: about(ch)}, nil
	case contact.Wait:
		return templates.Wait{Base: base, Subject: what, ID: ch.ID, New: about(ch), Current: ch.OldMasked,
			ProvedAt: ch.Moved, Reason: ch.Reason, RetryAt: ch.Retry}, nil
	case contact.Done:
		return h.donePage(c, v)
	}
	return templates.Stopped{Base: base, Subject: what, State: string(ch.State), Reason: ch.Reason,
		New: about(ch), Current: ch.OldMasked}, nil
}

// waiting names what waits for a fresh sign-in.
func waiting(ch contact.Change) string {
	switch ch.State {
	case contact.Proved, contact.Authorised:
		return string(ch.State)
	}
	return "resend"
}

func (h *Handlers) codePage(c *web.Context, v contact.View) templates.CodeForm {
	ch := v.Change
	base := c.Base()
	base.Failed = v.Delivery == verification.Refused
	return templates.CodeForm{Base: base, Subject: subject(ch), ID: ch.ID, Channel: string(v.Channel), Authorising: ch.State == contact.Authorising,
		TwoCodes: !h.Context, To: v.To, New: ch.Masked, Current: ch.OldMasked, SentAt: v.SentAt, GoodUntil: v.GoodUntil,
		Alive: v.CodeAlive, Newer: v.Newer, TriesLeft: v.TriesLeft, ResendAt: v.ResendAt, LockedUntil: v.LockedUntil,
		Delivery: string(v.Delivery), Sent: v.Newer && c.Now().Sub(v.SentAt) < justNow}
}

// againPage leads to a fresh sign-in and back.
func (h *Handlers) againPage(c *web.Context, about templates.Subject, returnTo, what, to string) templates.SignInAgain {
	return templates.SignInAgain{Base: c.Base(), Subject: about, Link: web.SignInLink(returnTo, true), Back: returnTo, For: what, To: to}
}

func (h *Handlers) donePage(c *web.Context, v contact.View) (templates.Page, error) {
	ch := v.Change
	page := templates.Done{Base: c.Base(), Subject: subject(ch), New: ch.Masked, Old: ch.OldMasked, AppliedAt: ch.Moved}
	for _, n := range v.Told {
		page.Told = append(page.Told, templates.Told{To: n.ToMask, Channel: string(n.Channel), State: string(n.State)})
	}
	var err error
	if page.Moving, err = h.moving(c); err != nil {
		return nil, err
	}
	snap, _, err := h.kept(c)
	if err != nil {
		return nil, err
	}
	for _, m := range directory.AskedBeforeText(snap.Methods) {
		page.First = append(page.First, method(m))
	}
	for _, m := range snap.Methods {
		if m.Kind.OnPhone() {
			page.OnPhone = append(page.OnPhone, method(m))
		}
		if m.Kind.OnComputer() {
			page.OnComputer = append(page.OnComputer, method(m))
		}
	}
	return page, nil
}

// failedPage says that a sign-in did not work: key is one of templates.SignInFailed.
func (h *Handlers) failedPage(c *web.Context, status int, key, link string) error {
	base := c.Base()
	base.Failed = true
	return c.Page(status, templates.SignInFailed{Base: base, Key: key, Link: link, Reset: h.offersReset()})
}

func (h *Handlers) signedOutPage(c *web.Context) templates.SignedOut {
	return templates.SignedOut{Base: c.Base(), MicrosoftLink: h.Broker.SignOutURL(), Reset: h.offersReset()}
}

// changeStatus is the status of a change's page: one that is over too late is gone.
func changeStatus(v contact.View) int {
	if v.Change.State == contact.Expired {
		return http.StatusGone
	}
	return http.StatusOK
}

// offersReset reports whether administrators may reset their password at this address: here,
// or in a process beside this one.
func (h *Handlers) offersReset() bool { return h.Resets != nil || h.Practice != nil }
