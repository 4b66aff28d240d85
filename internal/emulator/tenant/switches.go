package tenant

import "time"

// Switches choose between behaviours of Graph that no document settles. Their zero values
// are what the documents make likelier; each line names the other behaviour. The client's
// tests run under both.
type Switches struct {
	// PatchAnswersBody: PATCH of a phone or email answers 200 with the method (copies of the
	// documentation before 2023) instead of 204.
	PatchAnswersBody bool
	// LastDefaultStays: the default second factor cannot be deleted even when it is the last
	// one (wording of 2022) instead of being deletable once nothing else is left (2021).
	LastDefaultStays bool
	// NoDefaultByItself: the first second factor of a person does not become the default, so
	// that it can be deleted, instead of becoming it.
	NoDefaultByItself bool
	// NumberWithoutSpace: "+14255550142" is accepted as it is, instead of refused for the
	// missing space after the country code.
	NumberWithoutSpace bool
	// NumberOnce: the same number as phone and alternate phone is refused, instead of stored.
	NumberOnce bool
	// PhoneDates: phones and emails carry createdDateTime, instead of null.
	PhoneDates bool
	// PhonePolicyOff: a phone cannot be written (403) because the policy allows neither texts
	// nor calls, instead of being stored whatever the policy says.
	PhonePolicyOff bool
	// DuplicateIsConflict: a second phone of a type answers 409, instead of 400.
	DuplicateIsConflict bool
	// MissingIsBadRequest: an unknown method id answers 400, instead of 404.
	MissingIsBadRequest bool
	// RefusalCode is the error code of a 403 on methods; "" is accessDenied.
	RefusalCode string
	// SelfWrite: a person may write their own phone and email with a delegated token that is
	// at most ten minutes old and strong (announced January 2026), instead of 403.
	SelfWrite bool
	// SelfDeleteRefused: a delegated DELETE of one's own phone answers 403, instead of 204.
	SelfDeleteRefused bool
	// Unmasked: an Authentication Administrator sees whole numbers, instead of masked ones.
	Unmasked bool
	// MaskedForApps: applications see masked numbers, instead of whole ones.
	MaskedForApps bool
	// NoLastUsed: a sign-in leaves no lastUsedDateTime on the method (beta).
	NoLastUsed bool
	// LogDelay is for how long a change of a method does not show in the audit log.
	LogDelay time.Duration
	// LogNamesNothing: entries of the audit log do not say which kind of method they are about,
	// instead of naming it.
	LogNamesNothing bool
	// LogNeedsDirectory: an app reads the audit log only with Directory.Read.All beside
	// AuditLog.Read.All (the page of the list), instead of with AuditLog.Read.All alone
	// (the permissions reference).
	LogNeedsDirectory bool
	// CastsWithoutCount: a list is cast to one type without the header ConsistencyLevel and
	// $count too, instead of being refused, as the documents have it.
	CastsWithoutCount bool
	// NoEligibleRoles: the tenant has no licence for roles that may be activated, and refuses
	// to list them (400).
	NoEligibleRoles bool
	// MethodCalls is how many calls on methods an app may make per MethodWindow; 0 is 5,
	// negative is any number.
	MethodCalls int
	// MethodWindow is the span of MethodCalls, by the tenant's clock; 0 is ten seconds.
	MethodWindow time.Duration
	// ReadLag is for how long after each write reads through Graph show the value before.
	ReadLag time.Duration
}
