package entra

import (
	"cmp"
	"slices"
	"strings"
	"time"
	"unicode"

	"rekey/internal/emulator/devices/page"
	"rekey/internal/emulator/tenant"
)

// kind is a sort of second factor. The order is the one in which a sign-in asks.
// Source: Entra, system-preferred multifactor authentication.
type kind int

const (
	kindPass kind = iota
	kindKey
	kindExternal
	kindPush
	kindApp
	kindText
	kindCall
)

// String names the kind for the templates.
func (k kind) String() string {
	return [...]string{"pass", "key", "external", "push", "app", "text", "call"}[k]
}

// Icon is the drawing of the kind.
func (k kind) Icon() string {
	return [...]string{"key", "passkey", "out", "shield", "clock", "chat", "call"}[k]
}

// authenticators is the id of the one way that all Authenticators are together.
const authenticators = "authenticator"

// Authenticators that hold a passkey of their own, on Android and iOS.
// Source: Entra, passkeys in Microsoft Authenticator.
const (
	passkeyAndroid = "de1e552d-db1d-4423-a619-566b625cdc84"
	passkeyIOS     = "90a3ccdf-635c-4729-a248-9b709135078f"
)

// way is a second factor that a person can be asked for now.
type way struct {
	// ID is the method's id, or authenticators.
	ID     string
	Kind   kind
	Method tenant.Method
	// Name is what to do, as on a button ("Text the number ending in 42").
	Name string
	// Noun is what it is ("A text to the number ending in 42").
	Noun string
	// Where names the device that it hangs on, "" for none that is known.
	Where string
	// Why says what is wrong with it, "" while it works.
	Why string
}

// ways are the second factors on a person's account now, strongest first.
func (e *Entra) ways(p tenant.Person) []way {
	var out []way
	for _, m := range p.Methods {
		if w, ok := e.wayOf(p, m); ok {
			out = append(out, w)
		}
	}
	if w, ok := e.pushWay(p); ok {
		out = append(out, w)
	}
	slices.SortStableFunc(out, func(a, b way) int { return cmp.Compare(a.Kind, b.Kind) })
	return out
}

func (e *Entra) wayOf(p tenant.Person, m tenant.Method) (way, bool) {
	w := way{ID: m.ID(), Method: m}
	switch m.Type() {
	case tenant.TypePass:
		w.Kind, w.Noun, w.Why = kindPass, "Temporary Access Pass", e.passTrouble(m)
		w.Name = "Enter a Temporary Access Pass"
	case tenant.TypeFIDO2, tenant.TypeWindowsHello, tenant.TypePlatform:
		w = e.keyWay(p, w)
	case tenant.TypeExternal:
		w.Kind, w.Where = kindExternal, cmp.Or(m.DisplayName(), "an external method")
		w.Noun, w.Name = w.Where, "Continue with "+w.Where
	case tenant.TypeSoftwareOath, tenant.TypeHardwareOath:
		w = e.appWay(p, w)
	case tenant.TypePhone:
		w = e.phoneWay(w)
	default:
		return way{}, false
	}
	return w, true
}

// passTrouble is what is wrong with a pass: its time is not now, or nobody knows it.
func (e *Entra) passTrouble(m tenant.Method) string {
	value, _ := m["temporaryAccessPass"].(string)
	start, _ := m["startDateTime"].(string)
	from, err := time.Parse(time.RFC3339, start)
	minutes, _ := m["lifetimeInMinutes"].(float64)
	now := e.tenant.Now()
	switch {
	case value == "":
		return "nobody has this pass at hand"
	case err == nil && now.Before(from), err == nil && minutes > 0 && !now.Before(from.Add(time.Duration(minutes)*time.Minute)):
		return "the pass is not valid now"
	}
	return ""
}

// keyWay is a passkey or Windows Hello. A passkey in the Authenticator goes with its
// handset, Windows Hello with its computer; every other one is on this computer.
func (e *Entra) keyWay(p tenant.Person, w way) way {
	name := w.Method.DisplayName()
	w.Kind, w.Where = kindKey, "this computer"
	switch {
	case w.Method.Type() != tenant.TypeFIDO2:
		w.Where = cmp.Or(name, w.Where)
		w.Noun = "Windows Hello on " + w.Where
		if w.Method.Type() == tenant.TypePlatform {
			w.Noun = "Platform credential of " + w.Where
		}
		w.Name = "Use " + w.Noun
		if i := slices.IndexFunc(p.Devices, func(d tenant.Device) bool { return d.DisplayName == name }); i >= 0 && !p.Devices[i].AccountEnabled {
			w.Why = name + " is disabled in the directory"
		}
	case e.livesOnHandset(w.Method):
		w.Where = cmp.Or(name, "a phone")
		w.Noun, w.Name = "Passkey on "+w.Where, "Use the passkey on "+w.Where
		if h, found := e.tenant.HandsetOf(p.ID, w.Method); found && !h.Working {
			w.Why = w.Where + " is switched off"
		}
	default:
		w.Noun, w.Name = "Passkey", "Use the passkey on this computer"
		if name != "" {
			w.Noun, w.Name = "Passkey “"+name+"”", "Use the passkey “"+name+"” on this computer"
		}
	}
	return w
}

