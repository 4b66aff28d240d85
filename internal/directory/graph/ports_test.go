package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"rekey/internal/directory"
	"rekey/internal/fault"
	"rekey/internal/limit"
	"rekey/internal/tx"
)

const (
	groupsAdministrator = "fdd7a751-b60b-444a-984c-02652fe8fa1c"
	rolesPath           = "/v1.0/users/" + aliceID + "/transitiveMemberOf/microsoft.graph.directoryRole"
	assignedPath        = "/v1.0/roleManagement/directory/roleAssignments"
	eligiblePath        = "/v1.0/roleManagement/directory/roleEligibilityScheduleInstances"
	groupsPath          = "/v1.0/users/" + aliceID + "/transitiveMemberOf/microsoft.graph.group"
)

// byPath answers by path and query, and everything else with an empty list.
func byPath(texts map[string]string) func(*http.Request) (*http.Response, error) {
	return func(req *http.Request) (*http.Response, error) {
		for _, key := range []string{req.URL.Path + "?" + req.URL.RawQuery, req.URL.Path} {
			if text, ok := texts[key]; ok && strings.HasPrefix(text, "{") {
				return reply(200, text), nil
			} else if ok {
				status, body, _ := strings.Cut(text, " ")
				return reply(map[string]int{"400": 400, "403": 403, "404": 404, "429": 429, "503": 503}[status], body), nil
			}
		}
		return reply(200, `{"value":[]}`), nil
	}
}

// paths are what was asked for, in order.
func (r rig) paths() []string {
	var out []string
	for _, req := range r.graph.seen {
		out = append(out, req.URL.Path)
	}
	return out
}

// everyNew is each call of the reset's ports that Graph is asked for.
func everyNew(r rig, ctx context.Context) map[string]error {
	_, _, find := r.Find(ctx, "alice@example.org")
	_, standing := r.Administrator(ctx, person(aliceID))
	_, holds := r.HoldsRole(ctx, person(aliceID))
	_, allowed := r.ResetAllowed(ctx)
	_, changed := r.ChangedContacts(ctx, person(aliceID), testNow)
	_, may := r.MaySetPasswords(ctx)
	_, holders := r.Holders(ctx, directory.GlobalAdministrator)
	return map[string]error{"Find": find, "Administrator": standing, "HoldsRole": holds, "ResetAllowed": allowed, "ChangedContacts": changed,
		"MaySetPasswords": may, "Holders": holders, "SetPassword": r.SetPassword(ctx, person(aliceID), "Canary-7-Canary")}
}

func TestReset_NothingIsAskedInsideATransaction(t *testing.T) {
	r := newRig(t, nil)
	for name, err := range everyNew(r, tx.With(t.Context(), 1)) {
		if !errors.Is(err, tx.ErrOpen) {
			t.Errorf("%s inside a transaction = %v, want it refused", name, err)
		}
	}
	if len(r.graph.seen) != 0 {
		t.Errorf("%d requests inside a transaction, want none", len(r.graph.seen))
	}
}

func TestFind_OneUserName(t *testing.T) {
	for _, user := range []string{"alice@example.org", "Alice@Example.ORG", "ana_example.net#EXT#@example.org", "o'brien@example.org", "50%@example.org", strings.Repeat("é", 101) + "@example.org"} {
		r := newRig(t, nil)
		r.graph.answer = answers(200, map[string]any{"id": strings.ToUpper(aliceID), "userPrincipalName": strings.ToLower(user), "displayName": "Alice",
			"mail": "a@example.org", "accountEnabled": true, "userType": "Guest", "onPremisesSyncEnabled": true})
		id, account, err := r.Find(t.Context(), user)
		want := directory.Account{DisplayName: "Alice", UserPrincipalName: strings.ToLower(user), Mail: "a@example.org", Enabled: true, Guest: true, OnPremisesSynced: true}
		if err != nil || id != person(aliceID) || account != want {
			t.Errorf("Find(%q) = %v, %+v, %v, want %v, %+v", user, id, account, err, person(aliceID), want)
		}
		if req := r.graph.seen[0]; len(r.graph.seen) != 1 || req.Method != "GET" || req.URL.Path != "/v1.0/users/"+user || strings.Count(req.URL.EscapedPath(), "/") != 3 || req.URL.Fragment != "" {
			t.Errorf("Find(%q) asked %s %q, want the one person in one segment", user, req.Method, req.URL)
		}
	}
}

