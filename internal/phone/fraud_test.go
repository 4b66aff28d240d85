package phone

import (
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
)

// +1 is two dozen countries, and texts to some of them cost fifty times what they cost in
// others: an allow-list that goes by calling codes lets all of them in.
func TestParse_ABU4_PlusOneIsManyCountries(t *testing.T) {
	for _, tt := range []struct{ number, region string }{
		{"+12025550142", "US"},
		{"+14165550142", "CA"},
		{"+18765550142", "JM"},
		{"+16585550142", "JM"},
		{"+18095550142", "DO"},
		{"+18295550142", "DO"},
		{"+18495550142", "DO"},
		{"+17875550142", "PR"},
		{"+19395550142", "PR"},
		{"+13405550142", "VI"},
		{"+16715550142", "GU"},
		{"+16705550142", "MP"},
		{"+12423591234", "BS"},
		{"+12462501234", "BB"},
		{"+12642351234", "AI"},
		{"+12684641234", "AG"},
		{"+12843001234", "VG"},
		{"+13453231234", "KY"},
		{"+14413701234", "BM"},
		{"+14734031234", "GD"},
		{"+16492311234", "TC"},
		{"+16644923456", "MS"},
		{"+16847331234", "AS"},
		{"+17215205678", "SX"},
		{"+17582845678", "LC"},
		{"+17672251234", "DM"},
		{"+17844301234", "VC"},
		{"+18682911234", "TT"},
		{"+18697652917", "KN"},
	} {
		for _, typed := range []struct{ number, country string }{{tt.number, ""}, {strings.TrimPrefix(tt.number, "+1"), "US"}} {
			if got, err := Parse(typed.number, typed.country); err != nil || got.Region != tt.region {
				t.Errorf("Parse(%q, %q) = %+v, %v, want region %s", typed.number, typed.country, got, err, tt.region)
			}
		}
	}
}

func TestParse_ABU4_OtherSharedCallingCodes(t *testing.T) {
	for _, tt := range []struct{ number, region string }{
		{"+79123456789", "RU"}, {"+77710009998", "KZ"},
		{"+447624123456", "IM"}, {"+447781123456", "GG"}, {"+447797712345", "JE"},
		{"+393123456789", "IT"},
		{"+590690001234", "GP"}, {"+262692123456", "RE"}, {"+262639012345", "YT"},
		{"+59995181234", "CW"}, {"+5993181234", "BQ"},
	} {
		if got, err := Parse(tt.number, ""); err != nil || got.Region != tt.region || !got.CanText() {
			t.Errorf("Parse(%q) = %+v, %v, want a mobile of %s", tt.number, got, err, tt.region)
		}
	}
}

func TestParse_ABU4_SpecialNumbersGetNoText(t *testing.T) {
	for _, tt := range []struct{ what, number string }{
		{"premium", "+19005550142"}, {"premium", "+449012345678"}, {"premium", "+4990012345678"}, {"premium", "+33899123456"},
		{"premium", "+41900123456"}, {"premium", "+43900123456"}, {"premium", "+611900123456"}, {"premium", "+979123456789"},
		{"shared cost", "+448431234567"}, {"shared cost", "+491801234567"}, {"shared cost", "+41840123456"}, {"shared cost", "+80812345678"},
		{"toll free", "+18005550142"}, {"toll free", "+448001234567"}, {"toll free", "+80012345678"},
		{"personal", "+15005550142"}, {"personal", "+447012345678"}, {"personal", "+4970012345678"}, {"personal", "+41878123456"},
		{"personal", "+878101234567890"},
		{"pager", "+447640123456"}, {"pager", "+491641234567"}, {"pager", "+49168123456"},
		{"voicemail", "+41860123456789"},
		{"one number for a company", "+445512345678"}, {"one number for a company", "+81570123456"},
		{"satellite", "+870773111632"}, {"satellite", "+881612345678"}, {"satellite", "+881712345678"}, {"satellite", "+8821612345678"},
		{"satellite", "+61147101234"},
		{"network of no country", "+883510012345678"}, {"network of no country", "+88213123456"}, {"network of no country", "+8835100123456"},
	} {
		got, err := Parse(tt.number, "")
		if err == nil && (got.Line != Other || got.CanText()) {
			t.Errorf("Parse(%q), %s, = %+v, want refused or a special line", tt.number, tt.what, got)
		}
	}
}

// TestParse_ABU4_EveryCountry asks the numbering plan itself for an example of each kind of
// number in each country.
func TestParse_ABU4_EveryCountry(t *testing.T) {
	special := map[string]phonenumbers.PhoneNumberType{
		"premium": phonenumbers.PREMIUM_RATE, "shared cost": phonenumbers.SHARED_COST, "toll free": phonenumbers.TOLL_FREE,
		"pager": phonenumbers.PAGER, "uan": phonenumbers.UAN, "voicemail": phonenumbers.VOICEMAIL,
		"personal": phonenumbers.PERSONAL_NUMBER, "voip": phonenumbers.VOIP,
	}
	examples := 0
	for region := range phonenumbers.GetSupportedRegions() {
		for what, kind := range special {
			example := phonenumbers.GetExampleNumberForType(region, kind)
			if example == nil || phonenumbers.GetNumberType(example) != kind {
				continue
			}
			examples++
			number := phonenumbers.Format(example, phonenumbers.E164)
			if got, err := Parse(number, ""); err == nil && (got.Line != Other || got.CanText()) {
				t.Errorf("Parse(%q), %s of %s, = %+v, want refused or a special line", number, what, region, got)
			}
		}
		if example := phonenumbers.GetExampleNumberForType(region, phonenumbers.MOBILE); example != nil {
			number := phonenumbers.Format(example, phonenumbers.E164)
			if got, err := Parse(number, ""); err != nil || !got.CanText() || got.Region == "" {
				t.Errorf("Parse(%q), a mobile of %s, = %+v, %v, want one that can take texts", number, region, got, err)
			}
		}
	}
	if examples < 300 {
		t.Errorf("only %d examples of special numbers were tried", examples)
	}
}

func TestParse_ABU4_NumbersOfNoCountry(t *testing.T) {
	tried := 0
	for code := range phonenumbers.GetSupportedGlobalNetworkCallingCodes() {
		example := phonenumbers.GetExampleNumberForNonGeoEntity(code)
		if example == nil {
			continue
		}
		tried++
		number := phonenumbers.Format(example, phonenumbers.E164)
		if got, err := Parse(number, ""); err == nil && (got.Region != "" || got.Line != Other) {
			t.Errorf("Parse(%q) = %+v, want no region and a special line", number, got)
		}
	}
	if tried < 5 {
		t.Errorf("only %d calling codes of no country were tried", tried)
	}
}
