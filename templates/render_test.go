package templates

import (
	"bytes"
	"testing"
)

func BenchmarkRender_Home(b *testing.B) {
	set, _ := newSet(b)
	page := homeStates(exampleBase("/"))[0].Page
	var out bytes.Buffer
	for b.Loop() {
		out.Reset()
		if err := set.Render(&out, "en", page); err != nil {
			b.Fatal(err)
		}
	}
}