// What is no user name never becomes an address.
func TestFind_RST8_WhatIsNoUserName(t *testing.T) {
	r := newRig(t, nil)
	for _, user := range []string{"", "alice", "@", "@example.org", "alice@", "alice@example.org@example.net", "alice@example.org,bob@example.org", "alice@example.org;bob", "alice @example.org",
		"alice@example.org/authentication", `alice\@example.org`, "../me@example.org", "alice@example.org?$select=id", "alice@example.org\n", "alice@example.org\x00",
		"alice\u00a0@example.org", "<alice@example.org>", `"alice"@example.org`, aliceID, "$filter@example.org", strings.Repeat("é", 102) + "@example.org"} {
		if _, _, err := r.Find(t.Context(), user); !fault.Is(err, fault.NotFound) {
			t.Errorf("Find(%q) = %v, want not found", user, err)
		}
	}
	if len(r.graph.seen) != 0 {
		t.Errorf("%d requests for what is no user name, want none", len(r.graph.seen))
	}
}

// Graph takes ids and other spellings where it takes a user name: they are nobody's name.
func TestFind_SomebodyElse(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(*http.Request) (*http.Response, error)
		want   fault.Kind
	}{
		"another name":     {answers(200, map[string]any{"id": aliceID, "userPrincipalName": "bob@example.org", "accountEnabled": true}), fault.NotFound},
		"no name":          {answers(200, map[string]any{"id": aliceID, "accountEnabled": true}), fault.NotFound},
		"nobody":           {answers(404, ""), fault.NotFound},
		"no id":            {answers(200, map[string]any{"userPrincipalName": "alice@example.org", "accountEnabled": true}), fault.Unavailable},
		"an id that isn't": {answers(200, map[string]any{"id": "me", "userPrincipalName": "alice@example.org", "accountEnabled": true}), fault.Unavailable},
		"not all readable": {answers(200, map[string]any{"id": aliceID, "userPrincipalName": "alice@example.org"}), fault.Forbidden},
		"busy":             {answers(429, ""), fault.Limited},
	} {
		r := newRig(t, nil)
		r.graph.answer = c.answer
		id, _, err := r.Find(t.Context(), "alice@example.org")
		if !fault.Is(err, c.want) || id.Object != "" && c.want != fault.Forbidden {
			t.Errorf("Find, %s = %v, %v, want %v and nobody", name, id, err, c.want)
		}
		if strings.Contains(fmt.Sprint(err, r.log), "example.org") {
			t.Errorf("Find, %s tells the name: %v %s", name, err, r.log)
		}
	}
}

