package tenant

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// state is what the file holds.
type state struct {
	ID                string    `json:"id"`
	ClockOffsetMillis int64     `json:"clockOffsetMilliseconds"`
	People            []Person  `json:"people"`
	Handsets          []Handset `json:"handsets"`
	Apps              []App     `json:"apps"`
	Services          Services  `json:"services"`
	// Policies are nil as long as they are those of the founding.
	Policies *Policies `json:"policies,omitempty"`

	places places
	// undo takes back what the change that is going on did to people and handsets so far.
	undo []func()
}

// try runs a change and takes all of it back unless it ends well. Of people and handsets,
// which may be thousands, only what is touched is copied (see own and putHandset); of all
// else the whole, which is little.
func (s *state) try(change func(*state) error) error {
	before, done := *s, false
	s.Apps, s.Services = cloneApps(s.Apps), s.Services.clone()
	if s.Policies != nil {
		p := s.Policies.clone()
		s.Policies = &p
	}
	defer func() {
		if !done {
			for _, back := range slices.Backward(s.undo) {
				back()
			}
			s.ID, s.ClockOffsetMillis, s.Apps, s.Services, s.Policies = before.ID, before.ClockOffsetMillis, before.Apps, before.Services, before.Policies
		}
		s.undo = nil
	}()
	err := change(s)
	done = err == nil
	return err
}

// load reads the state kept at path. It reports false when there is none.
func load(path string, s *state) (bool, error) {
	if path == "" {
		return false, nil
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("tenant: reading the kept tenant: %w", err)
	}
	if err := json.Unmarshal(b, s); err != nil {
		return false, fmt.Errorf("tenant: the kept tenant in %s is damaged: %w", path, err)
	}
	if s.ID == "" {
		return false, fmt.Errorf("tenant: the kept tenant in %s has no id", path)
	}
	return true, nil
}

// save replaces the file at path so that a crash at any point leaves the old or the new
// state whole: temporary file, sync, rename, sync of the directory.
func save(path string, s *state) error {
	if path == "" {
		return nil
	}
	b, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		return fmt.Errorf("tenant: %w", err)
	}
	if err := replaceFile(path, b); err != nil {
		return fmt.Errorf("tenant: keeping the tenant: %w", err)
	}
	return nil
}

func replaceFile(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".tenant-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if cerr := d.Close(); err == nil {
		err = cerr
	}
	return err
}

// keptApp is an App as the file holds it.
type keptApp struct {
	ClientID     string   `json:"clientId"`
	Name         string   `json:"name"`
	Secret       string   `json:"secret,omitempty"`
	Certificate  []byte   `json:"certificate,omitempty"`
	Permissions  []string `json:"permissions"`
	Roles        []string `json:"directoryRoles,omitempty"`
	Scopes       []string `json:"scopes"`
	RedirectURIs []string `json:"redirectUris"`
	Claims       []string `json:"claims"`
}

// MarshalJSON writes the certificate as DER.
func (a App) MarshalJSON() ([]byte, error) {
	k := keptApp{ClientID: a.ClientID, Name: a.Name, Secret: a.Secret, Permissions: a.Permissions, Roles: a.DirectoryRoles, Scopes: a.Scopes, RedirectURIs: a.RedirectURIs, Claims: a.Claims}
	if a.Certificate != nil {
		k.Certificate = a.Certificate.Raw
	}
	return json.Marshal(k)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (a *App) UnmarshalJSON(b []byte) error {
	var k keptApp
	if err := json.Unmarshal(b, &k); err != nil {
		return err
	}
	*a = App{ClientID: k.ClientID, Name: k.Name, Secret: k.Secret, Permissions: k.Permissions, DirectoryRoles: k.Roles, Scopes: k.Scopes, RedirectURIs: k.RedirectURIs, Claims: k.Claims}
	if len(k.Certificate) == 0 {
		return nil
	}
	var err error
	a.Certificate, err = x509.ParseCertificate(k.Certificate)
	return err
}
