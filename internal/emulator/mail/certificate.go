package mail

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"time"

	"rekey/internal/emulator/tenant"
)

// kept is what was kept of the server, as it is used.
type kept struct{ tenant.MailService }

// keep returns what was kept of the server; what was never drawn is drawn and kept now.
func keep(t *tenant.Tenant) (kept, error) {
	if m := t.Services().Mail; m.Password != "" && len(m.Certificate) > 0 {
		return kept{m}, nil
	}
	certificate, key, err := newCertificate()
	if err != nil {
		return kept{}, fmt.Errorf("mail: %w", err)
	}
	m := tenant.MailService{
		User: "rekey-" + base64.RawURLEncoding.EncodeToString(t.Random(6)), Password: base64.RawURLEncoding.EncodeToString(t.Random(24)),
		Certificate: certificate, Key: key,
	}
	return kept{m}, t.KeepServices(func(s *tenant.Services) { s.Mail = m })
}

// newCertificate makes a certificate that is its own authority, as DER, and its key.
func newCertificate() (certificate, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "Mail of " + tenant.Domain},
		// From the epoch on: whoever checks may use the demo's clock, which may be anywhere.
		NotBefore: time.Unix(0, 0), NotAfter: time.Date(2099, 12, 31, 0, 0, 0, 0, time.UTC),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, IsCA: true,
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.ParseIP(Host)},
	}
	if certificate, err = x509.CreateCertificate(rand.Reader, template, template, private.Public(), private); err != nil {
		return nil, nil, err
	}
	key, err = x509.MarshalPKCS8PrivateKey(private)
	return certificate, key, err
}

// pair returns the certificate for the server and the roots for its clients.
func (k kept) pair() (tls.Certificate, *x509.CertPool, error) {
	private, err := x509.ParsePKCS8PrivateKey(k.Key)
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("mail: the kept key is damaged: %w", err)
	}
	leaf, err := x509.ParseCertificate(k.Certificate)
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("mail: the kept certificate is damaged: %w", err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{k.Certificate}, PrivateKey: private, Leaf: leaf}, roots, nil
}

func certificatePEM(der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}
