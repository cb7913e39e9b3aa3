// The console works without this file. With it: keys in lists, and nothing else. No library, no inline code.
"use strict";

(() => {
  const off = document.body.dataset.keys === "off";

  // j k Enter move in a list that has focus; a s f e m u press what stands in the pane beside it.
  const list = document.querySelector("[data-keys-list]");
  if (list && !off) {
    const links = () => [...list.querySelectorAll("a[data-group]")];
    const move = (by) => {
      const all = links();
      const here = all.indexOf(document.activeElement);
      const next = all[Math.min(all.length - 1, Math.max(0, here + by))];
      if (next) next.focus();
    };
    list.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const key = event.key;
      if (key === "j" || key === "ArrowDown") move(1);
      else if (key === "k" || key === "ArrowUp") move(-1);
      else if ("asfemcu".includes(key) && key.length === 1) press(key, document.activeElement);
      else if (key === "?") document.getElementById("keys")?.scrollIntoView();
      else return;
      event.preventDefault();
    });
    const current = list.querySelector("[aria-current]");
    if (current && location.hash !== "#main") current.focus({ preventScroll: true });

    const press = (key, link) => {
      const group = link?.dataset.group;
      const pane = document.querySelector("[data-group-pane]");
      if (!group) return;
      if (!pane || pane.dataset.groupPane !== group) {
        // Not open yet: open it first, and say which key comes next.
        sessionStorage.setItem("key", key);
        link.click();
        return;
      }
      const target = pane.querySelector(`[data-act="${key}"]`);
      if (!target) return;
      if (target.tagName === "DETAILS") {
        target.open = true;
        target.querySelector("input:not([type=hidden]), textarea, button")?.focus();
      } else target.requestSubmit();
    };
    const waiting = sessionStorage.getItem("key");
    if (waiting && current) {
      sessionStorage.removeItem("key");
      press(waiting, current);
    }
  }

  // Autosave: a form that says so is sent when something in it changes; the page stays.
  for (const form of document.querySelectorAll("form[data-autosave]")) {
    const said = form.querySelector("[data-saved]");
    form.addEventListener("change", async () => {
      try {
        const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers: { "X-Autosave": "1" } });
        if (said) said.textContent = answer.ok ? said.dataset.saved : said.dataset.failed;
      } catch {
        if (said) said.textContent = said.dataset.failed;
      }
    });
  }
})();
