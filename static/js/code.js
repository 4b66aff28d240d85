// Reads the texted code in, where the browser can (WebOTP).
//
//   <input data-otp autocomplete="one-time-code" …>
//
// The person agrees in the browser; the code is put into the input and its form is sent. A
// code that was typed and sent first ends the wait.
(() => {
  'use strict';
  const input = document.querySelector('input[data-otp]');
  if (!input || !input.form || !('OTPCredential' in window)) return;

  const wait = new AbortController();
  input.form.addEventListener('submit', () => wait.abort());
  addEventListener('pagehide', () => wait.abort());
  navigator.credentials.get({ otp: { transport: ['sms'] }, signal: wait.signal }).then((found) => {
    if (!found || !found.code) return;
    input.value = found.code;
    input.form.requestSubmit();
  }, () => {}); // refused, or none came: it is typed
})();
