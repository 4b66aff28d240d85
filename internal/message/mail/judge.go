package mail

import (
	"context"
	"errors"
	"fmt"
	"net/textproto"
	"regexp"
	"strings"

	"rekey/internal/message"
)

// judge turns a mail that did not go through into what the caller learns.
func (s *SMTP) judge(ctx context.Context, m message.Message, at step, err error) error {
	var answer *textproto.Error
	answered := errors.As(err, &answer)
	switch {
	case at == unsuited:
		return refused(ctx, s.log, m, err)
	case at == connecting:
		if errors.Is(err, errSignIn) {
			s.log.ErrorContext(ctx, "the mail server refuses our sign-in: check the mail settings, above all auth, user and password", "message", m.ID)
		}
		return unavailable(ctx, s.log, m, err)
	case !answered && at == ended:
		return uncertain(ctx, s.log, m, "no answer to the end of the mail")
	case !answered:
		return unavailable(ctx, s.log, m, errors.New("mail: the line broke before the mail was handed over"))
	}
	told := fmt.Errorf("mail: %s answered %d%s", at, answer.Code, detail(answer.Msg))
	switch {
	case answer.Code >= 500 && (at == sender || ours(answer)):
		s.log.ErrorContext(ctx, "the mail server does not let us send: check the mail settings, above all from, auth and whether it relays for us",
			"message", m.ID, "reason", told.Error())
		return unavailable(ctx, s.log, m, told)
	case answer.Code >= 500 && (at == recipient || at == ended):
		return refused(ctx, s.log, m, told)
	}
	return unavailable(ctx, s.log, m, told)
}

// String names the command.
func (s step) String() string {
	return [...]string{"connecting", "MAIL", "RCPT", "DATA", "the mail", "the address"}[s]
}

// ours reports whether a refusal is about us and not about the recipient or the mail:
// not signed in (RFC 4954, 4 and 6), or policy and protocol (RFC 3463, 3.6 and 3.8).
func ours(answer *textproto.Error) bool {
	class := detail(answer.Msg)
	return answer.Code == 530 || answer.Code == 534 || answer.Code == 535 || answer.Code == 538 ||
		answer.Code < 550 && class == "" || strings.HasPrefix(class, " 5.5.") || strings.HasPrefix(class, " 5.7.")
}

// detail returns the enhanced status code with a blank in front, or "" (RFC 2034): digits
// and dots alone.
func detail(words string) string {
	first, _, _ := strings.Cut(words, " ")
	if !regexp.MustCompile(`^[245]\.\d{1,3}\.\d{1,3}$`).MatchString(first) {
		return ""
	}
	return " " + first
}
