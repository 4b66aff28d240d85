// Package web is the plumbing between browsers and the pages: routes, sessions, forms,
// errors, headers, the log line. It is one of the two homes of Echo.
//
// Registration makes the safe way the only way. There is no other way to add a route
// than these functions, and each says who may come:
//
//	Page        GET and HEAD, for people who are signed in; never has an effect
//	Form        POST from one of our own pages, by the session that was given the form
//	PublicPage  GET and HEAD, for everybody
//	PublicForm  POST from one of our own pages, by the browser that was given the form
//
// A handler gets a Context and returns an error; one place turns errors into pages, and
// the text of an error never reaches a browser.
//
// It leaves to others: what the pages say (templates), what a request means (handlers),
// who is signed in (session), and every rule (the journeys).
package web
