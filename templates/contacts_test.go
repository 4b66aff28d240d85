package templates

import (
	"strings"
	"testing"
	"time"

	"rekey/internal/i18n"
)

func TestInitials(t *testing.T) {
	for name, want := range map[string]string{"Maya Okafor": "MO", "Tomás": "T", "ana maria de souza": "AS", "ليلى ناصر": "لن", "": "", "  ": "", "élodie": "É"} {
		if got := initials(name); got != want {
			t.Errorf("initials(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestSorted(t *testing.T) {
	given := []Method{{Kind: "password"}, {Kind: "brand-new", Name: "a"}, {Kind: "authenticator", Name: "b"}, {Kind: "passkey"}, {Kind: "authenticator", Name: "a"}}
	var got string
	for _, m := range sorted(given) {
		got += m.Kind + m.Name + " "
	}
	if want := "passkey authenticatorb authenticatora brand-newa password "; got != want {
		t.Errorf("sorted = %q, want %q", got, want)
	}
	if given[0].Kind != "password" {
		t.Error("sorted changed the list that it was given")
	}
}

func TestEnded(t *testing.T) {
	for at, want := range map[string]bool{"2027-01-31T23:59:59Z": false, "2027-02-01T00:00:00Z": true, "2031-01-01T00:00:00Z": true} {
		now, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := ended(Base{Now: now}); got != want {
			t.Errorf("ended(%s) = %v, want %v", at, got, want)
		}
	}
}

func TestPrecise(t *testing.T) {
	_, words := newSet(t)
	x := tools{words: words.Localizer(i18n.Default)}
	base := exampleBase("/")
	for away, want := range map[time.Duration]string{
		30 * time.Second: `<time datetime="2026-11-23T13:32:30Z">14:32:30</time>`,
		time.Hour:        `<time datetime="2026-11-23T14:32:00Z">15:32</time>`,
		-time.Second:     `<time datetime="2026-11-23T13:31:59Z">14:31</time>`,
		24 * time.Hour:   "<time datetime=\"2026-11-24T13:32:00Z\">14:32 on 24\u00a0November\u00a02026</time>",
	} {
		if got := string(x.precise(base, at1432().Add(away))); got != want {
			t.Errorf("precise(%v away) = %s, want %s", away, got, want)
		}
	}
}

func TestRich_EscapesAllButHTML(t *testing.T) {
	_, words := newSet(t)
	x := tools{words: words.Localizer(i18n.Default)}
	if got, want := string(x.rich("guest.ask", "home", "<b>&")), "For a new phone or a new number, ask the help desk of &lt;b&gt;&amp;."; got != want {
		t.Errorf("rich with text = %s, want %s", got, want)
	}
	if got, want := string(x.rich("guest.ask", "home", isolate("<b>"))), "For a new phone or a new number, ask the help desk of <bdi>&lt;b&gt;</bdi>."; got != want {
		t.Errorf("rich with HTML = %s, want %s", got, want)
	}
	if got, want := string(x.rich("code.left", "count", 1)), "You have 1 try left with this code."; got != want {
		t.Errorf("rich with a count = %s, want %s", got, want)
	}
}

func TestProblem_Words(t *testing.T) {
	_, words := newSet(t)
	x := tools{words: words.Localizer(i18n.Default)}
	base := exampleBase("/")
	tests := []struct {
		key  string
		args map[string]any
		want string
	}{
		{"number.too-short", map[string]any{"region": "DE", "digits": 1}, "This number has only 1 digit. That is too few for its country (Germany)."},
		{"number.too-short", map[string]any{"region": "", "digits": 3}, "This number is too short."},
		{"number.too-long", map[string]any{"region": "US", "digits": 40}, "This number has 40 digits. That is too many for its country (United States)."},
		{"number.country", map[string]any{"region": "FR"}, "Fernhill sends no codes to this country (France). Use another number, or ask the IT service desk."},
		{"number.country", map[string]any{"region": ""}, "Fernhill sends no codes to numbers like this. Use another one, or ask the IT service desk."},
		{"code.wrong", map[string]any{"left": 3, "sent": minutes(-2)}, "This is not the code that we sent at 14:30."},
		{"brand.new", nil, "Something is not right here."},
	}
	for _, tt := range tests {
		if got := x.problem(base, tt.key, tt.args, time.Time{}); got != tt.want {
			t.Errorf("problem(%q, %v) = %q, want %q", tt.key, tt.args, got, tt.want)
		}
	}
}

// TestProblem_TimesAsOnTheRestOfThePage: an error writes a time as the reader does.
func TestProblem_TimesAsOnTheRestOfThePage(t *testing.T) {
	_, words := newSet(t)
	x := tools{words: words.Localizer(i18n.Default)}
	base := exampleBase("/")
	base.Region = "US"
	got, want := x.problem(base, "code.wrong", map[string]any{"left": 3, "sent": minutes(-2)}, time.Time{}), x.at(base).Moment(base.in(minutes(-2)), base.Now)
	if !strings.Contains(got, want) || !strings.Contains(want, "2:30") {
		t.Errorf("problem = %q, want the time as %q", got, want)
	}
}