func TestAdministrator_OneReasonIsEnough(t *testing.T) {
	all := []string{rolesPath, assignedPath, eligiblePath, groupsPath}
	for name, c := range map[string]struct {
		texts map[string]string
		want  directory.Roles
		asked int
		fault fault.Kind
	}{
		"none":                              {nil, directory.Roles{}, 4, none},
		"active role":                       {map[string]string{rolesPath: `{"value":[{"id":"x","roleTemplateId":"` + strings.ToUpper(groupsAdministrator) + `"}]}`}, directory.Roles{Held: []string{groupsAdministrator}}, 1, none},
		"a role whose name may not be read": {map[string]string{rolesPath: `{"value":[{"id":"x","roleTemplateId":null}]}`}, directory.Roles{Held: []string{""}}, 1, none},
		"role for a part": {map[string]string{assignedPath: `{"value":[{"roleDefinitionId":"` + groupsAdministrator + `","directoryScopeId":"/administrativeUnits/1"}]}`},
			directory.Roles{Held: []string{groupsAdministrator}}, 2, none},
		"may be activated":    {map[string]string{eligiblePath: `{"value":[{"roleDefinitionId":"` + groupsAdministrator + `"}]}`}, directory.Roles{Eligible: []string{groupsAdministrator}}, 3, none},
		"group with roles":    {map[string]string{groupsPath: `{"value":[{"id":"a","isAssignableToRole":null},{"id":"b","displayName":"B"},{"id":"c","isAssignableToRole":true}]}`}, directory.Roles{Groups: true}, 4, none},
		"groups without":      {map[string]string{groupsPath: `{"value":[{"id":"a","displayName":"A","isAssignableToRole":false},{"id":"hidden","displayName":null}]}`}, directory.Roles{}, 4, none},
		"groups not readable": {map[string]string{groupsPath: `{"value":[{"id":"a","displayName":null,"isAssignableToRole":null}]}`}, directory.Roles{}, 4, fault.Forbidden},
		"group on the next page": {map[string]string{groupsPath: `{"value":[{"id":"a"}],"@odata.nextLink":"https://graph.microsoft.com/v1.0/more?$skiptoken=2"}`,
			"/v1.0/more": `{"value":[{"id":"c","isAssignableToRole":true}]}`}, directory.Roles{Groups: true}, 5, none},
		"no licence for eligible roles": {map[string]string{eligiblePath: "400 canary"}, directory.Roles{}, 4, none},
		"eligible roles not readable":   {map[string]string{eligiblePath: "403 canary"}, directory.Roles{}, 3, fault.Forbidden},
		"roles not readable":            {map[string]string{rolesPath: "403 canary"}, directory.Roles{}, 1, fault.Forbidden},
		"a 400 elsewhere is no answer":  {map[string]string{assignedPath: "400 canary"}, directory.Roles{}, 2, fault.Unavailable},
		"groups down":                   {map[string]string{groupsPath: "503 canary"}, directory.Roles{}, 4, fault.Unavailable},
		"not there":                     {map[string]string{rolesPath: "404 canary"}, directory.Roles{}, 1, fault.NotFound},
		"nonsense is nobody's role":     {map[string]string{rolesPath: `{"value":[null]}`}, directory.Roles{}, 1, fault.Unavailable},
	} {
		r := newRig(t, nil)
		r.graph.answer = byPath(c.texts)
		got, err := r.Administrator(t.Context(), person(aliceID))
		if f := fault.As(err); (err == nil) != (c.fault == none) || f != nil && f.Kind != c.fault || err == nil && !reflect.DeepEqual(got, c.want) {
			t.Errorf("Administrator, %s = %+v, %v, want %+v, %v", name, got, err, c.want, c.fault)
		}
		if asked := r.paths(); len(asked) != c.asked || !slices.Equal(asked[:min(c.asked, 4)], all[:min(c.asked, 4)]) {
			t.Errorf("Administrator, %s asked %q, want %d of %q", name, asked, c.asked, all)
		}
	}
}

// Each question is about this person alone, and asks for no more than is looked at.
func TestAdministrator_AsksForOnePerson(t *testing.T) {
	r := newRig(t, nil)
	r.graph.answer = byPath(nil)
	if _, err := r.Administrator(t.Context(), person(aliceID)); err != nil {
		t.Fatal(err)
	}
	principal := "principalId eq '" + aliceID + "'"
	for i, want := range []map[string]string{{"$select": "id,roleTemplateId", "$count": "true"}, {"$filter": principal}, {"$filter": principal},
		{"$select": "id,displayName,isAssignableToRole", "$top": "999", "$count": "true"}} {
		query := r.graph.seen[i].URL.Query()
		if level := r.graph.seen[i].Header.Get("ConsistencyLevel"); (level == "eventual") != (want["$count"] != "") {
			t.Errorf("%s asked with ConsistencyLevel %q", r.graph.seen[i].URL.Path, level)
		}
		for name, value := range want {
			if query.Get(name) != value || len(query) != len(want) {
				t.Errorf("%s asked with %v, want %v", r.graph.seen[i].URL.Path, query, want)
			}
		}
	}
	if _, err := r.Administrator(t.Context(), person("x' or 'a' eq 'a")); !fault.Is(err, fault.Internal) || len(r.graph.seen) != 4 {
		t.Errorf("Administrator of no id = %v after %d requests, want refused before any", err, len(r.graph.seen)-4)
	}
}

// A list that never ends says nothing about who is not in it.
func TestAdministrator_MoreGroupsThanCanBeRead(t *testing.T) {
	r := newRig(t, nil)
	r.graph.answer = byPath(map[string]string{groupsPath: `{"value":[{"id":"a"}],"@odata.nextLink":"https://graph.microsoft.com` + groupsPath + `?$skiptoken=2"}`})
	if got, err := r.Administrator(t.Context(), person(aliceID)); !fault.Is(err, fault.Unavailable) || got.Any() || len(r.graph.seen) != 3+mostPages {
		t.Errorf("Administrator of endless groups = %+v, %v after %d requests, want unavailable after %d", got, err, len(r.graph.seen), 3+mostPages)
	}
	for _, req := range r.graph.seen[3:] {
		if req.Header.Get("ConsistencyLevel") != "eventual" {
			t.Errorf("a page of groups was asked for without the header of the first")
		}
	}
}

