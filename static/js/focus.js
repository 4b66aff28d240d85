// A page that answers a form with mistakes, or with a wait, begins there:
//
//   <div class="summary" role="alert" tabindex="-1">
(() => {
  'use strict';
  const alert = document.querySelector('[role=alert][tabindex="-1"]');
  if (alert) alert.focus();
})();
