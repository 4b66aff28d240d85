package mail

import (
	"strings"
	"testing"
	"time"
)

func TestMistakes(t *testing.T) {
	good := Server{Host: "smtp.contoso.example", Port: 587, Security: StartTLS, Auth: Password, User: "rekey", Password: canarySecret, Timeout: 10 * time.Second}
	if got := good.Mistakes(); len(got) != 0 {
		t.Errorf("Mistakes of a good server = %q", got)
	}
	for _, tt := range []struct {
		name, setting string
		change        func(*Server)
	}{
		{"no host", "host", func(s *Server) { s.Host = "" }},
		{"host with a port", "host", func(s *Server) { s.Host = "smtp.contoso.example:25" }},
		{"a socket", "host", func(s *Server) { s.Host = "unix:///run/mail" }},
		{"host with a line", "host", func(s *Server) { s.Host = "smtp\r\nMAIL" }},
		{"no port", "port", func(s *Server) { s.Port = 0 }},
		{"a high port", "port", func(s *Server) { s.Port = 70000 }},
		{"no security", "security", func(s *Server) { s.Security = "" }},
		{"tried security", "security", func(s *Server) { s.Security = "opportunistic" }},
		{"password in the clear", "security", func(s *Server) { s.Security = None }},
		{"token in the clear", "security", func(s *Server) { s.Security, s.Auth, s.Password = None, XOAuth2, "" }},
		{"no way", "auth", func(s *Server) { s.Auth = "" }},
		{"another way", "auth", func(s *Server) { s.Auth = "ntlm" }},
		{"a password for nothing", "auth", func(s *Server) { s.Auth = NoAuth }},
		{"no user", "user", func(s *Server) { s.User = "" }},
		{"a user of two lines", "user", func(s *Server) { s.User = "rekey\x00" + canarySecret }},
		{"no password", "password", func(s *Server) { s.Password = "" }},
		{"a password of two lines", "password", func(s *Server) { s.Password = canarySecret + "\r\n" }},
		{"a password and a token", "password", func(s *Server) { s.Auth = XOAuth2 }},
		{"no time", "timeout", func(s *Server) { s.Timeout = 0 }},
		{"for ever", "timeout", func(s *Server) { s.Timeout = time.Hour }},
	} {
		s := good
		tt.change(&s)
		got := s.Mistakes()
		if len(got) != 1 || !strings.HasPrefix(got[0], tt.setting+": ") || !strings.HasSuffix(got[0], ".") || strings.Contains(got[0], canarySecret) {
			t.Errorf("Mistakes with %s = %q, want one sentence about %s without the secret", tt.name, got, tt.setting)
		}
	}
	for _, tt := range []struct {
		from From
		want string
	}{
		{From{Name: "Contoso", Address: "rekey@contoso.example"}, ""},
		{From{Address: "rekey@bücher.example"}, ""},
		{From{}, "from: set"},
		{From{Address: "Contoso <rekey@contoso.example>"}, "from: write one"},
		{From{Address: "rekey@contoso.example", Name: "x\r\nBcc: y"}, "from_name: "},
		{From{Address: "rekey@contoso.example", Name: strings.Repeat("x", 61)}, "from_name: "},
	} {
		got := tt.from.Mistakes()
		if tt.want == "" && len(got) != 0 || tt.want != "" && (len(got) != 1 || !strings.HasPrefix(got[0], tt.want)) {
			t.Errorf("Mistakes(%+v) = %q, want %q", tt.from, got, tt.want)
		}
	}
}

func TestNew_AllMistakesAtOnce(t *testing.T) {
	_, err := NewSMTP(Options{Server: Server{Security: TLS, Auth: XOAuth2}})
	for _, setting := range []string{"host: ", "port: ", "user: ", "timeout: ", "from: ", "auth: "} {
		if err == nil || !strings.Contains(err.Error(), setting) {
			t.Errorf("NewSMTP of nothing = %v, want a mistake about %s", err, setting)
		}
	}
	_, err = NewGraph(GraphOptions{})
	for _, setting := range []string{"from: ", "timeout: "} {
		if err == nil || !strings.Contains(err.Error(), setting) {
			t.Errorf("NewGraph of nothing = %v, want a mistake about %s", err, setting)
		}
	}
}
