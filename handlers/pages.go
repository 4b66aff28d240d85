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
	_, hasPhone := a.snap.Contact(directory.Phone)
	for _, kind := range []directory.Kind{directory.Phone, directory.AlternatePhone, directory.Email} {
		row := templates.Contact{Kind: string(kind), Editable: a.known && kind == directory.Phone}
		m, filled := a.snap.Contact(kind)
		if filled {
			row.Value = m.Masked()
			if proof := a.proofs[kind]; proof.Masked == row.Value {
				row.ProvedAt = proof.At
			}
		}
		row.Closed = kind == directory.AlternatePhone && !filled && !hasPhone
		page.Contacts = append(page.Contacts, row)
	}
	for _, m := range a.snap.Methods {
		if !m.Kind.Contact() {
			page.Methods = append(page.Methods, method(m))
		}
	}
	for _, v := range a.open {
		page.Running = append(page.Running, templates.Running{ID: v.Change.ID, Step: string(v.Step), To: v.Change.Masked, Here: v.Here})
	}
	return page
}

func method(m directory.Method) templates.Method {
	row := templates.Method{Kind: string(m.Kind), Name: m.Name, Model: m.Model, Added: m.Added, RawKind: m.RawKind}
	if m.Kind == directory.OfficePhone {
		row.Value = m.Masked()
	}
	return row
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

// numberPage asks for a number. When f is not nil it says what is wrong with it.
func (h *Handlers) numberPage(c *web.Context, in contact.Input, f *fault.Error) (templates.NumberForm, error) {
	page := templates.NumberForm{Base: c.Base(), Adding: true, Country: in.Country, Number: in.Number,
		WithoutContext: !h.Context}
	snap, known, err := h.kept(c)
	if err != nil {
		return page, err
	}
	if m, ok := snap.Contact(directory.Phone); known && ok {
		page.Adding, page.Current = false, m.Masked()
	}
	for _, code := range h.Countries {
		page.Countries = append(page.Countries, templates.Country{Code: code, CallingCode: phone.CallingCode(code)})
	}
	_, draft := c.Session.Drafts[mobilePath]
	page.Back = draft && f == nil && h.Fresh(h.actor(c))
	switch {
	case f == nil:
	case f.Kind == fault.Limited:
		page.Failed, page.Wait, page.WaitKey = true, f.Until, f.Key
	default:
		page.Failed, page.Errors = true, fieldErrors(f)
	}
	return page, nil
}

func fieldErrors(f *fault.Error) []templates.FieldError {
	return []templates.FieldError{{Field: f.Field, Key: f.Key, Args: f.Args}}
}

// changePage is the page of a change's step.
func (h *Handlers) changePage(c *web.Context, v contact.View) (templates.Page, error) {
	ch, base := v.Change, c.Base()
	over := v.Step == contact.Wait || v.Step == contact.Done || v.Step == contact.Stopped
	if !over && !v.Here {
		return templates.Elsewhere{Base: base, ID: ch.ID, New: ch.Masked}, nil
	}
	switch v.Step {
	case contact.EnterCode:
		return h.codePage(c, v), nil
	case contact.SignInAgain:
		return h.againPage(c, changePath(ch.ID), waiting(ch), ch.Masked), nil
	case contact.SendCode, contact.Confirm:
		return templates.Continue{Base: base, ID: ch.ID, Step: string(v.Step), New: ch.Masked}, nil
	case contact.Wait:
		return templates.Wait{Base: base, ID: ch.ID, Adding: ch.Adding(), New: ch.Masked, Current: ch.OldMasked,
			ProvedAt: ch.Moved, Reason: ch.Reason, RetryAt: ch.Retry}, nil
	case contact.Done:
		return h.donePage(c, ch)
	}
	return templates.Stopped{Base: base, State: string(ch.State), Reason: ch.Reason, Adding: ch.Adding(),
		New: ch.Masked, Current: ch.OldMasked}, nil
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
	return templates.CodeForm{Base: base, ID: ch.ID, Adding: ch.Adding(), Authorising: ch.State == contact.Authorising,
		TwoCodes: !h.Context, To: v.To, New: ch.Masked, Current: ch.OldMasked, SentAt: v.SentAt, GoodUntil: v.GoodUntil,
		Alive: v.CodeAlive, Newer: v.Newer, TriesLeft: v.TriesLeft, ResendAt: v.ResendAt, LockedUntil: v.LockedUntil,
		Delivery: string(v.Delivery), Sent: v.Newer && c.Now().Sub(v.SentAt) < justNow}
}

// againPage leads to a fresh sign-in and back.
func (h *Handlers) againPage(c *web.Context, returnTo, what, to string) templates.SignInAgain {
	return templates.SignInAgain{Base: c.Base(), Link: web.SignInLink(returnTo, true), Back: returnTo, For: what, To: to}
}

func (h *Handlers) donePage(c *web.Context, ch contact.Change) (templates.Page, error) {
	page := templates.Done{Base: c.Base(), Adding: ch.Adding(), New: ch.Masked, Old: ch.OldMasked, AppliedAt: ch.Moved}
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
	return c.Page(status, templates.SignInFailed{Base: base, Key: key, Link: link})
}

func (h *Handlers) signedOutPage(c *web.Context) templates.SignedOut {
	return templates.SignedOut{Base: c.Base(), MicrosoftLink: h.Broker.SignOutURL()}
}

// changeStatus is the status of a change's page: one that is over too late is gone.
func changeStatus(v contact.View) int {
	if v.Change.State == contact.Expired {
		return http.StatusGone
	}
	return http.StatusOK
}
