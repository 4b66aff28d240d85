// A part of a page that tells what is going on and looks again by itself.
//
//   <main data-step="wait"> … <div role="status" data-poll> … </div>
//
// The page is fetched again while it is visible: after 2 s, then ever more seldom up to 10 s
// while nothing changes or nothing answers. If the answer has another address, or its <main>
// another data-step, the browser goes there. Otherwise the children of the region change
// places with the new ones, and only if they differ: a screen reader hears nothing twice.
// After a quarter of an hour it ends, so that a forgotten window does not keep a person
// signed in; who comes back to the window starts it again.
(() => {
  'use strict';
  const shortest = 2000, longest = 10000, enough = 15 * 60000;
  const region = document.querySelector('[data-poll]');
  const main = document.querySelector('main');
  if (!region || !main) return;

  let delay = shortest, timer = 0, running = null, begun = Date.now();

  // What is said, without what differs at every look.
  const said = (part) => {
    const copy = part.cloneNode(true);
    for (const e of copy.querySelectorAll('[data-now]')) e.removeAttribute('data-now');
    for (const e of copy.querySelectorAll('[data-left]')) e.textContent = '';
    return copy.innerHTML;
  };
  let last = said(region);

  const plan = (ms) => {
    clearTimeout(timer);
    if (document.visibilityState === 'visible' && Date.now() - begun < enough) timer = setTimeout(look, ms);
  };

  const swap = (fresh) => {
    const text = said(fresh);
    if (text === last) return false;
    last = text;
    region.replaceChildren(...document.importNode(fresh, true).childNodes);
    document.dispatchEvent(new Event('rekey:swap'));
    return true;
  };

  // Reports whether something changed. Throws when there is no answer to go by.
  const read = async (answer) => {
    if (answer.status === 429 || answer.status >= 500) throw new Error('busy');
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const there = page.querySelector('main'), fresh = page.querySelector('[data-poll]');
    const moved = answer.url.split('#')[0] !== location.href.split('#')[0];
    if (moved || !there || !fresh || there.dataset.step !== main.dataset.step) {
      stop();
      location.replace(answer.url);
      return false;
    }
    return swap(fresh);
  };

  const look = async () => {
    const mine = running = new AbortController();
    try {
      const answer = await fetch(location.href, { credentials: 'same-origin', cache: 'no-store', signal: mine.signal });
      const changed = await read(answer);
      delay = changed ? shortest : Math.min(delay * 1.25, longest);
    } catch {
      delay = Math.min(delay * 2, longest);
    }
    if (!mine.signal.aborted) plan(delay);
  };

  const stop = () => {
    clearTimeout(timer);
    if (running) running.abort();
  };

  const again = () => {
    stop();
    if (document.visibilityState !== 'visible') return;
    begun = Date.now();
    plan(0);
  };

  document.addEventListener('visibilitychange', again);
  addEventListener('pagehide', stop);
  addEventListener('pageshow', (e) => { if (e.persisted) again(); });
  plan(delay);
})();
