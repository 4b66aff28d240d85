package reset

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"rekey/internal/audit"
	"rekey/internal/fault"
	"rekey/internal/job"
	"rekey/internal/limit"
)

// secretSize is the length of the flow cookie and of the link's token, in bytes: 256 bits,
// twice what RST-4 and RST-6 ask for.
const secretSize = 32

// pause is how long the work waits after the answer: it neither delays that answer nor shows
// in the time of the next one (RST-2).
const pause = 2 * time.Second

// longestUser is how long a user principal name may be.
// Source: Microsoft Entra, "Prepare directory attributes for synchronization": 64 before the
// @ and 48 after it.
const longestUser = 113

// Begin begins a reset in a browser: it notes what was typed, and a job does the rest. It
// does and answers the same whatever was typed, as long as it could be a user name at all
// (RST-2). secret is the new value of the flow cookie.
//
// Faults: Invalid at the field user, Limited for the network address.
func (s *Service) Begin(ctx context.Context, b Browser, user string) (id, secret string, err error) {
	if user, err = userName(user); err != nil {
		return "", "", err
	}
	if err := s.reserve(ctx, b); err != nil {
		return "", "", err
	}
	return s.begin(ctx, b, Reset{User: user}, nil)
}

// reserve takes a place for one more request of a network address.
func (s *Service) reserve(ctx context.Context, b Browser) error {
	if b.Source == "" {
		return nil
	}
	until, ok, err := s.Allowances.Reserve(ctx, limit.Charge{Key: "reset/address/" + s.recognise("source", b.Source), Windows: s.Policy.Requests})
	if err != nil || ok {
		return err
	}
	return &fault.Error{Kind: fault.Limited, Key: "reset.busy", Until: until}
}

// userName judges whether what was typed could be a user name, without asking anybody.
func userName(typed string) (string, error) {
	user := strings.TrimSpace(typed)
	local, domain, at := strings.Cut(user, "@")
	odd := func(r rune) bool {
		return unicode.IsControl(r) || unicode.IsSpace(r) || strings.ContainsRune(`/\?,;<>"`, r)
	}
	switch {
	case user == "":
		return "", fault.At("user", "user.empty", nil)
	case !at || local == "" || domain == "" || strings.Contains(domain, "@") || utf8.RuneCountInString(user) > longestUser || strings.ContainsFunc(user, odd):
		return "", fault.At("user", "user.form", nil)
	}
	return user, nil
}

// begin writes the row, its job and its event together; before joins their transaction.
func (s *Service) begin(ctx context.Context, b Browser, r Reset, before func(ctx context.Context) error) (id, secret string, err error) {
	if secret, err = s.secret(); err != nil {
		return "", "", err
	}
	now := s.Clock.Now()
	r.ID, r.Browser, r.State, r.Version, r.Step = s.NewID(), browserHash(secret), Requested, 1, 1
	r.Started, r.Moved, r.Until = now, now, now.Add(StepTime)
	r.Origin = Origin{Language: b.Language, Browser: b.Browser, Network: b.Network, Address: b.Address, Request: b.Request}
	if b.Zone != nil {
		r.Origin.Zone = b.Zone.String()
	}
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		if before != nil {
			if err := before(ctx); err != nil {
				return err
			}
		}
		if err := s.Store.AddReset(ctx, r); err != nil {
			return err
		}
		if err := s.enqueue(ctx, r, now.Add(pause)); err != nil {
			return err
		}
		return s.note(ctx, r, audit.ResetRequest, audit.Success, "", map[string]string{"user": s.recognise("user", strings.ToLower(r.User))})
	})
	if err == nil {
		s.Wake() // whoever looks now knows when to look again
	}
	return r.ID, secret, err
}

// enqueue adds a job about a reset. Each has a key of its own: none waits for another.
func (s *Service) enqueue(ctx context.Context, r Reset, due time.Time) error {
	id := s.NewID()
	return s.Jobs.Add(ctx, job.Job{ID: id, Kind: job.Reset, Key: id, Subject: r.ID, Created: s.Clock.Now(), Due: due})
}

func (s *Service) secret() (string, error) {
	b := make([]byte, secretSize)
	if _, err := io.ReadFull(s.Rand, b); err != nil {
		return "", fmt.Errorf("reset: no randomness: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// Again begins anew with what was typed before, in the same browser; what was begun before
// ends. It is for whoever ran out of time, and is charged like a first time.
//
// Faults: NotFound, Limited.
func (s *Service) Again(ctx context.Context, b Browser, id string) (newID, secret string, err error) {
	r, err := s.mine(ctx, b, id)
	if err != nil {
		return "", "", err
	}
	if r.User == "" || r.State == Finished || r.State == Writing {
		return "", "", fault.New(fault.NotFound, "reset.none")
	}
	if err := s.reserve(ctx, b); err != nil {
		return "", "", err
	}
	next := Reset{User: r.User, Practice: r.Practice}
	if r.Practice {
		next.Person = r.Person
	}
	return s.begin(ctx, b, next, func(ctx context.Context) error { return s.dropped(ctx, id, b) })
}

// dropped ends what is begun again, unless it is over.
func (s *Service) dropped(ctx context.Context, id string, b Browser) error {
	r, err := s.Store.Reset(ctx, id, browserHash(b.Secret))
	if err != nil || !r.Open() {
		return err
	}
	if r.State == Writing {
		return fault.New(fault.Conflict, "reset.moved")
	}
	from := r.State
	r.State, r.Reason = Ended, Newer
	if err := s.move(ctx, &r, from); err != nil {
		return err
	}
	if err := s.note(ctx, r, audit.ResetEnd, audit.Success, "reset.over."+Newer, nil); err != nil {
		return err
	}
	return s.Verification.Store.Supersede(ctx, r.ID)
}
