package devices

import (
	"cmp"
	"net/http"
	"strings"

	"rekey/internal/emulator/tenant"
)

// security is what a person's page shows of "security info at Microsoft": what is on the
// account, which method is the default, and the forms that change it.
type security struct {
	Add, Default, Move string
	Methods            []choice
	Numbers            []choice
	Handsets           []string
}

// choice is a method or a number to choose.
type choice struct {
	ID, Name string
	Chosen   bool
}

func (d *devices) securityOf(p tenant.Person) *security {
	at := "/_emulator/devices/people/" + p.ID
	s := &security{Add: at + "/methods", Default: at + "/default", Move: at + "/number"}
	for _, m := range p.Methods {
		name := map[string]string{tenant.TypeAuthenticator: "Authenticator", tenant.TypePhone: "Phone", tenant.TypeSoftwareOath: "One-time code app"}[m.Type()]
		if name == "" || m.PhoneType() == "office" || m.PhoneType() == "alternateMobile" {
			continue
		}
		s.Methods = append(s.Methods, choice{m.ID(), strings.TrimSpace(name + " " + cmp.Or(m.DisplayName(), m.PhoneNumber())), m.ID() == p.DefaultMethodID})
	}
	for _, h := range d.tenant.Handsets() {
		if h.Owner == p.ID && h.Number != "" {
			s.Numbers = append(s.Numbers, choice{ID: h.Number, Name: h.Number})
		}
		if h.Owner == p.ID && h.Name != "" {
			s.Handsets = append(s.Handsets, h.Name)
		}
	}
	return s
}

// longestName is how long the name of a handset may be, in bytes.
const longestName = 100

// Authenticator's own passkeys, by the AAGUID of its app for iPhones.
// Source: Entra, passkeys in Microsoft Authenticator.
const passkeyIOS = "90a3ccdf-635c-4729-a248-9b709135078f"

// add puts Authenticator or a passkey on one of the person's handsets, as if at Microsoft.
func (d *devices) add(w http.ResponseWriter, r *http.Request) {
	d.order(w, r, func(p tenant.Person, form func(string) string) error {
		name := form("handset")
		if name == "" || len(name) > longestName {
			return errName
		}
		m := tenant.Method{"@odata.type": tenant.TypeAuthenticator, "displayName": name, "deviceTag": "SoftwareTokenActivated", "phoneAppVersion": "6.8.1"}
		if form("kind") == "passkey" {
			m = tenant.Method{"@odata.type": tenant.TypeFIDO2, "displayName": name, "model": "Microsoft Authenticator", "aaGuid": passkeyIOS,
				"attestationLevel": "attested", "attestationCertificates": []any{}, "passkeyType": "deviceBound"}
		}
		_, err := d.tenant.AddMethod(p.ID, m)
		return err
	})
}

// setDefault changes the default second factor.
func (d *devices) setDefault(w http.ResponseWriter, r *http.Request) {
	d.order(w, r, func(p tenant.Person, form func(string) string) error {
		return d.tenant.SetDefault(p.ID, form("method"))
	})
}

// move puts the SIM into another handset.
func (d *devices) move(w http.ResponseWriter, r *http.Request) {
	d.order(w, r, func(p tenant.Person, form func(string) string) error {
		h, ok := d.tenant.Handset(form("number"))
		if name := form("handset"); !ok || h.Owner != p.ID || name == "" || len(name) > longestName {
			return errName
		}
		return d.tenant.MoveNumber(h.Number, form("handset"))
	})
}

// errName says that a form lacks the name of a phone.
var errName = &tenant.Error{Status: http.StatusUnprocessableEntity, Message: "Type the name of the phone, for example iPhone 17."}

// order carries a form out for a person and shows their page again.
func (d *devices) order(w http.ResponseWriter, r *http.Request, do func(tenant.Person, func(string) string) error) {
	p, ok := d.tenant.Person(r.PathValue("person"))
	if !ok {
		d.nothing(w, r)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "This form cannot be read.", http.StatusBadRequest)
		return
	}
	err := do(p, func(name string) string { return strings.TrimSpace(r.PostForm.Get(name)) })
	if err == nil {
		http.Redirect(w, r, personURL(p.ID), http.StatusSeeOther)
		return
	}
	mistake := "That could not be kept. Nothing was changed."
	status := http.StatusInternalServerError
	if refusal, ok := err.(*tenant.Error); ok {
		mistake, status = refusal.Message, refusal.Status
	}
	d.showPerson(w, status, p, mistake)
}
