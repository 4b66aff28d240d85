package graph

import (
	"testing"

	"rekey/internal/directory/directorytest"
)

func TestClient_DoesWhatEveryDirectoryDoes(t *testing.T) {
	directorytest.Run(t, func(t *testing.T) directorytest.Harness {
		r := newRig(t, nil)
		return directorytest.Harness{Reader: r, Writer: r, Revoker: r, Alice: person(aliceID), Phone: "+12025550142", Bob: person(bobID),
			Missing: person("cccccccc-0000-4000-8000-000000000003")}
	})
}
