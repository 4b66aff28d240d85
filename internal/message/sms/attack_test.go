package sms

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// attacks are texts that try to get out of their field.
func attacks() []string {
	return []string{
		canaryText, hostile, "\",\"to\":\"+19005550100", "\"}\r\n\r\nPOST / HTTP/1.1\r\n", "x&to=%2B19005550100",
		"x\r\nto=+19005550100", "a\\", "\\\"", "</script><!--", "\x00\x01\x7f", "{{.From}}", "ünïcödé 電話 \U0001F4F1",
	}
}

func TestSend_TextStaysInItsJSONField(t *testing.T) {
	for _, attack := range attacks() {
		transport := &answering{status: 202, body: `{"status":"accepted"}`}
		s, _ := newSender(t, bearer(), transport)
		m := text()
		m.Body = attack
		if err := s.Send(t.Context(), m); err != nil {
			t.Fatalf("Send(%q) = %v", attack, err)
		}
		var got map[string]string
		if err := json.Unmarshal([]byte(transport.bodies[0]), &got); err != nil {
			t.Fatalf("body for %q = %q: %v", attack, transport.bodies[0], err)
		}
		if len(got) != 3 || got["to"] != canaryNumber || got["from"] != "Contoso" || got["text"] != attack {
			t.Errorf("body for %q = %v, want the text in its field and nothing else changed", attack, got)
		}
	}
}

func TestSend_TextStaysInItsFormField(t *testing.T) {
	for _, body := range []string{
		`{{form "To" .To "From" .From "Body" .Text}}`,
		`To={{urlquery .To}}&From={{.From | urlquery}}&Body={{urlquery .Text}}`,
	} {
		for _, attack := range attacks() {
			g := basic()
			g.Body = body
			transport := &answering{status: 201}
			s, _ := newSender(t, g, transport)
			m := text()
			m.Body = attack
			if err := s.Send(t.Context(), m); err != nil {
				t.Fatalf("Send(%q) = %v", attack, err)
			}
			got, err := url.ParseQuery(transport.bodies[0])
			want := url.Values{"To": {canaryNumber}, "From": {"+12025550100"}, "Body": {attack}}
			if err != nil || got.Encode() != want.Encode() {
				t.Errorf("body for %q = %v (%v), want %v", attack, got, err, want)
			}
		}
	}
}

func TestSend_HugeAnswer(t *testing.T) {
	body := &endless{}
	s, log := newSender(t, bearer(), roundTrip(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 202, Body: body}, nil
	}))
	err := s.Send(t.Context(), text())
	if got := outcome(err); got != "uncertain" {
		t.Errorf("Send with an endless answer = %s, want uncertain", got)
	}
	if body.read > answerLimit+4096 || !body.closed {
		t.Errorf("read %d bytes (closed: %v), want at most %d and the line closed", body.read, body.closed, answerLimit)
	}
	secretFree(t, log.String(), err)
}

type endless struct {
	read   int
	closed bool
}

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	e.read += len(p)
	return len(p), nil
}

func (e *endless) Close() error { e.closed = true; return nil }

func TestSend_FollowsNoRedirect(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		elsewhere := 0
		thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere++ }))
		server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, thief.URL, status)
		}))
		g := bearer()
		g.URL = server.URL
		s, log := newSender(t, g, server.Client().Transport)
		err := s.Send(t.Context(), text())
		if got := outcome(err); got != "refused" || elsewhere != 0 {
			t.Errorf("Send answered %d = %s, %d requests elsewhere, want refused and none", status, got, elsewhere)
		}
		secretFree(t, log.String(), err)
		server.Close()
		thief.Close()
	}
}

func TestSend_EchoingTransportErrorsStayOutOfLogs(t *testing.T) {
	for name, err := range map[string]error{
		"quoted answer": errors.New(`malformed HTTP response "` + canaryText + canaryNumber + `"`),
		"read":          &net.OpError{Op: "read", Err: errors.New(canarySecret)},
	} {
		s, log := newSender(t, bearer(), roundTrip(func(*http.Request) (*http.Response, error) { return nil, err }))
		sendErr := s.Send(t.Context(), text())
		if got := outcome(sendErr); got != "uncertain" {
			t.Errorf("Send(%s) = %s, want uncertain", name, got)
		}
		secretFree(t, log.String(), sendErr)
	}
}

func TestSend_WaitsNoLongerThanItsTimeout(t *testing.T) {
	t.Run("no answer", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s, _ := newSender(t, bearer(), roundTrip(func(r *http.Request) (*http.Response, error) {
				<-r.Context().Done()
				return nil, r.Context().Err()
			}))
			start := time.Now()
			if got := outcome(s.Send(t.Context(), text())); got != "uncertain" {
				t.Errorf("Send without an answer = %s, want uncertain", got)
			}
			if took := time.Since(start); took != 5*time.Second {
				t.Errorf("Send waited %v, want 5s", took)
			}
		})
	})
	t.Run("answer that never ends", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s, _ := newSender(t, bearer(), roundTrip(func(r *http.Request) (*http.Response, error) {
				reader, writer := io.Pipe()
				go func() {
					<-r.Context().Done()
					_ = writer.CloseWithError(r.Context().Err())
				}()
				return &http.Response{StatusCode: 202, Body: reader}, nil
			}))
			if got := outcome(s.Send(t.Context(), text())); got != "uncertain" {
				t.Errorf("Send with an answer that hangs = %s, want uncertain", got)
			}
		})
	})
}

func TestSend_HeaderSecretsNeverInTheAddress(t *testing.T) {
	transport := &answering{status: 202, body: `{"status":"accepted"}`}
	s, _ := newSender(t, bearer(), transport)
	if err := s.Send(t.Context(), text()); err != nil {
		t.Fatal(err)
	}
	if got := transport.seen[0].URL.String(); strings.Contains(got, canarySecret) || strings.Contains(got, canaryDigits) {
		t.Errorf("address = %q, want neither secret nor number in it", got)
	}
}
