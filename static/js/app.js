// Small conveniences on top of pages that work without any of this. No inline handlers, no eval: the content security policy forbids both.
(function () {
  "use strict";

  const root = document.documentElement;
  root.classList.add("js");

  // The person's time zone, so that the server can write times in it.
  function keepTimeZone() {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    // Names of zones hold nothing that a cookie must not: written as they are, since the server reads them so.
    if (!/^[A-Za-z0-9_+/-]+$/.test(zone || "") || document.cookie.split("; ").includes("tz=" + zone)) return;
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = "tz=" + zone + "; Path=/; Max-Age=31536000; SameSite=Lax" + secure;
  }

  // "4 min ago" goes on counting between two refreshes, in the words of the server: "%s s ago|%s min ago|%s h ago|%s d ago".
  const SIZES = [1, 60, 3600, 86400];
  const words = (document.body.dataset.ago || "").split("|");

  function ageInWords(seconds) {
    let unit = 0;
    while (unit + 1 < SIZES.length && seconds >= SIZES[unit + 1]) unit += 1;
    return words[unit].replace("%s", String(Math.floor(seconds / SIZES[unit])));
  }

  function refreshTimes() {
    if (document.hidden || words.length !== SIZES.length) return;
    for (const time of document.querySelectorAll("time[data-ago]")) {
      const age = ageInWords(Math.max(0, (Date.now() - Date.parse(time.dateTime)) / 1000));
      if (time.textContent !== age) time.textContent = age;
    }
  }

  // A copy button names the element whose text it copies.
  async function copy(button) {
    const source = document.getElementById(button.dataset.copy);
    if (!source) return;
    const before = button.textContent;
    try {
      await navigator.clipboard.writeText(source.value || source.textContent);
      button.textContent = button.dataset.copied;
    } catch (error) {
      // Without the clipboard permission (plain http): select the text, the keyboard does the rest.
      getSelection().selectAllChildren(source);
      button.textContent = button.dataset.selected;
    }
    setTimeout(() => { button.textContent = before; }, 2500);
  }

  // On a phone the list of steps starts folded, so that the current step comes first. A wide window cannot unfold it by hand.
  const narrow = matchMedia("(max-width: 860px)");
  function foldSteps() {
    for (const list of document.querySelectorAll("details[data-fold-on-phone]")) list.open = !narrow.matches;
  }

  // A polled region is left alone while nobody looks, or while somebody types or reads an opened part in it.
  function holdPolling(event) {
    const region = event.detail.elt;
    if (!region.matches || !region.matches("[data-poll]")) return;
    const active = document.activeElement;
    const typing = active && region.contains(active) && active.matches("input, textarea, select, summary");
    const selecting = !getSelection().isCollapsed && region.contains(getSelection().anchorNode);
    const choosing = region.querySelector("input[data-choose]:checked");
    if (document.hidden || typing || selecting || choosing) event.preventDefault();
  }

  // What a person unfolded or folded stays so over a refresh; what has come meanwhile opens as the page says.
  const folds = new Map();
  function rememberFold(event) {
    const summary = event.target.closest("summary");
    const part = summary && summary.parentElement;
    if (part && part.id) folds.set(part.id, !part.open);
  }
  function restoreFolds() {
    foldSteps();
    for (const [id, open] of folds) {
      const part = document.getElementById(id);
      if (part) part.open = open;
    }
    refreshTimes();
  }

  // A form is sent once, however often its button is pressed.
  function guardTwice(event) {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    for (const button of form.querySelectorAll("button[data-busy]")) button.textContent = button.dataset.busy;
  }

  function closeMenus(event) {
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      if (event.type === "keydown" ? event.key === "Escape" : !menu.contains(event.target)) menu.open = false;
    }
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
    closeMenus(event);
  });
  document.addEventListener("keydown", closeMenus);
  document.addEventListener("submit", guardTwice);
  // One box marks every row of the list.
  function chooseAll(box) {
    for (const each of box.form.querySelectorAll("input[name=site]")) each.checked = box.checked;
  }

  // Who types an address means its row.
  document.addEventListener("input", (event) => {
    if (!event.target.matches("[data-chooses]")) return;
    const box = event.target.form.querySelector(`input[name=site][value="${event.target.dataset.chooses}"]`);
    if (box) box.checked = true;
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-choose-all]")) chooseAll(event.target);
    if (event.target.matches("[data-submit-on-change]")) event.target.form.requestSubmit();
  });
  document.addEventListener("htmx:beforeRequest", holdPolling);
  document.addEventListener("click", rememberFold);
  document.addEventListener("htmx:afterSettle", restoreFolds);
  // Coming back with the browser's own history must not find buttons that think they were pressed.
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });
  document.addEventListener("DOMContentLoaded", () => {
    const summary = document.querySelector("[data-error-summary]");
    if (summary) summary.focus();
  });

  keepTimeZone();
  foldSteps();
  narrow.addEventListener("change", foldSteps);
  refreshTimes();
  setInterval(refreshTimes, 1000);
})();