func TestResetAllowed(t *testing.T) {
	for text, want := range map[string]any{`{"id":"authorizationPolicy","allowedToUseSSPR":true}`: true, `{"allowedToUseSSPR":false}`: false,
		`{}`: nil, `{"allowedToUseSSPR":null}`: nil, `{"allowedToUseSSPR":"true"}`: nil} {
		r := newRig(t, nil)
		r.graph.answer = answers(200, text)
		got, err := r.ResetAllowed(t.Context())
		if want == nil && (!fault.Is(err, fault.Unavailable) || got) || want != nil && (err != nil || got != want) {
			t.Errorf("ResetAllowed of %s = %v, %v, want %v", text, got, err, want)
		}
		if r.paths()[0] != "/v1.0/policies/authorizationPolicy" {
			t.Errorf("ResetAllowed asked %q", r.paths())
		}
	}
}

func TestSetPassword_WritesIt(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Budget = newDesk(t, &limit.Local{}, BudgetConfig{Count: 1}).Budget })
	r.graph.answer = answers(204, "")
	const password = "C0rrect \"horse\" <battery> ünïcode"
	for range 2 { // Graph counts users apart from methods: no place is needed
		if err := r.SetPassword(t.Context(), person(aliceID), password); err != nil {
			t.Errorf("SetPassword = %v", err)
		}
	}
	var body struct {
		Profile map[string]any `json:"passwordProfile"`
	}
	if err := json.Unmarshal([]byte(r.graph.bodies[0]), &body); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"password": password, "forceChangePasswordNextSignIn": false}
	if req := r.graph.seen[0]; req.Method != "PATCH" || req.URL.String() != "https://graph.microsoft.com/v1.0/users/"+aliceID || !reflect.DeepEqual(body.Profile, want) {
		t.Errorf("SetPassword sent %s %s %v, want a PATCH of the person with %v", req.Method, req.URL, body.Profile, want)
	}
	var other map[string]any
	if err := json.Unmarshal([]byte(r.graph.bodies[0]), &other); err != nil {
		t.Fatal(err)
	}
	for name := range other {
		if name != "passwordProfile" && name != "@odata.type" {
			t.Errorf("SetPassword writes %s as well", name)
		}
	}
}

// A password is refused by the status and never by words; it is in no error and no log.
func TestSetPassword_UglyAnswers_RST11(t *testing.T) {
	const password = "Sesame-Open-7-canary"
	for name, c := range uglyAnswers() {
		r := newRig(t, nil)
		r.graph.answer = c.answer
		err := r.SetPassword(t.Context(), person(aliceID), password)
		if !matches(err, c.write, c.until) {
			t.Errorf("SetPassword, %s = %v, want %v until %v", name, err, c.write, c.until)
		}
		if f := fault.As(err); f != nil && f.Kind == fault.Invalid && f.Key != "password.refused" {
			t.Errorf("SetPassword, %s has key %q, want password.refused", name, f.Key)
		}
		most := 1
		if strings.HasPrefix(name, "401") {
			most = 2
		}
		if len(r.graph.seen) != most {
			t.Errorf("SetPassword, %s: %d requests, want %d", name, len(r.graph.seen), most)
		}
		for _, secret := range []string{"Sesame", "canary", "t1", "t2", aliceID} {
			if told := fmt.Sprintf("%v %+v %s", err, err, r.log); strings.Contains(told, secret) {
				t.Errorf("SetPassword, %s tells %q: %s", name, secret, told)
			}
		}
	}
}

