package graph

import (
	"fmt"
	"net/http"
	"strings"

	"rekey/internal/emulator/tenant"
)

func (g *Graph) listAll(c *call) (answer, error) {
	if err := noOptions(c); err != nil {
		return answer{}, err
	}
	value := []any{}
	for _, m := range g.visible(c) {
		value = append(value, g.shown(c, m, true))
	}
	return answer{http.StatusOK, map[string]any{"@odata.context": contextURL(c, "methods"), "value": value}}, nil
}

func (g *Graph) list(c *call) (answer, error) {
	if err := noOptions(c); err != nil {
		return answer{}, err
	}
	value := []any{}
	for _, m := range g.visible(c) {
		if m.Type() == c.kind.odataType {
			value = append(value, g.shown(c, m, false))
		}
	}
	return answer{http.StatusOK, map[string]any{"@odata.context": contextURL(c, c.kind.collection), "value": value}}, nil
}

func (g *Graph) getAny(c *call) (answer, error) {
	for _, m := range g.visible(c) {
		if m.ID() == c.id {
			return g.one(c, http.StatusOK, m, "methods", true), nil
		}
	}
	return answer{}, g.tenant.NoMethod()
}

func (g *Graph) get(c *call) (answer, error) {
	for _, m := range g.visible(c) {
		if m.ID() == c.id && m.Type() == c.kind.odataType {
			return g.one(c, http.StatusOK, m, c.kind.collection, false), nil
		}
	}
	return answer{}, g.tenant.NoMethod()
}

// deleteAny is what Graph's gateway says about deleting a method without naming its kind.
// Source: microsoftgraph/msgraph-sdk-powershell issue 937.
func (g *Graph) deleteAny(c *call) (answer, error) {
	message := fmt.Sprintf(`{"Message":"No HTTP resource was found that matches the request URI `+
		`'https://mface.windowsazure.com/odata/users('%s')/authentication/methods('%s')'.",`+
		`"MessageDetail":"No route providing a controller name was found to match request URI."}`, c.target.ID, c.id)
	return answer{}, &tenant.Error{Status: http.StatusNotFound, Code: "UnknownError", Message: message}
}

func (g *Graph) delete(c *call) (answer, error) {
	if err := g.tenant.DeleteMethod(c.target.ID, c.kind.odataType, c.id, g.lag(c)); err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusNoContent}, nil
}

// create adds a phone or an email.
func (g *Graph) create(c *call) (answer, error) {
	in, err := contactBody(c)
	if err != nil {
		return answer{}, err
	}
	var m tenant.Method
	if c.kind.odataType == tenant.TypePhone {
		m, err = g.tenant.AddPhone(c.target.ID, in.phoneNumber, in.phoneType, g.lag(c))
	} else {
		m, err = g.tenant.AddEmail(c.target.ID, in.emailAddress, g.lag(c))
	}
	if err != nil {
		return answer{}, err
	}
	return g.one(c, http.StatusCreated, m, c.kind.collection, false), nil
}

// update changes a phone or an email in place.
func (g *Graph) update(c *call) (answer, error) {
	in, err := contactBody(c)
	if err != nil {
		return answer{}, err
	}
	var m tenant.Method
	if c.kind.odataType == tenant.TypePhone {
		m, err = g.tenant.UpdatePhone(c.target.ID, c.id, in.phoneNumber, in.phoneType, g.lag(c))
	} else {
		m, err = g.tenant.UpdateEmail(c.target.ID, c.id, in.emailAddress, g.lag(c))
	}
	if err != nil {
		return answer{}, err
	}
	if !g.tenant.Switches().PatchAnswersBody {
		return answer{status: http.StatusNoContent}, nil
	}
	return g.one(c, http.StatusOK, m, c.kind.collection, false), nil
}

// visible returns the methods that this version of Graph shows of the person now.
func (g *Graph) visible(c *call) []tenant.Method {
	methods, _ := g.tenant.VisibleMethods(c.target.ID)
	for _, m := range methods { // clones
		delete(m, tenant.OnHandset)
	}
	if c.beta {
		return methods
	}
	out := methods[:0]
	for _, m := range methods {
		if m.Type() == tenant.TypeHardwareOath || m.Type() == tenant.TypeQRCode {
			continue
		}
		delete(m, "lastUsedDateTime")
		out = append(out, m)
	}
	return out
}

// shown prepares a method for this caller. Items of a typed collection carry no type.
func (g *Graph) shown(c *call, m tenant.Method, typed bool) map[string]any {
	out := map[string]any{}
	for k, v := range m {
		out[k] = v
	}
	if !typed {
		delete(out, "@odata.type")
	}
	if m.PhoneNumber() != "" && g.masked(c) {
		out["phoneNumber"] = mask(m.PhoneNumber())
	}
	if m.Type() == tenant.TypePass {
		out["temporaryAccessPass"] = nil
	}
	return out
}

func (g *Graph) one(c *call, status int, m tenant.Method, collection string, typed bool) answer {
	body := g.shown(c, m, typed)
	body["@odata.context"] = contextURL(c, collection) + "/$entity"
	return answer{status, body}
}

func contextURL(c *call, collection string) string {
	return fmt.Sprintf("https://%s/%s/$metadata#users('%s')/authentication/%s", Host, c.version(), c.target.ID, collection)
}

func (c *call) version() string {
	if c.beta {
		return "beta"
	}
	return "v1.0"
}

// mask leaves the country code and the last two digits, the likely form of what an
// Authentication Administrator is shown.
func mask(number string) string {
	country, rest, ok := strings.Cut(number, " ")
	if !ok || len(rest) < 3 {
		return "+XXXXXXXX"
	}
	return country + " " + strings.Repeat("X", len(rest)-2) + rest[len(rest)-2:]
}

// noOptions refuses OData query options, which lists of methods do not have.
// Source: Graph, authentication: list methods.
func noOptions(c *call) error {
	for name := range c.URL.Query() {
		if strings.HasPrefix(name, "$") {
			return &tenant.Error{Status: http.StatusBadRequest, Code: "badRequest", Message: "The query option " + name + " is not supported."}
		}
	}
	return nil
}
