// Adds to the emulator's pages what they can do without: the time in the reader's own zone,
// focus on a mistake, and pages that look again by themselves.
(() => {
  "use strict";
  const every = 2000;

  const localTimes = (root) => {
    for (const t of root.querySelectorAll("time[data-local]")) {
      t.textContent = new Date(t.dateTime).toLocaleTimeString(document.documentElement.lang,
        { hour: "2-digit", minute: "2-digit", hour12: false });
    }
  };

  const live = document.querySelector("[data-live]");
  let last = live && live.innerHTML;

  const typing = () => {
    const field = document.activeElement;
    return live.contains(field) && field.matches("input") && field.value !== "";
  };

  const show = (fresh) => {
    if (!fresh || fresh.innerHTML === last || typing()) return;
    const focused = document.activeElement && document.activeElement.id;
    last = fresh.innerHTML;
    live.replaceChildren(...fresh.childNodes);
    localTimes(live);
    if (focused && document.getElementById(focused)) document.getElementById(focused).focus();
    const say = live.querySelector("[data-say]");
    if (say) document.querySelector("[data-status]").textContent = say.textContent;
    goOn();
  };

  const goOn = () => {
    const form = live.querySelector("form[data-go]");
    if (form) form.requestSubmit();
    return form;
  };

  const look = async () => {
    try {
      const answer = await fetch(location.href, { cache: "no-store" });
      if (answer.ok) show(new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-live]"));
    } catch { /* the demo may be restarting: look again later */ }
    setTimeout(look, every);
  };

  localTimes(document);
  const summary = document.querySelector(".summary");
  if (summary) summary.focus();
  if (live && !goOn()) setTimeout(look, every);
})();
