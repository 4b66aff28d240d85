package tenant

// RoleTemplate returns the template id of a directory role, which is also its value in the
// wids claim; "" for a role that is not known here.
// Source: Entra, built-in roles reference.
func RoleTemplate(name string) string {
	switch name {
	case "Global Administrator":
		return "62e90394-69f5-4237-9190-012177145e10"
	case "Privileged Role Administrator":
		return "e8611ab8-c189-46e8-94e1-60213ab1f814"
	case "Privileged Authentication Administrator":
		return "7be44c8a-adaf-4e2a-84d6-ab2649e08a13"
	case "Authentication Administrator":
		return "c4e39bd9-1100-46d3-8c65-fb160da0071f"
	case "Authentication Policy Administrator":
		return "0526716b-113d-4c15-b2c8-68e3c22b9f80"
	case "Helpdesk Administrator":
		return "729827e3-9c14-49f7-bb1b-9608f156bbb8"
	case "Password Administrator":
		return "966707d0-3269-4727-9be2-8c3a10f19b9d"
	case "User Administrator":
		return "fe930be7-5e62-47db-91af-98c3a49a38b1"
	case "Global Reader":
		return "f2ef992c-3afb-46b9-b7cf-a126ee74c451"
	case "Security Reader":
		return "5d6b6bb7-de71-4623-b4af-96380a352509"
	case "Reports Reader":
		return "4a5d8f65-41da-4de4-8968-e035b65339cf"
	case "Security Administrator":
		return "194ae4cb-b126-40b2-bd5b-6091b380977d"
	case "Conditional Access Administrator":
		return "b1be1c3e-b65d-4f19-8427-f6fa0d97feb9"
	case "Groups Administrator":
		return "fdd7a751-b60b-444a-984c-02652fe8fa1c"
	case "Cloud Device Administrator":
		return "7698a772-787b-4ac8-901f-60d6b08affd2"
	case "Intune Administrator":
		return "3a2c62db-5318-420d-8d74-23affee5d9d5"
	}
	return ""
}
