// The time that is left, said quietly.
//
//   <p data-until="2026-11-23T14:42:00Z" data-now="2026-11-23T14:32:10Z"
//      data-minutes="about {n} minutes left" data-minute="about a minute left"
//      data-seconds="about {n} seconds left" data-over="The code is over.">
//     <span data-left></span> <span role="status"></span>
//   </p>
//
// data-now is the time of the server when it made the page: the reader's clock may be wrong.
// The text stands in the child [data-left] (made, if there is none) and changes every minute,
// in the last minute every ten seconds. It is no live region. The end, data-over, is said once
// in the child [role=status] (made, if there is none), unless the time was over from the start.
// More than 90 minutes are not said. A language with more plural forms may add their category:
// data-minutes-few, data-seconds-one; {n} is the number.
(() => {
  'use strict';
  const minute = 60000, ten = 10000, longest = 90;
  const known = new WeakMap();
  const plural = new Intl.PluralRules(document.documentElement.lang || 'en');
  let timer = 0;

  const child = (e, selector, set) => {
    let found = e.querySelector(selector);
    if (!found) {
      found = e.appendChild(document.createElement('span'));
      found.setAttribute(...set);
    }
    return found;
  };

  const meet = (e) => {
    const state = {
      ahead: (Date.parse(e.dataset.now) || Date.now()) - Date.now(),
      until: Date.parse(e.dataset.until),
      text: child(e, '[data-left]', ['data-left', '']),
      status: child(e, '[role=status]', ['role', 'status']),
      ended: false, seen: false,
    };
    known.set(e, state);
    return state;
  };

  const words = (e, name, n) => {
    const text = e.getAttribute(`data-${name}-${plural.select(n)}`) || e.getAttribute(`data-${name}`) || '';
    return text.replace('{n}', n);
  };

  const say = (e, left) => {
    if (left <= minute) return words(e, 'seconds', Math.ceil(left / ten) * 10);
    const n = Math.round(left / minute);
    if (n > longest) return '';
    return n === 1 && e.dataset.minute ? e.dataset.minute : words(e, 'minutes', n);
  };

  // Milliseconds until the text changes.
  const change = (left) => (left <= minute ? left % ten || ten
    : Math.min(left - minute, (left + minute / 2) % minute || minute));

  const end = (e, state) => {
    state.ended = true;
    const over = e.dataset.over || '';
    state.text.textContent = state.seen ? '' : over;
    if (state.seen) state.status.textContent = over;
  };

  const tick = () => {
    clearTimeout(timer);
    let next = Infinity;
    for (const e of document.querySelectorAll('[data-until]')) {
      const state = known.get(e) || meet(e);
      const left = state.until - Date.now() - state.ahead;
      if (state.ended || Number.isNaN(left)) continue;
      if (left <= 0) {
        end(e, state);
        continue;
      }
      const text = say(e, left);
      if (state.text.textContent !== text) state.text.textContent = text;
      state.seen = true;
      next = Math.min(next, change(left));
    }
    if (next < Infinity) timer = setTimeout(tick, next + 20);
  };

  document.addEventListener('rekey:swap', tick);
  document.addEventListener('visibilitychange', tick);
  tick();
})();
