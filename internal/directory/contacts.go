package directory

// Contacts returns the phone, the alternate phone and the alternate email that are there.
func (s Snapshot) Contacts() []Method {
	var contacts []Method
	for _, kind := range []Kind{Phone, AlternatePhone, Email} {
		if m, ok := s.Contact(kind); ok {
			contacts = append(contacts, m)
		}
	}
	return contacts
}

// Without returns a copy of the snapshot without a contact.
func (s Snapshot) Without(kind Kind) Snapshot {
	methods := make([]Method, 0, len(s.Methods))
	for _, m := range s.Methods {
		if m.Kind != kind {
			methods = append(methods, m)
		}
	}
	s.Methods = methods
	return s
}
