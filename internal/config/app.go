package config

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"slices"
)

// smallest is the shortest RSA key that is taken, in bits.
const smallest = 2048

// checkApp reads an app registration's certificate and key. A section that belongs to
// none of the process's roles may be empty.
func (l *loader) checkApp(section string, a *App) {
	if !l.guid(&a.ClientID) {
		l.complain(section+".client_id", "write the application id of the app registration, such as 00000000-0000-0000-0000-000000000000.")
	}
	files := a.CertificateFile != "" || a.KeyFile != ""
	switch {
	case files && a.Secret != "":
		l.complain(section+".secret", "keep either the secret or certificate_file and key_file.")
	case files && a.CertificateFile == "":
		l.complain(section+".certificate_file", "it is missing: name the certificate that belongs to key_file.")
	case files && a.KeyFile == "":
		l.complain(section+".key_file", "it is missing: name the private key that belongs to certificate_file.")
	case files:
		l.readCertificate(section, a)
	case a.Secret == "" && slices.Contains(l.roles, Role(section)):
		l.complain(section+".certificate_file", "it is missing: set it and key_file, or the secret of the app registration.")
	}
}

func (l *loader) readCertificate(section string, a *App) {
	certificates, ok := l.certificates(a.CertificateFile)
	if !ok {
		l.complain(section+".certificate_file", "the file cannot be read as a certificate in PEM: check its path, its rights and what it holds.")
	}
	key, keyOK := l.key(a.KeyFile)
	switch {
	case !keyOK:
		l.complain(section+".key_file", "the file cannot be read as an RSA private key in PEM without a password: check its path, its rights and what it holds.")
	case key.N.BitLen() < smallest:
		l.complain(section+".key_file", "the key is too short: make one of at least 2048 bits.")
	case ok && !key.PublicKey.Equal(certificates[0].PublicKey):
		l.complain(section+".key_file", "the key does not belong to the certificate: name the pair that was made together.")
	}
	if ok && keyOK {
		a.Certificates, a.PrivateKey = certificates, key
	}
}

// certificates reads the certificates of a file, the application's own first.
func (l *loader) certificates(path string) (found []*x509.Certificate, ok bool) {
	for _, block := range l.blocks(path) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, false
		}
		found = append(found, certificate)
	}
	return found, len(found) > 0
}

// key reads the first RSA private key of a file, in PKCS #8 or PKCS #1.
func (l *loader) key(path string) (*rsa.PrivateKey, bool) {
	for _, block := range l.blocks(path) {
		switch block.Type {
		case "PRIVATE KEY":
			if any, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
				key, ok := any.(*rsa.PrivateKey)
				return key, ok
			}
		case "RSA PRIVATE KEY":
			if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
				return key, true
			}
		}
	}
	return nil, false
}

func (l *loader) blocks(path string) (found []*pem.Block) {
	data, err := l.readFile(path)
	if err != nil {
		return nil
	}
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		found = append(found, block)
	}
	return found
}
