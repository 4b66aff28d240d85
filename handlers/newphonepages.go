package handlers

import (
	"slices"
	"strings"

	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/mailbox"
	"rekey/internal/retirement"
	"rekey/internal/web"
	"rekey/templates"
)

func (h *Handlers) situationPage(c *web.Context, chosen, going string, f *fault.Error) templates.NewPhoneStart {
	page := templates.NewPhoneStart{Base: c.Base(), Situation: chosen, Going: going}
	if f != nil {
		page.Failed, page.Errors = true, fieldErrors(f)
	}
	return page
}

// moving is what every page of a move has.
func moving(v retirement.View, t retirement.TaskName) templates.Moving {
	m := templates.Moving{Situation: string(v.Retirement.Situation), Task: string(t), Number: string(v.Retirement.Moves), Of: len(v.Tasks)}
	for i, task := range v.Tasks {
		if task.Name == t {
			m.Step = i + 1
		}
	}
	for _, old := range v.Retirement.OldItems() {
		if old.Name != "" && m.Old == "" {
			m.Old = old.Name
		}
	}
	for _, n := range newMethods(v) {
		if n.Name != "" && m.New == "" && (n.Kind == directory.Authenticator || n.Kind == directory.Passkey && n.Holder == directory.HeldByPhone) {
			m.New = n.Name
		}
	}
	return m
}

// newMethods are those that were not there at the inventory.
func newMethods(v retirement.View) []directory.Method {
	return slices.DeleteFunc(slices.Clone(v.Facts.Methods), func(m directory.Method) bool {
		return !v.Retirement.IsNew(m) || m.Kind == directory.Password
	})
}

// onPhone shows a method that stays, and whether it is proved.
func onPhone(v retirement.View, m directory.Method) templates.OnPhone {
	o := templates.OnPhone{Method: method(m), State: "seen", Proved: v.Facts.Proved(v.Retirement, m)}
	if !o.Proved.IsZero() {
		o.State = "proved"
	}
	return o
}

// stays are the methods that do not live on the old phone.
func stays(v retirement.View) []templates.OnPhone {
	var list []templates.OnPhone
	for _, m := range v.Facts.Methods {
		if !v.Retirement.IsOld(m) && m.Kind != directory.Password {
			list = append(list, onPhone(v, m))
		}
	}
	return list
}

// phones is the picture: what hangs on each phone.
func phones(v retirement.View) templates.Phones {
	var p templates.Phones
	r := v.Retirement
	for _, old := range r.OldItems() {
		o := templates.OnPhone{Method: method(old), State: "gone"}
		if slices.ContainsFunc(v.Facts.Methods, func(m directory.Method) bool { return r.IsOld(m) && m.ID == old.ID }) {
			o.State = "there"
			if !r.Confirmed.IsZero() {
				o.State = "going"
			}
		}
		p.Old = append(p.Old, o)
	}
	for _, m := range v.Facts.Methods {
		switch {
		case r.IsOld(m), m.Kind == directory.Password:
		case r.IsNew(m) && m.Kind.OnPhone(), m.Kind == directory.Phone:
			p.New = append(p.New, onPhone(v, m))
		case !r.Inventoried.IsZero():
			p.Beside = append(p.Beside, onPhone(v, m))
		}
	}
	if !r.Inventoried.IsZero() {
		for _, w := range retirement.Wants(r, v.Facts) {
			kind := map[retirement.Want]string{retirement.WantNumber: "phone", retirement.WantMethod: "authenticator"}[w]
			if kind != "" {
				p.New = append(p.New, templates.OnPhone{Method: templates.Method{Kind: kind}, State: "missing"})
			}
		}
	}
	return p
}

func (h *Handlers) listPage(c *web.Context, v retirement.View) templates.NewPhone {
	r := v.Retirement
	page := templates.NewPhone{Base: c.Base(), Moving: moving(v, ""), Phones: phones(v), Planned: r.Planned, CanPlan: r.Plannable(),
		Finished: !r.Finished.IsZero() || v.Next == "", Open: r.Open()}
	for _, t := range v.Tasks {
		page.Tasks = append(page.Tasks, templates.Task{Name: string(t.Name), State: string(t.State)})
	}
	page.Nothing = r.Situation == retirement.Lost && !r.Inventoried.IsZero() && len(r.OldItems()) > 0 && v.Facts.Ways(r).Certain() == 0
	return page
}

