package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
)

// Door is a host that speaks TLS.
type Door struct {
	URL   string         // https, or http where no TLS is expected
	Roots *x509.CertPool // nil: those of this machine
}

// Host returns the host and port that Reach knocks at.
func (d Door) Host() (string, error) {
	u, err := url.Parse(d.URL)
	if err != nil || u.Hostname() == "" {
		return "", errors.New("the address makes no sense")
	}
	if u.Port() != "" {
		return u.Host, nil
	}
	return net.JoinHostPort(u.Hostname(), map[string]string{"https": "443", "http": "80"}[u.Scheme]), nil
}

// Proxied reports whether requests to the address go through a proxy of the environment.
func (d Door) Proxied() bool {
	u, err := url.Parse(d.URL)
	if err != nil {
		return false
	}
	proxy, err := http.ProxyFromEnvironment(&http.Request{URL: u})
	return err == nil && proxy != nil
}

// Reach connects, greets by TLS, checks the certificate, and hangs up.
func (d Door) Reach(ctx context.Context) error {
	host, err := d.Host()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*connectTime)
	defer cancel()
	conn, err := (&net.Dialer{Timeout: connectTime}).DialContext(ctx, "tcp", host)
	if err != nil {
		return reason(ctx, err)
	}
	defer conn.Close()
	if u, err := url.Parse(d.URL); err != nil || u.Scheme != "https" {
		return err
	}
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		return err
	}
	if err := tls.Client(conn, &tls.Config{ServerName: name, RootCAs: d.Roots, MinVersion: tls.VersionTLS12}).HandshakeContext(ctx); err != nil {
		return fmt.Errorf("no TLS: %w", reason(ctx, err))
	}
	return nil
}