func TestMaySetPasswords(t *testing.T) {
	const app = "cccccccc-0000-4000-8000-000000000003"
	for name, c := range map[string]struct {
		answer string
		want   bool
	}{
		"Privileged Authentication Administrator": {`{"value":[{"roleTemplateId":"` + strings.ToUpper(directory.PrivilegedAuthenticationAdministrator) + `"}]}`, true},
		"Global Administrator":                    {`{"value":[{"roleTemplateId":"` + groupsAdministrator + `"},{"roleTemplateId":"` + directory.GlobalAdministrator + `"}]}`, true},
		"User Administrator":                      {`{"value":[{"roleTemplateId":"fe930be7-5e62-47db-91af-98c3a49a38b1"}]}`, false},
		"none":                                    {`{"value":[]}`, false},
		"unreadable":                              {`{"value":[{"roleTemplateId":null}]}`, false},
	} {
		r := newRig(t, func(conf *Config) { conf.App = strings.ToUpper(app) })
		r.graph.answer = answers(200, c.answer)
		if got, err := r.MaySetPasswords(t.Context()); err != nil || got != c.want {
			t.Errorf("MaySetPasswords, %s = %v, %v, want %v", name, got, err, c.want)
		}
		if want := "/v1.0/servicePrincipals(appId='" + app + "')/transitiveMemberOf/microsoft.graph.directoryRole"; r.paths()[0] != want {
			t.Errorf("MaySetPasswords asked %q, want %q", r.paths(), want)
		}
	}
}

func TestHolders_EachOnce(t *testing.T) {
	members := func(role string) string {
		return "/v1.0/directoryRoles(roleTemplateId='" + role + "')/members"
	}
	r := newRig(t, nil)
	r.graph.answer = byPath(map[string]string{
		members(directory.GlobalAdministrator): `{"value":[{"@odata.type":"#microsoft.graph.user","id":"` + strings.ToUpper(aliceID) + `","displayName":"Alice","userPrincipalName":"alice@example.org","mail":"a@example.org","accountEnabled":true}],
			"@odata.nextLink":"https://graph.microsoft.com/v1.0/more"}`,
		"/v1.0/more": `{"value":[{"@odata.type":"#microsoft.graph.user","id":"` + bobID + `","displayName":"Bob","accountEnabled":false},
			{"@odata.type":"#microsoft.graph.user","id":"no id"},{"@odata.type":"#microsoft.graph.servicePrincipal","id":"cccccccc-0000-4000-8000-000000000003","displayName":"Rekey reset"}]}`,
		members(directory.PrivilegedAuthenticationAdministrator): `{"value":[{"@odata.type":"#microsoft.graph.user","id":"` + aliceID + `","displayName":"Alice again"}]}`,
		members(groupsAdministrator):                             "404 canary",
	})
	got, err := r.Holders(t.Context(), groupsAdministrator, directory.GlobalAdministrator, directory.PrivilegedAuthenticationAdministrator)
	want := []directory.Colleague{
		{Person: person(aliceID), Account: directory.Account{DisplayName: "Alice", UserPrincipalName: "alice@example.org", Mail: "a@example.org", Enabled: true}},
		{Person: person(bobID), Account: directory.Account{DisplayName: "Bob"}},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("Holders = %+v, %v, want %+v", got, err, want)
	}
	r.graph.answer = byPath(map[string]string{members(directory.GlobalAdministrator): "503 canary"})
	if got, err := r.Holders(t.Context(), directory.PrivilegedAuthenticationAdministrator, directory.GlobalAdministrator); !fault.Is(err, fault.Unavailable) || got != nil {
		t.Errorf("Holders of which some cannot be read = %v, %v, want unavailable", got, err)
	}
}

func TestReset_ListsOfUglyAnswers(t *testing.T) {
	for name, c := range uglyAnswers() {
		want := c.read
		switch name {
		case "200 no content type":
			want = none // it is a list all the same
		case "200 item a text":
			want = fault.Unavailable
		case "200 wrong property type", "200 type not a text":
			continue // what is not looked at may be anything
		}
		for call, do := range map[string]func(rig) error{
			"HoldsRole":       func(r rig) error { _, err := r.HoldsRole(t.Context(), person(aliceID)); return err },
			"ChangedContacts": func(r rig) error { _, err := r.ChangedContacts(t.Context(), person(aliceID), testNow); return err },
			"MaySetPasswords": func(r rig) error { _, err := r.MaySetPasswords(t.Context()); return err },
			"Holders":         func(r rig) error { _, err := r.Holders(t.Context(), directory.GlobalAdministrator); return err },
		} {
			r := newRig(t, nil)
			r.graph.answer = c.answer
			want := want
			if call == "Holders" && want == fault.NotFound {
				want = none // a role that nobody was ever given
			}
			err := do(r)
			if !matches(err, want, c.until) {
				t.Errorf("%s, %s = %v, want %v until %v", call, name, err, want, c.until)
			}
			if told := fmt.Sprintf("%v %s", err, r.log); strings.Contains(told, "canary") || strings.Contains(told, "t1") || strings.Contains(told, aliceID) {
				t.Errorf("%s, %s tells a secret: %s", call, name, told)
			}
			for _, req := range r.graph.seen {
				if req.URL.Host != "graph.microsoft.com" {
					t.Errorf("%s, %s went to %s", call, name, req.URL.Host)
				}
			}
		}
	}
}

