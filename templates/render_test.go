package templates

import (
	"bytes"
	"testing"
)

func BenchmarkRender_Home(b *testing.B) {
	set, _ := newSet(b)
	page := homeStates(exampleBase(b, "/"))[0].page
	var out bytes.Buffer
	for b.Loop() {
		out.Reset()
		if err := set.Render(&out, "en", page); err != nil {
			b.Fatal(err)
		}
	}
}
