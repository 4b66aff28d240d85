package tenant

import (
	"net/http"
	"strings"
	"time"
)

// version is what reads show of a person's methods until a moment: the methods before a
// write whose effect is not yet to be seen.
type version struct {
	until   time.Time
	methods []Method
}

// VisibleMethods returns a person's methods as Graph shows them now: for a while after a
// write that was made to lag, those before it.
func (t *Tenant) VisibleMethods(idOrUPN string) ([]Method, bool) {
	now := t.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.state.person(idOrUPN)
	if p == nil {
		return nil, false
	}
	for _, v := range t.unseen[p.ID] {
		if now.Before(v.until) {
			return cloneMethods(v.methods), true
		}
	}
	delete(t.unseen, p.ID)
	return cloneMethods(p.Methods), true
}

// changeMethods runs fn on a person, hides the effect from reads for lag, and answers 404
// for an unknown person.
func (t *Tenant) changeMethods(idOrUPN string, lag time.Duration, fn func(*state, *Person) error) error {
	return t.change(func(s *state) error {
		p := s.own(idOrUPN)
		if p == nil {
			return noPerson()
		}
		before := cloneMethods(p.Methods)
		if err := fn(s, p); err != nil {
			return err
		}
		t.audit(*p, before)
		if lag > 0 {
			t.unseen[p.ID] = append(t.unseen[p.ID], version{t.Now().Add(lag), before})
		}
		return nil
	})
}

// AddPhone stores a new phone. It answers 400 for a number that is not in Graph's format,
// an unknown type, a type that is there already, and an alternate phone without a phone.
// lag is how long reads go on showing the person without it.
// Source: Graph, authentication: post phoneMethods.
func (t *Tenant) AddPhone(person, number, phoneType string, lag time.Duration) (Method, error) {
	var added Method
	err := t.changeMethods(person, lag, func(s *state, p *Person) error {
		if err := t.mayHold(p, number, phoneType); err != nil {
			return err
		}
		if _, there := p.Phone(phoneType); there {
			return t.duplicate("phone", phoneType)
		}
		if _, mobile := p.Phone("mobile"); phoneType == "alternateMobile" && !mobile {
			return badRequest("An alternate mobile phone needs a mobile phone.")
		}
		added = Method{
			"@odata.type": TypePhone, "id": phoneID(phoneType), "phoneNumber": number, "phoneType": phoneType,
			"smsSignInState": smsSignInState(phoneType), "createdDateTime": t.phoneDate(),
		}
		t.add(s, p, added)
		return nil
	})
	return added.clone(), err
}

// UpdatePhone gives the phone of that id another number, in place. phoneType may be "" or
// the type that it is; it cannot be changed. 404 for an id the person does not have.
// Source: Graph, phoneAuthenticationMethod: update.
func (t *Tenant) UpdatePhone(person, id, number, phoneType string, lag time.Duration) (Method, error) {
	var updated Method
	err := t.changeMethods(person, lag, func(s *state, p *Person) error {
		i := p.index(id)
		if i < 0 || p.Methods[i].Type() != TypePhone {
			return t.NoMethod()
		}
		m := p.Methods[i]
		if phoneType != "" && phoneType != m.PhoneType() {
			return badRequest("The type of a phone cannot be changed.")
		}
		if err := t.mayHold(p, number, m.PhoneType()); err != nil {
			return err
		}
		m["phoneNumber"] = number
		s.addHandsetOf(p.ID, m)
		updated = m.clone()
		return nil
	})
	return updated, err
}

// AddEmail stores the email of a person who has none (400 otherwise).
// Source: Graph, authentication: post emailMethods.
func (t *Tenant) AddEmail(person, address string, lag time.Duration) (Method, error) {
	var added Method
	err := t.changeMethods(person, lag, func(s *state, p *Person) error {
		if !looksLikeAddress(address) {
			return badRequest("The email address is not valid.")
		}
		if p.index(EmailID) >= 0 {
			return t.duplicate("email", "email")
		}
		added = Method{"@odata.type": TypeEmail, "id": EmailID, "emailAddress": address, "createdDateTime": t.phoneDate()}
		t.add(s, p, added)
		return nil
	})
	return added.clone(), err
}

