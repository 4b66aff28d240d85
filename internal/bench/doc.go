// Package bench measures the whole site from outside: see scripts/bench, which builds it and
// prints what was found, and docs/performance.md. It is made of benchmarks alone, so that no
// test run depends on how fast a machine is.
//
//	bench_test.go   what is measured, in which order, and the table that is printed
//	server_test.go  the processes: the site, and a bare server to compare it with
//	people_test.go  people who sign in, read a page, and change their number
//	load_test.go    so many at once, and how long each took
package bench
