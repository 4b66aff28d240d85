// The example below the number is one of the country that is chosen.
//
//   <select data-country> <option data-name="Germany" data-example="01512 3456789"> …
//   <span data-hint>…<bdi>(name)</bdi>…<span class="num">(example)</span>…</span>
(() => {
  'use strict';
  const select = document.querySelector('select[data-country]');
  const hint = document.querySelector('[data-hint]');
  if (!select || !hint) return;

  const show = () => {
    const chosen = select.selectedOptions[0];
    if (!chosen) return;
    hint.hidden = !chosen.dataset.example;
    hint.querySelector('bdi').textContent = chosen.dataset.name;
    hint.querySelector('.num').textContent = chosen.dataset.example;
  };
  select.addEventListener('change', show);
  addEventListener('pageshow', show); // the browser may have put an older choice back
})();