func (h *Handlers) taskPage(c *web.Context, v retirement.View, t retirement.TaskName, f *fault.Error) (templates.Page, error) {
	base, m := c.Base(), moving(v, t)
	base.Failed = f != nil
	switch t {
	case retirement.Inventory:
		return inventoryPage(base, m, v), nil
	case retirement.Place:
		return h.placePage(c, base, m, v)
	case retirement.Prove:
		return h.provePage(c, base, m, v)
	case retirement.CheckTask:
		return h.checkPage(base, m, v), nil
	case retirement.TakeOff:
		return h.takeOffPage(c, base, m, v), nil
	case retirement.SignOut:
		page := templates.SignOutAll{Base: base, Moving: m}
		if v.Asked {
			page.Everywhere = templates.Everywhere{State: string(v.SignOut.State), Asked: v.SignOut.Asked, Moved: v.SignOut.Moved,
				RetryAt: v.SignOut.Retry, Reason: v.SignOut.Reason}
		}
		return page, nil
	case retirement.SignIn:
		r := v.Retirement
		weak := r.SignedIn.IsZero() && c.Session.AuthTime.After(r.Revoked) && !c.Session.Strong && h.Context
		return templates.SignInOnce{Base: base, Moving: m, Link: web.SignInLink(taskPath(t), true), Signed: r.SignedIn, Weak: weak}, nil
	}
	return h.handInPage(c, base, m, v), nil
}

func inventoryPage(base templates.Base, m templates.Moving, v retirement.View) templates.Inventory {
	page := templates.Inventory{Base: base, Moving: m, Fixed: !v.Retirement.Confirmed.IsZero()}
	items := v.Retirement.Items
	if v.Retirement.Inventoried.IsZero() {
		items = retirement.Guess(v.Facts.Methods, v.Retirement.Situation, v.Retirement.Moves)
	}
	for _, i := range items {
		page.Items = append(page.Items, templates.InventoryItem{Method: method(i.Method), ID: i.Method.ID, Old: i.Old, Why: string(i.Why),
			Alike: retirement.Alike(i.Method, v.Facts.Methods)})
	}
	return page
}

func (h *Handlers) placePage(c *web.Context, base templates.Base, m templates.Moving, v retirement.View) (templates.Page, error) {
	r := v.Retirement
	page := templates.Place{Base: base, Moving: m, NoNumber: r.NoNumber, NoApp: r.NoApp, Looked: v.Facts.At, Link: h.BaseURL + newPhonePath}
	for _, w := range retirement.Wants(r, v.Facts) {
		page.Wants = append(page.Wants, string(w))
	}
	if slices.Contains(page.Wants, string(retirement.WantNumber)) {
		page.NumberForm = contactPath(directory.Phone)
	}
	enough := v.Facts.Ways(r).Certain() >= 2
	page.CanSkipNumber, page.CanSkipApp = enough, enough
	for _, n := range newMethods(v) {
		page.Seen = append(page.Seen, onPhone(v, n))
	}
	var err error
	page.LookAgain, err = h.Retirements.NextLook(c.Ctx(), h.actor(c))
	return page, err
}

func (h *Handlers) provePage(c *web.Context, base templates.Base, m templates.Moving, v retirement.View) (templates.Page, error) {
	r := v.Retirement
	page := templates.ProveNew{Base: base, Moving: m, Looked: v.Facts.At}
	needed := retirement.Unproved(r, v.Facts)
	for _, n := range v.Facts.Methods {
		if r.IsOld(n) || n.Kind == directory.Password || n.Kind == directory.Email {
			continue
		}
		page.Items = append(page.Items, h.proving(v, n, slices.Contains(needed, n)))
	}
	var err error
	page.LookAgain, err = h.Retirements.NextLook(c.Ctx(), h.actor(c))
	return page, err
}

func (h *Handlers) proving(v retirement.View, n directory.Method, needed bool) templates.Proving {
	p := templates.Proving{Method: method(n), Proved: v.Facts.Proved(v.Retirement, n), Needed: needed, Use: !n.Kind.Contact()}
	if n.Kind.Contact() && h.Contacts.Reaches(n) {
		p.Test = contactPath(n.Kind) + "/test"
	}
	return p
}

