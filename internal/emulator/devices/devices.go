// Package devices is the demo's phones and mailboxes as pages: handsets that receive texts,
// calls and requests to sign in, and can be thrown away, and mailboxes.
//
// It keeps nothing itself: what is on a handset is package tenant's. Orders by JSON on the
// same addresses are the control surface's business, the gateway that texts arrive by is
// package gateway's.
package devices

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"rekey/internal/emulator/devices/page"
	"rekey/internal/emulator/tenant"
)

//go:embed templates/*.html
var templates embed.FS

// maxBody is the longest body of a form, in bytes.
const maxBody = 64 << 10

// Options says whose devices they are. Tenant is required.
type Options struct {
	Tenant *tenant.Tenant
	// Organisation is the name on the pages and the phones; "" is Fernhill.
	Organisation string
	// StyleSheet is the URL of the site's style sheet; "" leaves the pages plain.
	StyleSheet string
}

type devices struct {
	tenant       *tenant.Tenant
	organisation string
	pages        *page.Set
}

// New returns the handler of the pages below /_emulator/: the list of phones and mailboxes
// at the root, handsets/{number or name}, mailboxes/{address} and the mails
// below it, people/{id or user name},
// the forms below devices/, and the assets of all the emulator's pages.
func New(o Options) (http.Handler, error) {
	if o.Tenant == nil {
		return nil, errors.New("devices: a tenant is needed")
	}
	o.Organisation = cmp.Or(o.Organisation, "Fernhill")
	pages, err := page.New(templates, page.Options{StyleSheet: o.StyleSheet, Organisation: o.Organisation})
	if err != nil {
		return nil, fmt.Errorf("devices: %w", err)
	}
	d := &devices{o.Tenant, o.Organisation, pages}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /_emulator/{$}", d.index)
	mux.HandleFunc("GET /_emulator/handsets/{number}", d.handset)
	mux.HandleFunc("GET /_emulator/people/{person}", d.person)
	mux.HandleFunc("GET /_emulator/mailboxes/{address}", d.mailbox)
	mux.HandleFunc("GET /_emulator/mailboxes/{address}/{mail}", d.asShown)
	mux.HandleFunc("POST /_emulator/devices/handsets/{number}/off", d.turn(false))
	mux.HandleFunc("POST /_emulator/devices/handsets/{number}/on", d.turn(true))
	mux.HandleFunc("POST /_emulator/devices/pushes/{push}", d.answer)
	mux.HandleFunc("POST /_emulator/devices/people/{person}/methods", d.add)
	mux.HandleFunc("POST /_emulator/devices/people/{person}/default", d.setDefault)
	mux.HandleFunc("POST /_emulator/devices/people/{person}/number", d.move)
	mux.Handle("GET "+page.AssetPrefix, page.Assets())
	mux.HandleFunc("/", d.nothing)
	return http.NewCrossOriginProtection().Handler(mux), nil
}

// index lists people with their phones and mailboxes.
func (d *devices) index(w http.ResponseWriter, _ *http.Request) {
	type row struct {
		Person    tenant.Person
		URL       string
		Phones    []phone
		Mailboxes []mailbox
	}
	var data struct {
		Rows   []row
		Others []phone
		Strays []mailbox
	}
	owned := map[string]bool{}
	for _, p := range d.tenant.People() {
		r := row{Person: p, URL: personURL(p.ID), Phones: d.phonesOf(p), Mailboxes: d.mailboxesOf(p)}
		for _, ph := range r.Phones {
			owned[ph.Address] = true
		}
		for _, m := range r.Mailboxes {
			owned[strings.ToLower(m.Address)] = true
		}
		data.Rows = append(data.Rows, r)
	}
	for _, h := range d.tenant.Handsets() {
		if !owned[h.Address()] {
			data.Others = append(data.Others, d.phone(h))
		}
	}
	data.Strays = d.strays(owned)
	d.pages.Write(w, http.StatusOK, "index", page.Page{Title: "Phones and mailboxes", Data: data})
}

// phonesPage is what both a single phone and all phones of a person show.
type phonesPage struct {
	Title, Lede string
	Phones      []phone
	// Others are more phones of the same person, to go to.
	Others    []phone
	Person    *tenant.Person
	All       string
	Mailboxes []mailbox
	// Security is what the person manages at Microsoft; nil on the page of one phone.
	Security *security
	// Mistake is what went wrong with a form, "" for nothing.
	Mistake string
}

// handset shows one phone. A number that nobody has and nobody texted is a phone on which
// nothing arrived yet.
func (d *devices) handset(w http.ResponseWriter, r *http.Request) {
	h, ok := d.find(r.PathValue("number"))
	if !ok {
		d.nothing(w, r)
		return
	}
	d.showHandset(w, http.StatusOK, h, "")
}

