package emulator

import "encoding/json"

// Share sets what replicas are handed, in place of Options.Join, where that is known only
// once the tenant is open. Call it before anything is served.
func (e *Emulator) Share(shared json.RawMessage) { e.shared = shared }
