// A page with mistakes begins at their list:
//
//   <div class="summary" tabindex="-1">
(() => {
  'use strict';
  const summary = document.querySelector('.summary[tabindex="-1"]');
  if (summary) summary.focus();
})();