// entryOf is an entry of Entra's log.
func entryOf(at time.Time, activity, reason string) string {
	return fmt.Sprintf(`{"activityDateTime":%q,"activityDisplayName":%q,"resultReason":%q,"loggedByService":"Authentication Methods"}`, at.Format(time.RFC3339Nano), activity, reason)
}

// The reasons are those that public code and pages quote from real logs; Microsoft's
// documents say of them only that they name the method.
func TestChangedContacts_WhatTheLogNames(t *testing.T) {
	const phone, alternate, mail = directory.Phone, directory.AlternatePhone, directory.Email
	for _, c := range []struct {
		activity, reason string
		want             []directory.Kind
	}{
		{"User registered security info", "User registered Mobile Phone SMS", []directory.Kind{phone, alternate}},
		{"User deleted security info", "User deleted Mobile Phone Call and SMS", []directory.Kind{phone, alternate}},
		{"Admin updated security info", "Admin changed phone method for user", []directory.Kind{phone, alternate}},
		{"Admin registered security info", "Admin registered phone method for user", []directory.Kind{phone, alternate}},
		{"User registered security info", "User registered Alternate Mobile Phone Call", []directory.Kind{alternate}},
		{"User registered security info", "User registered Email", []directory.Kind{mail}},
		{"Admin deleted security info", "Admin deleted email method for user", []directory.Kind{mail}},
		{"User registered security info", "User registered Authenticator App with Notification and Code", nil},
		{"User deleted security info", "User deleted Authenticator App with Code", nil},
		{"User registered security info", "User registered Fido", nil},
		{"Admin registered security info", "Admin registered temporary access pass method for user", nil},
		{"User deleted security info", "User deleted App Password", nil},
		{"User registered security info", "User registered Windows Hello for Business", nil},
		{"User registered security info", "User registered Software OATH token", nil},
		{"User registered security info", "", []directory.Kind{phone, alternate, mail}},
		{"Admin updated security info", "User registered something quite new", []directory.Kind{phone, alternate, mail}},
		{"User updated security info", "Update", []directory.Kind{phone, alternate, mail}},
		{"ADMIN DELETED SECURITY INFO", "ADMIN DELETED EMAIL METHOD FOR USER", []directory.Kind{mail}},
		{"User registered all required security info", "User registered all required security info", nil},
		{"User reviewed security info", "User reviewed Mobile Phone", nil},
		{"User changed default security info", "User changed the default to Mobile Phone Call", nil},
		{"User started security info registration", "User started the registration for Mobile Phone SMS", nil},
		{"Admin started password reset", "", nil},
	} {
		r := newRig(t, nil)
		at := testNow.Add(-5 * time.Hour)
		r.graph.answer = answers(200, `{"value":[`+entryOf(at, c.activity, c.reason)+`]}`)
		got, err := r.ChangedContacts(t.Context(), person(aliceID), testNow.Add(-72*time.Hour))
		if err != nil || len(got) != len(c.want) {
			t.Errorf("ChangedContacts of %q, %q = %v, %v, want %v", c.activity, c.reason, got, err, c.want)
		}
		for _, kind := range c.want {
			if !got[kind].Equal(at) {
				t.Errorf("ChangedContacts of %q, %q: %s at %v, want %v", c.activity, c.reason, kind, got[kind], at)
			}
		}
	}
}