func (d *devices) showHandset(w http.ResponseWriter, status int, h tenant.Handset, mistake string) {
	data := phonesPage{Phones: []phone{d.phone(h)}, Mistake: mistake,
		Lede: "Texts, calls and requests arrive here as they would on a real phone. The page looks again by itself."}
	data.Title = data.Phones[0].Name
	if p, ok := d.tenant.Person(h.Owner); ok && h.Owner != "" {
		data.Person, data.All, data.Mailboxes = &p, personURL(p.ID), d.mailboxesOf(p)
		for _, other := range d.phonesOf(p) {
			if other.Address != h.Address() {
				data.Others = append(data.Others, other)
			}
		}
	}
	d.pages.Write(w, status, "phones", page.Page{Title: data.Title, Live: true, Wrong: mistake != "", Data: data})
}

// person shows all phones of a person side by side.
func (d *devices) person(w http.ResponseWriter, r *http.Request) {
	p, ok := d.tenant.Person(r.PathValue("person"))
	if !ok {
		d.nothing(w, r)
		return
	}
	d.showPerson(w, http.StatusOK, p, "")
}

func (d *devices) showPerson(w http.ResponseWriter, status int, p tenant.Person, mistake string) {
	data := phonesPage{
		Title: "Phones of " + p.DisplayName, Phones: d.phonesOf(p), Mailboxes: d.mailboxesOf(p), Security: d.securityOf(p), Mistake: mistake,
		Lede: "Texts, calls and requests arrive here as they would on a real phone. The page looks again by itself.",
	}
	if len(data.Phones) == 0 {
		data.Lede = "There is no phone on this account. One appears here when it is added."
	}
	d.pages.Write(w, status, "phones", page.Page{Title: data.Title, Live: true, Wrong: mistake != "", Data: data})
}

// turn throws a handset away, or switches it on again.
func (d *devices) turn(on bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h, ok := d.find(r.PathValue("number"))
		if !ok {
			d.nothing(w, r)
			return
		}
		if err := d.tenant.SetHandset(h.Address(), on); err != nil {
			d.showHandset(w, http.StatusInternalServerError, h, "That could not be kept. The phone is as it was.")
			return
		}
		http.Redirect(w, r, handsetURL(h.Address()), http.StatusSeeOther)
	}
}

// answer answers a request of the Authenticator or a call.
func (d *devices) answer(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "This form cannot be read.", http.StatusBadRequest)
		return
	}
	push, ok := d.push(r.PathValue("push"))
	h, found := d.find(push.Handset)
	if !ok || !found {
		d.nothing(w, r)
		return
	}
	if !h.Working {
		d.showHandset(w, http.StatusConflict, h, "This phone is switched off and cannot answer.")
		return
	}
	var err error
	if r.PostForm.Get("answer") == "yes" {
		number, wrong := strconv.Atoi(strings.TrimSpace(r.PostForm.Get("number")))
		if !push.Call && (wrong != nil || number < 10 || number > 99) {
			d.showHandset(w, http.StatusUnprocessableEntity, h, "Type the two digits that the sign-in page shows.")
			return
		}
		err = d.tenant.Approve(push.ID, number)
	} else {
		err = d.tenant.Deny(push.ID)
	}
	if err != nil {
		d.showHandset(w, http.StatusConflict, h, "This was answered already, or waited too long. Begin again on the sign-in page.")
		return
	}
	http.Redirect(w, r, handsetURL(h.Address()), http.StatusSeeOther)
}

func (d *devices) push(id string) (tenant.Push, bool) {
	for _, p := range d.tenant.Pushes("") {
		if p.ID == id {
			return p, true
		}
	}
	return tenant.Push{}, false
}

func (d *devices) nothing(w http.ResponseWriter, _ *http.Request) {
	d.pages.Write(w, http.StatusNotFound, "nothing", page.Page{Title: "Nothing here"})
}

// find looks a handset up by number or name.
func (d *devices) find(address string) (tenant.Handset, bool) {
	if h, ok := d.tenant.Handset(address); ok {
		return h, true
	}
	for _, h := range d.tenant.Handsets() {
		if h.Number == "" && h.Name == address {
			return h, true
		}
	}
	number := tenant.E164(address)
	return tenant.Handset{Number: number, Working: true}, number != ""
}

func handsetURL(address string) string { return "/_emulator/handsets/" + url.PathEscape(address) }

func personURL(id string) string { return "/_emulator/people/" + url.PathEscape(id) }

// newest is how long an answered request stays on the screen.
const newest = 5 * time.Minute
