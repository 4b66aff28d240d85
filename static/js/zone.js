// Tells the server the time zone, once.
//
//   <body data-zone="Europe/Berlin" data-token="(form token)">
//
// data-zone is what the server knows ("" for nothing); both may stand at <html> instead. If
// the browser's zone is another, it is sent to POST /zone as the fields zone and form_token,
// at most once in a window until nobody is signed in (a page without data-token).
// Nothing is shown and nothing reloads; the next page has the right times.
(() => {
  'use strict';
  const flag = 'rekey-zone';
  const holder = document.querySelector('html[data-token], body[data-token]');
  try {
    if (!holder || !holder.dataset.token) {
      sessionStorage.removeItem(flag);
      return;
    }
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (!zone || zone === holder.dataset.zone || sessionStorage.getItem(flag) === zone) return;
    sessionStorage.setItem(flag, zone);
    fetch('/zone', {
      method: 'POST',
      body: new URLSearchParams({ zone, form_token: holder.dataset.token }),
      credentials: 'same-origin',
      keepalive: true,
    }).catch(() => {});
  } catch { /* no storage: the times stay in the organisation's zone */ }
})();
