package main

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// demoApp is an app registration of the demo's tenant: like in production it proves itself
// by a certificate (OID-6).
type demoApp struct {
	ID          string
	certificate *x509.Certificate
	key         *rsa.PrivateKey
}

func (a demoApp) chain() []*x509.Certificate { return []*x509.Certificate{a.certificate} }

// demoApps are the app registrations of the roles.
type demoApps struct{ Web, Worker, Reset demoApp }

// appNames are what they are called, in the order in which they are kept.
func appNames() []string { return []string{"Rekey web", "Rekey worker", "Rekey reset"} }

// Names of the PEM header that says which app a block belongs to.
const appHeader = "App-Id"

// newApps makes the app registrations of some names, as PEM.
func newApps(newID func() string, names ...string) ([]byte, error) {
	var out bytes.Buffer
	for _, name := range names {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return nil, err
		}
		// From the epoch on: the demo's clock may be anywhere.
		template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
			NotBefore: time.Unix(0, 0), NotAfter: time.Date(2099, 12, 31, 0, 0, 0, 0, time.UTC), KeyUsage: x509.KeyUsageDigitalSignature}
		der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
		if err != nil {
			return nil, err
		}
		header := map[string]string{appHeader: newID()}
		_ = pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Headers: header, Bytes: der})
		_ = pem.Encode(&out, &pem.Block{Type: "RSA PRIVATE KEY", Headers: header, Bytes: x509.MarshalPKCS1PrivateKey(key)})
	}
	return out.Bytes(), nil
}

// parseApps reads what newApps made.
func parseApps(data []byte) (demoApps, error) {
	var found []demoApp
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			cert, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return demoApps{}, fmt.Errorf("the demo's app registrations cannot be read: %w", err)
			}
			found = append(found, demoApp{ID: block.Headers[appHeader], certificate: cert})
			continue
		}
		key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
		if err != nil || len(found) == 0 {
			return demoApps{}, errors.New("the demo's app registrations cannot be read")
		}
		found[len(found)-1].key = key
	}
	for _, a := range found {
		if a.key == nil {
			found = nil
		}
	}
	if len(found) != len(appNames()) {
		return demoApps{}, errors.New("the demo's app registrations are not complete: remove the file, and the demo makes new ones")
	}
	return demoApps{Web: found[0], Worker: found[1], Reset: found[2]}, nil
}
