package emulator

import (
	"net/http"
	"strings"

	"rekey/internal/emulator/tenant"
)

// messages lists every text and mail, or those to one number or address.
func (e *Emulator) messages(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	to := q.Get("to")
	// A plus sign in a query means a space.
	switch {
	case strings.Contains(to, "@"):
		to = strings.ReplaceAll(to, " ", "+")
	case strings.HasPrefix(to, " "):
		to = "+" + to[1:]
	}
	if number := tenant.E164(to); number != "" {
		to = number
	}
	reply(w, http.StatusOK, e.tenant.Messages(to, q.Get("after")))
}

// requests lists what the emulated services saw.
func (e *Emulator) requests(w http.ResponseWriter, r *http.Request) {
	reply(w, http.StatusOK, e.tenant.Requests(r.URL.Query().Get("after")))
}

// shownPerson is a person as /_emulator/tenant shows one.
type shownPerson struct {
	ID                string          `json:"id"`
	UserPrincipalName string          `json:"userPrincipalName"`
	DisplayName       string          `json:"displayName"`
	Roles             []string        `json:"roles"`
	Methods           []tenant.Method `json:"methods"`
	Devices           []tenant.Device `json:"devices"`
}

// people shows the tenant as it is, whatever lag was ordered.
func (e *Emulator) people(w http.ResponseWriter, _ *http.Request) {
	out := []shownPerson{}
	for _, p := range e.tenant.People() {
		out = append(out, shownPerson{p.ID, p.UserPrincipalName, p.DisplayName, p.Roles, p.Methods, p.Devices})
	}
	reply(w, http.StatusOK, map[string]any{"people": out})
}
