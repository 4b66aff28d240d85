package tenant

import (
	"encoding/base64"
	"strings"
)

// AddMethod gives a person a method as if it had been registered at Microsoft. It fills in
// the id and the date of creation where they are missing. Phones and emails obey the rules
// of the directory, but a phone's number may be written in E.164 as well. 400 for a method
// without "@odata.type", and for an id the person has already.
func (t *Tenant) AddMethod(person string, m Method) (Method, error) {
	m = m.clone()
	if m == nil || !strings.HasPrefix(m.Type(), "#microsoft.graph.") {
		return nil, badRequest(`The method needs an "@odata.type" that starts with "#microsoft.graph.".`)
	}
	switch m.Type() {
	case TypePhone:
		return t.AddPhone(person, GraphNumber(m.PhoneNumber()), m.PhoneType(), 0)
	case TypeEmail:
		return t.AddEmail(person, m.EmailAddress(), 0)
	}
	if m.ID() == "" {
		m["id"] = t.methodID(m.Type())
	}
	if _, given := m["createdDateTime"]; !given {
		m["createdDateTime"] = t.registrationDate(m.Type())
	}
	err := t.changeMethods(person, 0, func(s *state, p *Person) error {
		if p.index(m.ID()) >= 0 {
			return badRequest("The person has a method of that id already.")
		}
		t.add(s, p, m)
		return nil
	})
	return m, err
}

// SetDefault makes a method the person's default second factor, as people do at Microsoft.
// 404 for a method that they do not have, 400 for one that cannot be it.
func (t *Tenant) SetDefault(person, methodID string) error {
	return t.changeMethods(person, 0, func(_ *state, p *Person) error {
		i := p.index(methodID)
		if i < 0 {
			return t.NoMethod()
		}
		if !p.Methods[i].canBeDefault() {
			return badRequest("This method cannot be the default.")
		}
		p.DefaultMethodID = methodID
		return nil
	})
}

// MarkUsed notes that a person signed in with a method, as Graph's beta shows it. It does
// nothing for a method that is gone.
func (t *Tenant) MarkUsed(person, methodID string) error {
	if t.switches.NoLastUsed {
		return nil
	}
	return t.changeMethods(person, 0, func(_ *state, p *Person) error {
		if i := p.index(methodID); i >= 0 {
			p.Methods[i]["lastUsedDateTime"] = Timestamp(t.Now())
		}
		return nil
	})
}

func (t *Tenant) methodID(odataType string) string {
	switch odataType {
	case TypePassword:
		return PasswordID
	case TypeFIDO2:
		return base64.RawURLEncoding.EncodeToString(t.Random(16)) + "2"
	}
	return t.NewID()
}

// registrationDate is now, and null for an Authenticator: Graph knows no date for one that
// only receives pushes.
func (t *Tenant) registrationDate(odataType string) any {
	if odataType == TypeAuthenticator {
		return nil
	}
	return Timestamp(t.Now())
}

// GraphNumber writes an E.164 number as Graph stores it, with a space after the country
// code; a number that has its space stays as it is.
func GraphNumber(number string) string {
	if ValidNumber(number) || E164(number) == "" {
		return number
	}
	e164 := E164(number)
	n := countryCodeLength(e164[1:])
	return e164[:n+1] + " " + e164[n+1:]
}

// countryCodeLength returns how many digits of an international number are its country
// code. Source: ITU-T E.164, list of assigned country codes: zones 1 and 7 have one digit,
// the codes listed here two, all others three.
func countryCodeLength(digits string) int {
	if digits[0] == '1' || digits[0] == '7' {
		return 1
	}
	const two = " 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98 "
	if strings.Contains(two, " "+digits[:2]+" ") {
		return 2
	}
	return 3
}
