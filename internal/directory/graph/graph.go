// Package graph reads and writes the directory by Microsoft Graph. It is the only home
// of the Graph SDK, and every known trap of that SDK ends here: requests run through a
// middleware list of our own (the SDK's is in random order, follows redirects and repeats
// writes), an answer that is not a success never reaches the SDK (its error types panic
// when printed and lose the status), and no error of the SDK leaves this package.
//
// Writes are never repeated here. A 2xx is success whatever the body says; a line that
// breaks after the request was on its way is directory.ErrOutcomeUnknown.
//
// It leaves to others: who may change what, and repeating (contact, job); keeping what
// was read (directory.Snapshots).
package graph

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	abs "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoft/kiota-abstractions-go/serialization"
	khttp "github.com/microsoft/kiota-http-go"
	kjson "github.com/microsoft/kiota-serialization-json-go"
	core "github.com/microsoftgraph/msgraph-sdk-go-core"
	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"github.com/google/uuid"

	"rekey/internal/clock"
	"rekey/internal/directory"
)

// The SDK's version, as it tells Graph. It goes with go.mod.
const sdkVersion = "1.89.0"

// Limits of one call (AVL-1).
const (
	connectTime = 2 * time.Second
	callTime    = 10 * time.Second
)

// Tokens gives the application's access token for Graph. A token that Graph no longer
// takes is dropped, so that the next one is new.
type Tokens interface {
	Token(ctx context.Context) (string, error)
	Drop()
}

// Config is what a Client needs.
type Config struct {
	BaseURL   string            // "https://graph.microsoft.com/v1.0"
	Tenant    string            // GUID; people of other tenants are not found
	App       string            // client id of this app registration; for MaySetPasswords alone
	Transport http.RoundTripper // nil: the network, connecting within two seconds
	Tokens    Tokens
	Clock     clock.Clock
	Log       *slog.Logger
	Budget    *Budget // one for each app registration, shared by all clients of it
	// Class is how urgent the client's reads are; writes are Write whatever it says.
	Class Class
	// Applying marks the client of the worker: its reads serve writes. It means Class Write.
	Applying bool
}

// Client implements directory.Reader, directory.Writer and directory.Revoker. It is safe for concurrent use.
type Client struct {
	tenant string
	app    string
	tokens Tokens
	clock  clock.Clock
	log    *slog.Logger
	budget *Budget
	class  Class
	users  *users.UsersRequestBuilder
	beta   *users.UsersRequestBuilder // for what v1.0 does not have; read only
}

var (
	_ directory.Reader  = (*Client)(nil)
	_ directory.Writer  = (*Client)(nil)
	_ directory.Revoker = (*Client)(nil)
)

// New checks the configuration and returns a Client. It calls nobody; its error names
// every mistake.
func New(c Config) (*Client, error) {
	var wrong []error
	base, err := baseURL(c.BaseURL)
	if err != nil {
		wrong = append(wrong, err)
	}
	tenant := strings.ToLower(c.Tenant)
	if !guid(tenant) {
		wrong = append(wrong, fmt.Errorf("tenant %q is not a GUID", c.Tenant))
	}
	for name, missing := range map[string]bool{"tokens": c.Tokens == nil, "clock": c.Clock == nil, "log": c.Log == nil, "budget": c.Budget == nil} {
		if missing {
			wrong = append(wrong, errors.New(name+" missing"))
		}
	}
	if c.Class < Person || c.Class > Background {
		wrong = append(wrong, fmt.Errorf("class %d unknown", c.Class))
	}
	if len(wrong) > 0 {
		return nil, fmt.Errorf("graph: %w", errors.Join(wrong...))
	}
	if c.Transport == nil {
		c.Transport = network()
	}
	adapter, err := newAdapter(base, c.Transport, c.Tokens)
	if err != nil {
		return nil, fmt.Errorf("graph: %w", err)
	}
	beta := *base
	beta.Path = strings.TrimSuffix(base.Path, "/v1.0") + "/beta"
	betaAdapter, err := newAdapter(&beta, c.Transport, c.Tokens)
	if err != nil {
		return nil, fmt.Errorf("graph: %w", err)
	}
	if c.Applying {
		c.Class = Write
	}
	return &Client{tenant: tenant, app: strings.ToLower(c.App), tokens: c.Tokens, clock: c.Clock, log: c.Log, budget: c.Budget, class: c.Class,
		users: users.NewUsersRequestBuilderInternal(map[string]string{"baseurl": base.String()}, adapter),
		beta:  users.NewUsersRequestBuilderInternal(map[string]string{"baseurl": beta.String()}, betaAdapter)}, nil
}

// newAdapter wires the SDK without its root package: JSON alone, our middleware alone.
func newAdapter(base *url.URL, transport http.RoundTripper, tokens Tokens) (abs.RequestAdapter, error) {
	telemetry := core.NewGraphTelemetryHandler(&core.GraphClientOptions{GraphServiceVersion: "v1.0", GraphServiceLibraryVersion: sdkVersion})
	client := &http.Client{
		Transport: khttp.NewCustomTransportWithParentTransport(transport, telemetry, khttp.NewParametersNameDecodingHandler(), gate{base: base}),
		// A redirect could carry the token elsewhere, or repeat a write.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	reading, writing := serialization.NewParseNodeFactoryRegistry(), serialization.NewSerializationWriterFactoryRegistry()
	reading.ContentTypeAssociatedFactories["application/json"] = kjson.NewJsonParseNodeFactory()
	writing.ContentTypeAssociatedFactories["application/json"] = kjson.NewJsonSerializationWriterFactory()
	a, err := khttp.NewNetHttpRequestAdapterWithParseNodeFactoryAndSerializationWriterFactoryAndHttpClient(bearer{tokens}, reading, writing, client)
	if err != nil {
		return nil, err
	}
	a.SetBaseUrl(base.String())
	return a, nil
}

// baseURL reads the address of Graph: https, or http on this machine.
func baseURL(raw string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSuffix(raw, "/"))
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("base URL %q is not an address", raw)
	}
	local := u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1" || u.Hostname() == "::1"
	if u.Scheme != "https" && (u.Scheme != "http" || !local) {
		return nil, fmt.Errorf("base URL %q is neither https nor on this machine", raw)
	}
	return u, nil
}

// network is the way to the real Graph.
func network() http.RoundTripper {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DialContext = (&net.Dialer{Timeout: connectTime, KeepAlive: 30 * time.Second}).DialContext
	t.TLSHandshakeTimeout = connectTime
	return t
}

// guid reports whether s is a lower-case GUID in the usual spelling.
func guid(s string) bool {
	id, err := uuid.Parse(s)
	return err == nil && id.String() == s
}
