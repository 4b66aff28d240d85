package browsertest

import "github.com/chromedp/cdproto/runtime"

// Await makes an evaluation wait for the promise that it returns.
func Await(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }
