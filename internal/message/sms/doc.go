// Package sms hands text messages to a gateway that speaks HTTPS and is described in
// configuration: address, headers, body template and the rule that tells success.
//
// What is sent, to whom and how often is the journeys' business. Delivery reports are
// not read here.
//
// One Send is at most one request: nothing is repeated and no redirect is followed, so
// that a person never gets, and nobody pays for, the same text twice. What the gateway
// answers decides what the caller learns:
//
//	answer                                        Send returns
//	success status and, if configured, the field  nil
//	no connection, nothing sent                   fault.Unavailable "sms.refused"
//	429                                           the same, with Until
//	other 3xx, 4xx, or a rule that is not met     the same
//	5xx, no answer in time, cut line              message.ErrUncertain
//	success status, but an unreadable body that
//	the rule needs                                message.ErrUncertain
package sms
