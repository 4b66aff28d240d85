// A form that was sent is not sent again within five seconds: a double click is one click.
// Every form, no hook. Coming back to the page makes it fresh.
(() => {
  'use strict';
  const pause = 5000;
  let sent = new WeakMap();

  document.addEventListener('submit', (e) => {
    if (e.defaultPrevented) return;
    const now = performance.now();
    if (now - (sent.get(e.target) ?? -pause) < pause) e.preventDefault();
    else sent.set(e.target, now);
  });
  addEventListener('pageshow', () => { sent = new WeakMap(); });
})();