// UpdateEmail changes the address in place; 404 for an id the person does not have.
// Source: Graph, emailAuthenticationMethod: update.
func (t *Tenant) UpdateEmail(person, id, address string, lag time.Duration) (Method, error) {
	var updated Method
	err := t.changeMethods(person, lag, func(_ *state, p *Person) error {
		i := p.index(id)
		if i < 0 || p.Methods[i].Type() != TypeEmail {
			return t.NoMethod()
		}
		if !looksLikeAddress(address) {
			return badRequest("The email address is not valid.")
		}
		p.Methods[i]["emailAddress"] = address
		updated = p.Methods[i].clone()
		return nil
	})
	return updated, err
}

// DeleteMethod removes a method of that type. 404 when the person has no such method; 400
// for a phone that an alternate phone hangs on, and for the default second factor.
// Source: Graph, phoneAuthenticationMethod: delete; for the default the observed messages.
func (t *Tenant) DeleteMethod(person, odataType, id string, lag time.Duration) error {
	return t.changeMethods(person, lag, func(_ *state, p *Person) error {
		i := p.index(id)
		if i < 0 || p.Methods[i].Type() != odataType {
			return t.NoMethod()
		}
		if err := t.mayDelete(p, p.Methods[i]); err != nil {
			return err
		}
		p.Methods = append(p.Methods[:i], p.Methods[i+1:]...)
		if p.DefaultMethodID == id {
			p.DefaultMethodID = ""
		}
		return nil
	})
}

func (t *Tenant) mayDelete(p *Person, m Method) error {
	if _, alternate := p.Phone("alternateMobile"); m.PhoneType() == "mobile" && alternate {
		return badRequest("The mobile phone cannot be deleted while there is an alternate mobile phone.")
	}
	if m.ID() != p.DefaultMethodID {
		return nil
	}
	others := false
	for _, o := range p.Methods {
		others = others || o.ID() != m.ID() && o.canBeDefault()
	}
	if !others && !t.switches.LastDefaultStays {
		return nil
	}
	return badRequest("The requested authentication method id of [%s] matches the user's current default authentication method, "+
		"and cannot be deleted until the default authentication method is changed", m.ID())
}

// mayHold checks what POST and PATCH of a phone have in common.
func (t *Tenant) mayHold(p *Person, number, phoneType string) error {
	if t.switches.PhonePolicyOff {
		return t.Refused()
	}
	if phoneID(phoneType) == "" {
		return badRequest("The type of the phone is not valid.")
	}
	if !ValidNumber(number) && !(t.switches.NumberWithoutSpace && E164(number) == number) {
		return badRequest("The phone number is not valid. Use the format +{country code} {number}x{extension}.")
	}
	for _, m := range p.Methods {
		if t.switches.NumberOnce && m.PhoneType() != "" && m.PhoneType() != phoneType && E164(m.PhoneNumber()) == E164(number) {
			return badRequest("The phone number is in use for another phone of this person.")
		}
	}
	return nil
}

func (t *Tenant) duplicate(kind, which string) *Error {
	e := badRequest("A %s method of type %s exists already.", kind, which)
	if t.switches.DuplicateIsConflict {
		e.Status, e.Code = http.StatusConflict, "conflict"
	}
	return e
}

func (t *Tenant) phoneDate() any {
	if t.switches.PhoneDates {
		return Timestamp(t.Now())
	}
	return nil
}

// add appends a method; the first that can be the default becomes it.
func (t *Tenant) add(s *state, p *Person, m Method) {
	p.Methods = append(p.Methods, m.clone())
	if p.DefaultMethodID == "" && m.canBeDefault() && !t.switches.NoDefaultByItself {
		p.DefaultMethodID = m.ID()
	}
	s.addHandsetOf(p.ID, m)
}

// ValidNumber says whether a number is in the format that Graph stores:
// "+{country code} {number}x{extension}", the extension optional.
// Source: Graph, phoneAuthenticationMethod resource; the limits of length are E.164's.
func ValidNumber(number string) bool {
	number, extension, hasExtension := strings.Cut(number, "x")
	country, rest, _ := strings.Cut(strings.TrimPrefix(number, "+"), " ")
	return strings.HasPrefix(number, "+") && digits(country, 1, 3) && country[0] != '0' && digits(rest, 4, 14) &&
		len(country)+len(rest) <= 15 && (!hasExtension || digits(extension, 1, 11))
}

func digits(s string, least, most int) bool {
	return len(s) >= least && len(s) <= most && strings.Trim(s, "0123456789") == ""
}

func looksLikeAddress(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	return ok && local != "" && strings.Contains(domain, ".") && len(s) <= 254 && !strings.ContainsAny(s, " ,;<>\"\r\n\t\x00") && !strings.Contains(domain, "@")
}
