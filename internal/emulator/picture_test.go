package emulator

import "testing"

// What a picture of the site showed is among the first demo's messages, whichever showed it.
func TestPictured(t *testing.T) {
	d := newFirst(t)
	s := joinDemo(t, d)
	d.Pictured("123456")
	s.Pictured("654321")
	var got []string
	for _, m := range d.Tenant().Messages("", "") {
		if m.Channel != "picture" || m.To != "" {
			t.Errorf("a message %+v, want one of a picture and to nobody", m)
		}
		got = append(got, m.Text)
	}
	if len(got) != 2 || got[0] != "123456" || got[1] != "654321" {
		t.Errorf("pictures %q, want 123456 and 654321", got)
	}
	if res := d.ask(t, "POST", "/join/nobody/picture", `{"text":"1"}`, nil); res.StatusCode != 404 {
		t.Errorf("a picture of an unknown replica: %d, want 404", res.StatusCode)
	}
}
