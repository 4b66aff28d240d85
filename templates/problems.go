package templates

import (
	"strconv"
	"time"

	"rekey/internal/i18n"
)

// problem returns the words of an error: a key below "error.", its values as people write
// them, and the time to name, if there is one.
func (x tools) problem(b Base, key string, args map[string]any, until time.Time) string {
	list := append(x.whose(b), "until", x.at(b).Moment(b.in(until), b.Now))
	for name, value := range args {
		switch v := value.(type) {
		case time.Time:
			value = x.at(b).Moment(b.in(v), b.Now)
		case int:
			list = append(list, i18n.Count, v)
		case string:
			if name == "region" {
				value = x.words.Region(v)
			}
		}
		list = append(list, name, value)
	}
	key = "error." + key
	if region, named := args["region"]; named && region == "" {
		key += ".anywhere" // of numbers that belong to no country
	}
	if !x.words.Has(key) {
		key = "error.site.error"
	}
	return x.text(key, list...)
}

// whose are the values that every sentence about trouble may use.
func (x tools) whose(b Base) []any {
	return []any{"organisation", b.Organisation.Name, "help", x.helpdesk(b.Organisation)}
}

// helpdesk is what people call the help desk, in the language of the page where the operator
// gave it no name.
func (x tools) helpdesk(o Organisation) string {
	if o.HelpName != "" {
		return o.HelpName
	}
	return x.words.T("help.name")
}

// at returns what is wrong at a field; its key is empty when nothing is.
func at(field string, errors []FieldError) FieldError {
	for _, e := range errors {
		if e.Field == field {
			return e
		}
	}
	return FieldError{}
}

// reason says why a change was not made.
func (x tools) reason(p Stopped) string {
	key := "reason." + p.Reason
	if !x.words.Has(key) {
		key = "stopped.text." + p.State
	}
	return x.text(key, x.whose(p.Base)...)
}

// explained says what happened: of a fault in its own words where there are some, else in
// those of the status.
func (x tools) explained(p Problem) string {
	key := "problem.text." + p.Key
	if !x.words.Has(key) {
		key = "problem.text." + group(p.Status)
	}
	return x.text(key, x.whose(p.Base)...)
}

// group returns the status whose words are used for a status.
func group(status int) string {
	switch status {
	case 400, 401, 403, 404, 405, 409, 410, 413, 421, 429, 500, 503:
		return strconv.Itoa(status)
	}
	if status >= 400 && status < 500 {
		return "400"
	}
	return "500"
}
