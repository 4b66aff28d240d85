package directory

import (
	"slices"
	"time"
)

// Answer is what can be said of a method or of a way in.
type Answer int

// The answers. CannotTell counts as No wherever something is refused or declared safe.
const (
	No Answer = iota
	CannotTell
	Yes
)

// String returns "no", "cannot tell" or "yes", for logs and tests.
func (a Answer) String() string {
	switch a {
	case No:
		return "no"
	case Yes:
		return "yes"
	}
	return "cannot tell"
}

// Strength is what the tenant asks of a sign-in.
type Strength int

// The strengths. The zero value is what every tenant should ask for.
const (
	SecondFactor      Strength = iota // a password and something else, or what is as good as both
	OneFactor                         // the password is enough
	PhishingResistant                 // a passkey or a key of the computer
)

// DeliveryEnds is when Microsoft stops sending the texts and making the calls of sign-in
// and password reset itself (public cloud). From then on a tenant needs a telephony
// provider of its own.
func DeliveryEnds() time.Time { return time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC) }

// Setting is what WaysIn has to know beside methods and policy.
type Setting struct {
	Now time.Time
	// Telephony says that the tenant has a telephony provider of its own, so that texts and
	// calls are delivered after DeliveryEnds.
	Telephony bool
	// Federated says that passwords are checked by another identity provider, which also
	// decides about second factors: ways in that begin with a password cannot be told.
	Federated bool
	Strength  Strength
}

// delivers reports whether texts and calls of sign-in arrive.
func (s Setting) delivers() bool { return s.Telephony || s.Now.Before(DeliveryEnds()) }

// Way is one way in: what is used together, in the order of use.
type Way struct {
	Methods []Method // a password first, where one is used; federated people may have none here
	Answer  Answer   // Yes or CannotTell, never No
	Here    bool     // good at one computer alone
}

// Ways are a person's ways in.
type Ways struct {
	In      []Way    // in the order of the methods; each second factor makes one
	Reset   []Method // what may serve Microsoft's own password reset
	Assumed bool     // the tenant's policy is not known and was taken to allow everything
}

// Certain returns how many ways in surely work.
func (w Ways) Certain() int {
	n := 0
	for _, way := range w.In {
		if way.Answer == Yes {
			n++
		}
	}
	return n
}

// WaysIn answers what a person can sign in with as things are, once the methods that
// without picks are left out; nil leaves out none. Methods of kinds that nobody knows
// never make a certain way in.
//
// It judges what the directory shows. That a passkey lies at the bottom of a lake, or
// that the account is switched off, it does not know.
func WaysIn(methods []Method, p Policy, s Setting, without func(Method) bool) Ways {
	left := methods
	if without != nil {
		left = slices.DeleteFunc(slices.Clone(methods), without)
	}
	ways := Ways{Assumed: !p.Known}
	first, begins := password(left, s)
	for _, m := range left {
		use := UseOf(m, p, s)
		if use.Reset != No {
			ways.Reset = append(ways.Reset, m)
		}
		way := Way{Methods: []Method{m}, Answer: use.SignIn, Here: use.Here}
		if use.Password {
			way.Methods, way.Answer = append(slices.Clone(first), m), min(way.Answer, begins)
		}
		if use.Password && s.Strength == OneFactor {
			way.Answer = No // the password alone is enough: not another way
		}
		if way.Answer != No {
			ways.In = append(ways.In, way)
		}
	}
	return ways
}

// password returns the password that a sign-in begins with, and whether it can.
func password(methods []Method, s Setting) ([]Method, Answer) {
	i := slices.IndexFunc(methods, func(m Method) bool { return m.Kind == Password })
	switch {
	case i < 0 && s.Federated: // the other provider has it
		return nil, CannotTell
	case i < 0:
		return nil, No
	case s.Federated:
		return methods[i : i+1], CannotTell
	}
	return methods[i : i+1], Yes
}

// RemovalRefused reports whether taking methods away must be refused, because it might
// take the last way in: something goes that may let the person in, and nothing that
// surely does stays (OLD-2).
//
// What nobody can tell of a single method counts for keeping it and against relying on
// it. What nobody can tell of the whole tenant is looked at both ways, since what goes
// and what stays share it: a setting that is out of date (texts are delivered after all,
// another strength is asked for) must not cost somebody the last way in, and a federated
// tenant in which Microsoft asks for no second factor must not keep every number for
// good. An email address is never a way in, so its removal is never refused.
func RemovalRefused(methods []Method, gone func(Method) bool, p Policy, s Setting) bool {
	if s.Federated {
		s.Federated, methods = false, append(slices.Clone(methods), Method{Kind: Password})
	}
	generous := s
	generous.Telephony, generous.Strength = true, SecondFactor
	return lastGoes(methods, gone, p, s) || lastGoes(methods, gone, p, generous)
}

// lastGoes reports whether a way in goes and no certain one stays.
func lastGoes(methods []Method, gone func(Method) bool, p Policy, s Setting) bool {
	loses := slices.ContainsFunc(WaysIn(methods, p, s, nil).In, func(w Way) bool { return slices.ContainsFunc(w.Methods, gone) })
	return loses && WaysIn(methods, p, s, gone).Certain() == 0
}
