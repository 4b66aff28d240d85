// The account menu closes on Escape, which leaves the focus at its button, and on a click
// or a focus elsewhere:
//
//   <details class="menu"><summary>…</summary> … </details>
(() => {
  'use strict';
  const open = () => document.querySelectorAll('details.menu[open]');

  document.addEventListener('keydown', (e) => {
    if (e.key !== 'Escape') return;
    for (const menu of open()) {
      if (menu.contains(document.activeElement)) menu.querySelector('summary').focus();
      menu.open = false;
    }
  });
  const leave = (e) => {
    for (const menu of open()) if (!menu.contains(e.target)) menu.open = false;
  };
  document.addEventListener('click', leave);
  document.addEventListener('focusin', leave);
})();
