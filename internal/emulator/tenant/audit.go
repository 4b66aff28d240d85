package tenant

import (
	"slices"
	"time"
)

// Audit is an entry of the directory's own log about a person's methods.
type Audit struct {
	ID string
	At time.Time
	// Person is whom it is about, by object id.
	Person string
	// Activity is the activity's display name, Reason what names the method.
	Activity, Reason string
}

// audit notes what a change did to a person's methods. Who did it is not known here.
// Source: Entra, audit activity reference, service Authentication Methods; the wording of
// reasons is documented nowhere.
func (t *Tenant) audit(p Person, before []Method) {
	note := func(verb string, m Method) {
		reason := ""
		if !t.switches.LogNamesNothing {
			reason = "Admin " + verb + " " + auditName(m) + " method for user"
		}
		t.audits.add(func(id string) Audit {
			return Audit{ID: id, At: t.Now(), Person: p.ID, Activity: "Admin " + verb + " security info", Reason: reason}
		})
	}
	for _, m := range p.Methods {
		i := slices.IndexFunc(before, func(o Method) bool { return o.ID() == m.ID() })
		switch {
		case i < 0:
			note("registered", m)
		case m.PhoneNumber() != before[i].PhoneNumber() || m.EmailAddress() != before[i].EmailAddress():
			note("updated", m)
		}
	}
	for _, m := range before {
		if p.index(m.ID()) < 0 {
			note("deleted", m)
		}
	}
}

func auditName(m Method) string {
	switch m.PhoneType() {
	case "mobile":
		return "phone"
	case "alternateMobile":
		return "alternate mobile phone"
	case "office":
		return "office phone"
	}
	switch m.Type() {
	case TypeEmail:
		return "email"
	case TypeAuthenticator:
		return "Authenticator App"
	case TypeFIDO2:
		return "Fido"
	case TypeWindowsHello:
		return "Windows Hello for Business"
	case TypeSoftwareOath:
		return "Software OATH token"
	}
	return "another"
}

// Audits returns the entries about a person since a time that show by now, oldest first.
func (t *Tenant) Audits(personID string, since time.Time) []Audit {
	until := t.Now().Add(-t.switches.LogDelay)
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.DeleteFunc(t.audits.after(""), func(a Audit) bool {
		return a.Person != personID || a.At.Before(since) || a.At.After(until)
	})
}