func (h *Handlers) checkPage(base templates.Base, m templates.Moving, v retirement.View) templates.LockOutCheck {
	check := retirement.LockOut(v.Retirement, v.Facts)
	page := templates.LockOutCheck{Base: base, Moving: m, Passed: check.Passed(), Certain: check.Ways.Certain(),
		Needed: check.Needed, Assumed: check.Ways.Assumed}
	for _, w := range check.Ways.In {
		way := templates.WayIn{Answer: w.Answer.String(), Here: w.Here}
		for _, part := range w.Methods {
			way.Methods = append(way.Methods, method(part))
			way.Proved = v.Facts.Proved(v.Retirement, part)
		}
		page.Ways = append(page.Ways, way)
	}
	slices.SortStableFunc(page.Ways, func(a, b templates.WayIn) int { return strings.Compare(b.Answer, a.Answer) })
	for _, r := range h.PhoneLost(v.Facts.Methods).Add {
		page.Add = append(page.Add, templates.Remedy{Kind: string(r.Kind), Lasts: r.Lasts})
	}
	return page
}

func (h *Handlers) takeOffPage(c *web.Context, base templates.Base, m templates.Moving, v retirement.View) templates.TakeOff {
	r, check := v.Retirement, retirement.LockOut(v.Retirement, v.Facts)
	page := templates.TakeOff{Base: base, Moving: m, Stays: stays(v), Ways: check.Ways.Certain(),
		Nothing: r.Situation == retirement.Lost && check.Ways.Certain() == 0}
	for _, p := range retirement.Plan(r, v.Facts, c.Now()) {
		page.Goes = append(page.Goes, method(p.Method))
	}
	for _, x := range r.Removals {
		page.Removals = append(page.Removals, templates.Removing{Method: method(x.Method), State: string(x.State), Why: x.Why, At: x.At})
	}
	page.Going = r.OnItsWay(c.Now())
	page.Again = !r.Confirmed.IsZero() && !page.Going && (len(page.Goes) > 0 || r.Unfinished())
	if !h.Context && !retirement.CodeRead(r, v.Facts, c.Now()) {
		for _, n := range v.Facts.Methods {
			if p := h.proving(v, n, true); !r.IsOld(n) && p.Test != "" {
				page.CodeFirst = append(page.CodeFirst, p)
			}
		}
	}
	return page
}

func (h *Handlers) handInPage(c *web.Context, base templates.Base, m templates.Moving, v retirement.View) templates.HandIn {
	r := v.Retirement
	page := templates.HandIn{Base: base, Moving: m, Needed: !retirement.NoLongerNeeded(r, v.Facts), Reference: r.Reference, Finished: r.Finished,
		Stays: stays(v), SignedOut: r.Revoked, SignedIn: r.SignedIn}
	for _, x := range r.Removals {
		if x.State == retirement.Taken {
			page.Taken = append(page.Taken, templates.Removing{Method: method(x.Method), State: string(x.State), At: x.At})
		}
	}
	devices, err := h.Retirements.OldDevices(c.Ctx(), h.actor(c), r)
	if err != nil { // they are a hint, and nothing hangs on it
		h.Log.Info("registered devices could not be read", "request", c.ID, "err", err)
	}
	for _, d := range devices {
		page.Devices = append(page.Devices, templates.Device{Name: d.Name, System: strings.TrimSpace(d.System + " " + d.SystemVersion), Model: d.Model, Seen: d.Seen})
	}
	return page
}

func (h *Handlers) dayPage(c *web.Context, v retirement.View, typed *dayForm, f *fault.Error) templates.PlanDay {
	page := templates.PlanDay{Base: c.Base(), Moving: moving(v, ""), Planned: v.Retirement.Planned}
	if to := retirement.Mailbox(directory.Snapshot{Account: v.Account, Methods: v.Facts.Methods}); to != "" {
		page.MailTo = mailbox.Mask(to)
	}
	if typed != nil {
		page.Year, page.Month, page.Date = typed.Year, typed.Month, typed.Date
	}
	if f != nil {
		page.Failed, page.Errors = true, fieldErrors(f)
	}
	return page
}

func (h *Handlers) helpPage(c *web.Context) templates.Help {
	return templates.Help{Base: c.Base(), Reset: h.offersReset()}
}
