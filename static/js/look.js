// A page that waits for something at Microsoft has the directory looked at, quietly.
//
//   <form action="/new-phone/look" data-look> … the button for people …
//
// While the page is visible it asks at most each 20 s, ever more seldom up to 2 min, for a
// quarter of an hour. The server decides whether that comes at the expense of others, and
// answers nothing; poll.js shows what changed.
(() => {
  'use strict';
  const form = document.querySelector('form[data-look]');
  if (!form) return;
  const enough = 15 * 60000;
  let delay = 20000, timer = 0, begun = Date.now();

  const plan = () => {
    clearTimeout(timer);
    if (document.visibilityState === 'visible' && Date.now() - begun < enough) timer = setTimeout(look, delay);
  };
  const look = async () => {
    const fields = new URLSearchParams(new FormData(form));
    fields.set('quiet', '1');
    try {
      await fetch(form.action, { method: 'POST', body: fields, credentials: 'same-origin' });
    } catch { /* the next time */ }
    delay = Math.min(delay * 1.5, 120000);
    plan();
  };
  document.addEventListener('visibilitychange', () => { begun = Date.now(); plan(); });
  addEventListener('pagehide', () => clearTimeout(timer));
  plan();
})();
