package graph

import (
	"context"
	"encoding/json"
	"strings"

	"rekey/internal/directory"
)

var _ directory.PolicyReader = (*Client)(nil)

// Policy reads the tenant's authentication-method policy. It is not charged to the budget:
// Graph counts policies apart from authentication methods. The permission for it,
// Policy.Read.AuthenticationMethod, is optional; without it the fault is Forbidden.
func (c *Client) Policy(ctx context.Context) (policy directory.Policy, err error) {
	err = c.call(ctx, operation{name: "read policy"}, func(ctx context.Context) error {
		text, err := c.plain(ctx, resource{path: "/policies/authenticationMethodsPolicy"})
		if err != nil {
			return err
		}
		policy, err = translatePolicy(text)
		return err
	})
	return policy, err
}

// policyAnswer is what is read of Graph's authenticationMethodsPolicy.
type policyAnswer struct {
	Migration string          `json:"policyMigrationState"`
	Next      string          `json:"authenticationMethodConfigurations@odata.nextLink"`
	Rules     []configuration `json:"authenticationMethodConfigurations"`
}

// configuration is one entry of the policy.
type configuration struct {
	Type    string    `json:"@odata.type"`
	State   string    `json:"state"`
	Include []target  `json:"includeTargets"`
	Exclude *[]target `json:"excludeTargets"`
	Office  *bool     `json:"isOfficePhoneAllowed"` // of Voice
}

type target struct {
	ID string `json:"id"`
}

// translatePolicy puts the answer into our words. A list of pages would be an incomplete
// one: Graph documents none here.
func translatePolicy(text []byte) (directory.Policy, error) {
	var a policyAnswer
	if err := json.Unmarshal(text, &a); err != nil || a.Rules == nil || a.Next != "" {
		return directory.Policy{}, errOdd
	}
	p := directory.Policy{Known: true, Rules: map[directory.Rule]directory.State{}}
	for _, c := range a.Rules {
		rule := ruleOf(c.Type)
		if rule == "" {
			continue
		}
		p.Rules[rule] = merge(p.Rules, rule, c.state())
		if rule == directory.RuleCall {
			p.Rules[directory.RuleOfficeCall] = merge(p.Rules, directory.RuleOfficeCall, c.office())
		}
	}
	if a.Migration != "migrationComplete" {
		forgetLegacy(p.Rules)
	}
	return p, nil
}

// ruleOf maps the types of entries, and everything else to "". The type is what the
// schema names; the ids are spelled in several ways.
func ruleOf(odataType string) directory.Rule {
	switch strings.TrimSuffix(strings.TrimPrefix(odataType, typePrefix), "AuthenticationMethodConfiguration") {
	case "sms":
		return directory.RuleText
	case "voice":
		return directory.RuleCall
	case "email":
		return directory.RuleEmail
	case "fido2":
		return directory.RulePasskey
	case "microsoftAuthenticator":
		return directory.RuleAuthenticator
	case "temporaryAccessPass":
		return directory.RulePass
	case "softwareOath":
		return directory.RuleCodeApp
	case "hardwareOath":
		return directory.RuleHardwareToken
	case "external":
		return directory.RuleExternal
	case "qrCodePin":
		return directory.RuleQRCode
	}
	return ""
}

// state says for whom the entry holds. Everybody means the target all_users and nobody
// excluded; what the answer leaves out is not read as everybody.
func (c configuration) state() directory.State {
	switch c.State {
	case "disabled":
		return directory.Off
	case "enabled":
		if len(c.Include) == 1 && c.Include[0].ID == "all_users" && c.Exclude != nil && len(*c.Exclude) == 0 {
			return directory.On
		}
		return directory.Some
	}
	return directory.Unstated
}

// office says for whom calls to office phones are on, which is a switch within Voice.
func (c configuration) office() directory.State {
	switch state := c.state(); {
	case state == directory.Off:
		return directory.Off
	case c.Office == nil:
		return directory.Unstated
	case !*c.Office:
		return directory.Off
	default:
		return state
	}
}

// merge joins an entry with an earlier one of the same rule, as external providers have
// one each: where they differ, it is some people or some methods.
func merge(rules map[directory.Rule]directory.State, rule directory.Rule, state directory.State) directory.State {
	if before, ok := rules[rule]; ok && before != state {
		return directory.Some
	}
	return state
}

// forgetLegacy takes back what the policy refuses, of the methods that the older policies
// of the tenant may allow all the same: both hold until the migration is complete.
// Source: "How to migrate MFA and SSPR policy settings to the Authentication methods
// policy" in Microsoft's documentation.
func forgetLegacy(rules map[directory.Rule]directory.State) {
	for _, rule := range []directory.Rule{directory.RuleText, directory.RuleCall, directory.RuleOfficeCall, directory.RuleEmail,
		directory.RuleAuthenticator, directory.RuleCodeApp, directory.RuleHardwareToken} {
		if rules[rule] == directory.Off {
			rules[rule] = directory.Unstated
		}
	}
}
