package graph

import (
	"context"
	"strings"
	"time"

	"rekey/internal/directory"
)

var _ directory.ContactHistory = (*Client)(nil)

// logEntry is what is read of an entry of Entra's audit log.
type logEntry struct {
	At       time.Time `json:"activityDateTime"`
	Activity string    `json:"activityDisplayName"`
	Reason   string    `json:"resultReason"`
}

// ChangedContacts reads from Entra's own log which contacts of a person may have changed
// since a time. The log shares its small allowance with authentication methods. Its entries
// come some minutes late, which is why our own record counts as well.
// Source: Graph, "List directoryAudits"; Microsoft Entra, audit activity reference.
func (c *Client) ChangedContacts(ctx context.Context, person directory.PersonID, since time.Time) (map[directory.Kind]time.Time, error) {
	if _, err := c.user(person); err != nil {
		return nil, err
	}
	changed := map[directory.Kind]time.Time{}
	add := func(at time.Time, kinds ...directory.Kind) {
		for _, k := range kinds {
			if at.After(changed[k]) {
				changed[k] = at.UTC()
			}
		}
	}
	filter := "activityDateTime ge " + since.UTC().Format(time.RFC3339) + " and loggedByService eq 'Authentication Methods'" +
		" and targetResources/any(t: t/id eq '" + person.Object + "')"
	whole, err := pages(ctx, c, operation{name: "read log of methods", charged: true}, resource{path: "/auditLogs/directoryAudits",
		query: map[string]string{"$filter": filter, "$top": "100"}},
		func(e logEntry) { add(e.At, e.kinds()...) })
	if err != nil {
		return nil, err
	}
	if !whole { // whatever the rest says
		add(c.clock.Now(), directory.Phone, directory.AlternatePhone, directory.Email)
	}
	return changed, nil
}

// kinds are the contacts that an entry may be about. Its reason names the method in words
// that are documented nowhere: what they do not tell counts for all.
func (e logEntry) kinds() []directory.Kind {
	activity, reason := strings.ToLower(e.Activity), strings.ToLower(e.Reason)
	changes := false
	for _, verb := range []string{"registered security info", "updated security info", "deleted security info"} {
		changes = changes || strings.Contains(activity, verb)
	}
	if !changes { // looked at, begun, broken off, another default, all that is required
		return nil
	}
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(reason, w) {
				return true
			}
		}
		return false
	}
	var kinds []directory.Kind
	switch {
	case has("alternate mobile", "alternate phone", "alternatemobile"):
		kinds = append(kinds, directory.AlternatePhone)
	case has("phone", "mobile", "sms", "text", "voice", "call"):
		kinds = append(kinds, directory.Phone, directory.AlternatePhone)
	}
	if has("mail") {
		kinds = append(kinds, directory.Email)
	}
	if len(kinds) == 0 && !has("authenticator", "passkey", "fido", "security key", "hello", "oath", "token", "access pass", "password", "certificate", "qr code") {
		return []directory.Kind{directory.Phone, directory.AlternatePhone, directory.Email}
	}
	return kinds
}
