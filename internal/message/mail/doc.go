// Package mail hands mails to a mail server by SMTP, or to Microsoft Graph.
//
// What is sent, to whom and how often is the journeys' business. Bounces are not read
// here: a server that took a mail may still find out that the mailbox does not exist.
//
// One Send is at most one mail handed over: nothing is repeated by itself once the server
// may have it. What the server answers decides what the caller learns:
//
//	by SMTP                                          Send returns
//	the mail was taken                               nil
//	no line, no TLS, no sign-in, 4xx, line cut
//	before the mail's last line                      fault.Unavailable "mail.unavailable"
//	5xx for the recipient or the mail                fault.Invalid "mail.refused"
//	5xx for what we are or may (sender, relaying)    fault.Unavailable, and an error in the log
//	no answer to the mail's last line                message.ErrUncertain
//
//	by Graph                                         Send returns
//	202                                              nil
//	no connection, nothing sent                      fault.Unavailable "mail.unavailable"
//	429, 503                                         the same, with Until
//	the recipient is refused (400 with its code)     fault.Invalid "mail.refused"
//	other 3xx, 4xx                                   fault.Unavailable, and an error in the log
//	other 5xx, other 2xx, no answer, cut line        message.ErrUncertain
//
// No error and no log line holds an address, a subject, a body, a password or a token: what
// servers answer is never repeated, because it may quote them.
package mail
