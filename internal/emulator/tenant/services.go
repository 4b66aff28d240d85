package tenant

import "slices"

// Services is what the clients of the tenant's services hold on to, so it is kept with the
// tenant and is the same after a restart.
type Services struct {
	// GatewayKey is the key of the text gateway.
	GatewayKey string      `json:"gatewayKey"`
	Mail       MailService `json:"mail"`
}

// MailService is the mail server's.
type MailService struct {
	User     string `json:"user"`
	Password string `json:"password"`
	// Certificate is DER, Key is PKCS #8.
	Certificate []byte `json:"certificate"`
	Key         []byte `json:"key"`
	// Port is the one it listened at last.
	Port int `json:"port"`
}

func (s Services) clone() Services {
	s.Mail.Certificate, s.Mail.Key = slices.Clone(s.Mail.Certificate), slices.Clone(s.Mail.Key)
	return s
}

// Services returns what was kept last, zero for a new tenant.
func (t *Tenant) Services() Services {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.state.Services.clone()
}

// KeepServices keeps what fn makes of it.
func (t *Tenant) KeepServices(fn func(*Services)) error {
	return t.change(func(s *state) error {
		fn(&s.Services)
		return nil
	})
}
