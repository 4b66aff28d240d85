// What is good about a new password, as it is typed, and a button that shows it.
//
//   <input type="password" data-show="Show it" data-hide="Hide it"> … the same form's others
//   <p role="status" data-strength data-empty="…" data-short="…" data-strange="…"
//      data-kinds="…" data-same="…" data-fair="…" data-good="…"></p>
//
// The server judges, and more strictly: this only spares a round. It says one of seven
// sentences, and says it anew only when another one holds, so that nobody hears it at every
// key. Nothing leaves the page. The button shows every password of its form; sending the form
// hides them first, so that no browser keeps one as text that was typed.
(() => {
  'use strict';
  const first = document.querySelector('input[type=password][data-show]');
  if (!first || !first.form) return;
  const all = first.form.querySelectorAll('input[type=password]');
  const strength = first.form.querySelector('[data-strength]');
  const least = 8, long = 15, kindsNeeded = 3, fewest = 5;

  const judge = (text) => {
    const signs = [...text];
    if (!signs.length) return 'empty';
    if (/[^ -~]/.test(text)) return 'strange';
    if (signs.length < least) return 'short';
    const kinds = [/[a-z]/, /[A-Z]/, /[0-9]/, /[^a-zA-Z0-9]/].filter((kind) => kind.test(text)).length;
    if (kinds < kindsNeeded) return 'kinds';
    if (new Set(signs).size < fewest) return 'same';
    return signs.length < long ? 'fair' : 'good';
  };
  const say = () => {
    const text = strength.getAttribute(`data-${judge(first.value)}`) || '';
    if (strength.textContent !== text) strength.textContent = text;
  };
  if (strength) {
    first.addEventListener('input', say);
    say();
  }

  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'plain';
  const show = (shown) => {
    for (const input of all) input.type = shown ? 'text' : 'password';
    button.textContent = shown ? first.dataset.hide : first.dataset.show;
  };
  button.addEventListener('click', () => show(first.type === 'password'));
  first.form.addEventListener('submit', () => show(false));
  addEventListener('pageshow', () => show(false));
  (strength || first).after(button);
  show(false);
})();