// livesOnHandset says whether a passkey is bound to the Authenticator of one phone.
func (e *Entra) livesOnHandset(m tenant.Method) bool {
	aaguid, _ := m["aaGuid"].(string)
	sort, _ := m["passkeyType"].(string)
	return sort != "synced" && (strings.EqualFold(aaguid, passkeyAndroid) || strings.EqualFold(aaguid, passkeyIOS))
}

// pushWay is all Authenticators together: a request rings on every one.
func (e *Entra) pushWay(p tenant.Person) (way, bool) {
	w := way{ID: authenticators, Kind: kindPush}
	var on, off []string
	for _, m := range p.Methods {
		if m.Type() != tenant.TypeAuthenticator {
			continue
		}
		w.Method = m
		if h, found := e.tenant.HandsetOf(p.ID, m); found && h.Working {
			on = append(on, cmp.Or(m.DisplayName(), "a phone"))
		} else {
			off = append(off, cmp.Or(m.DisplayName(), "a phone"))
		}
	}
	all := append(slices.Clone(on), off...)
	w.Where = page.List(all)
	w.Noun, w.Name = "Authenticator on "+w.Where, "Approve a request in Authenticator on "+w.Where
	if len(on) == 0 {
		w.Why = w.Where + " is switched off"
		if len(off) > 1 {
			w.Why = w.Where + " are switched off"
		}
	}
	return w, len(all) > 0
}

func (e *Entra) appWay(p tenant.Person, w way) way {
	w.Kind, w.Noun, w.Name = kindApp, "One-time code app", "Enter a code from the one-time code app"
	if w.Method.Type() == tenant.TypeHardwareOath {
		w.Noun, w.Name = "Hardware token", "Enter a code from the hardware token"
		return w
	}
	for _, app := range e.tenant.CodeApps(p.ID) {
		if app.MethodID != w.ID {
			continue
		}
		w.Where = cmp.Or(app.Handset.Name, page.Ending(app.Handset.Number))
		if !app.Handset.Working {
			w.Why = cmp.Or(w.Where, "the phone that it is on") + " is switched off"
		}
	}
	return w
}

// phoneWay is a phone: the mobile gets a text, the alternate and the office phone a call.
func (e *Entra) phoneWay(w way) way {
	w.Where = page.Ending(w.Method.PhoneNumber())
	w.Kind, w.Noun, w.Name = kindCall, "A call to "+w.Where, "Call "+w.Where
	if w.Method.PhoneType() == "mobile" {
		w.Kind, w.Noun, w.Name = kindText, "A text to "+w.Where, "Text "+w.Where
	}
	if h, found := e.tenant.Handset(w.Method.PhoneNumber()); !found || !h.Working {
		w.Why = "the handset with " + w.Where + " is switched off"
	}
	return w
}

// Trouble is Why as a sentence. It begins with a capital unless it begins with a name that
// has its own way ("iPhone").
func (w way) Trouble() string {
	r := []rune(w.Why)
	switch {
	case len(r) < 2:
		return ""
	case unicode.IsUpper(r[1]):
		return w.Why + "."
	}
	return string(unicode.ToUpper(r[0])) + string(r[1:]) + "."
}

// OfComputer says that it is the sign-in of one computer, such as Windows Hello.
func (w way) OfComputer() bool {
	return w.Method.Type() == tenant.TypeWindowsHello || w.Method.Type() == tenant.TypePlatform
}

// works says whether any of the ways does.
func works(ways []way) bool {
	return slices.ContainsFunc(ways, func(w way) bool { return w.Why == "" })
}

func find(ways []way, id string) (way, bool) {
	i := slices.IndexFunc(ways, func(w way) bool { return w.ID == id })
	if i < 0 {
		return way{}, false
	}
	return ways[i], true
}
