package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"
)

func TestLoad_Certificates(t *testing.T) {
	certificate, key := pair(t, 2048)
	otherCertificate, _ := pair(t, 2048)
	shortCertificate, shortKey := pair(t, 1024)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, certificate, key, want string }{
		{"good pair", certificate, key, ""},
		{"one file for both", certificate + key, key, ""},
		{"swapped", key, certificate, "web.certificate_file"},
		{"another's key", otherCertificate, key, "web.key_file (rekey.yaml line 12): the key does not belong"},
		{"short key", shortCertificate, shortKey, "web.key_file (rekey.yaml line 12): the key is too short"},
		{"elliptic key", certificate, private(t, ec), "web.key_file (rekey.yaml line 12): the file cannot be read as an RSA"},
		{"no PEM", certificate, canary, "web.key_file (rekey.yaml line 12): the file cannot be read as an RSA"},
		{"broken certificate", strings.Replace(certificate, "MII", "AAA", 1), key, "web.certificate_file (rekey.yaml line 11): the file cannot be read"},
	} {
		w := newWorld(strings.Replace(good, "  secret: web-secret", "  certificate_file: /web.crt\n  key_file: /web.key", 1))
		w.files["/web.crt"], w.files["/web.key"] = c.certificate, c.key
		got := w.mistakes(t)
		if c.want != "" && (len(got) == 0 || !strings.HasPrefix(got[0], c.want)) || c.want == "" && len(got) > 0 {
			t.Errorf("Load with %s = %q, want %q", c.name, got, c.want)
		}
	}
	w := newWorld(strings.Replace(good, "  secret: web-secret", "  certificate_file: /web.crt\n  key_file: /web.key", 1))
	w.files["/web.crt"], w.files["/web.key"] = certificate, key
	c, err := w.load()
	if err != nil || len(c.Web.Certificates) != 1 || c.Web.PrivateKey == nil {
		t.Errorf("Load = %v with %d certificates, want one and its key", err, len(c.Web.Certificates))
	}
	if text := fmt.Sprintf("%v %+v %#v", c, c, c); strings.Contains(text, c.Web.PrivateKey.(*rsa.PrivateKey).D.String()) {
		t.Error("a printed configuration holds the private key")
	}
}

// pair makes a certificate and its key.
func pair(t *testing.T, bits int) (certificate, key string) {
	t.Helper()
	t.Setenv("GODEBUG", "rsa1024min=0")
	made, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "rekey"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &made.PublicKey, made)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), private(t, made)
}

func private(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}