func TestChangedContacts_AsksAndReadsAllPages(t *testing.T) {
	r := newRig(t, nil)
	since, newer, older := testNow.Add(-72*time.Hour), testNow.Add(-time.Hour), testNow.Add(-2*time.Hour)
	const path = "/v1.0/auditLogs/directoryAudits"
	r.graph.answer = byPath(map[string]string{
		path: `{"value":[` + entryOf(older, "Admin updated security info", "Admin changed email method for user") + `],"@odata.nextLink":"https://graph.microsoft.com/v1.0/more?$skiptoken=a%20b"}`,
		"/v1.0/more?$skiptoken=a%20b": `{"value":[` + entryOf(newer, "Admin updated security info", "Admin changed email method for user") + "," +
			entryOf(older.Add(-time.Hour), "Admin updated security info", "Admin changed email method for user") + `]}`,
	})
	got, err := r.ChangedContacts(t.Context(), person(aliceID), since)
	if err != nil || len(got) != 1 || !got[directory.Email].Equal(newer) {
		t.Errorf("ChangedContacts = %v, %v, want the email at %v", got, err, newer)
	}
	query := r.graph.seen[0].URL.Query()
	if want := "activityDateTime ge 2027-01-12T09:30:00Z and loggedByService eq 'Authentication Methods' and targetResources/any(t: t/id eq '" + aliceID + "')"; query.Get("$filter") != want ||
		r.graph.seen[0].URL.Path != path || len(r.graph.seen) != 2 {
		t.Errorf("ChangedContacts asked %q with %q, want one filter %q and two pages", r.paths(), query, want)
	}
}

// What cannot be read to its end counts for every contact, at this moment.
func TestChangedContacts_MoreThanCanBeRead(t *testing.T) {
	r := newRig(t, nil)
	r.graph.answer = byPath(map[string]string{"/v1.0/auditLogs/directoryAudits": `{"value":[],"@odata.nextLink":"https://graph.microsoft.com/v1.0/auditLogs/directoryAudits?$skiptoken=2"}`})
	got, err := r.ChangedContacts(t.Context(), person(aliceID), testNow.Add(-72*time.Hour))
	if err != nil || len(got) != 3 || !got[directory.Phone].Equal(testNow) || !got[directory.AlternatePhone].Equal(testNow) || !got[directory.Email].Equal(testNow) {
		t.Errorf("ChangedContacts of an endless log = %v, %v, want all three now", got, err)
	}
	if len(r.graph.seen) != mostPages {
		t.Errorf("ChangedContacts of an endless log took %d requests, want %d", len(r.graph.seen), mostPages)
	}
}

// The token goes to no other host, wherever a page says that the next one is.
func TestPages_TheNextOneIsAtGraph(t *testing.T) {
	for _, link := range []string{"https://elsewhere.example/canary", "http://graph.microsoft.com/v1.0/more", "https://graph.microsoft.com:8443/v1.0/more", "/v1.0/more", "::", "https://graph.microsoft.com@elsewhere.example/"} {
		r := newRig(t, nil)
		r.graph.answer = answers(200, map[string]any{"value": []any{}, "@odata.nextLink": link})
		if _, err := r.HoldsRole(t.Context(), person(aliceID)); !fault.Is(err, fault.Unavailable) || len(r.graph.seen) != 1 {
			t.Errorf("HoldsRole with the next page at %q = %v after %d requests, want unavailable after one", link, err, len(r.graph.seen))
		}
	}
}

// The log alone shares the small allowance of authentication methods.
func TestReset_OnlyTheLogIsCharged_AVL2(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Budget = newDesk(t, &limit.Local{}, BudgetConfig{Count: 1}).Budget })
	r.graph.answer = func(req *http.Request) (*http.Response, error) {
		if req.URL.Path == "/v1.0/users/alice@example.org" {
			return reply(200, map[string]any{"id": aliceID, "userPrincipalName": "alice@example.org", "accountEnabled": true}), nil
		}
		return byPath(map[string]string{"/v1.0/policies/authorizationPolicy": `{"allowedToUseSSPR":true}`})(req)
	}
	for range 2 {
		for name, err := range everyNew(r, t.Context()) {
			if err != nil && name != "ChangedContacts" {
				t.Errorf("%s = %v, want no place needed", name, err)
			}
		}
	}
	if _, err := r.ChangedContacts(t.Context(), person(aliceID), testNow); !fault.Is(err, fault.Limited) {
		t.Errorf("ChangedContacts beyond the budget = %v, want limited", err)
	}
}
