// Docket works without this file. With it, open pages stay fresh, times count down in words,
// and the theme can be chosen. Elements opt in by data attributes; docs/interface.md lists them.
(() => {
  "use strict";

  const root = document.documentElement;
  const all = (selector) => document.querySelectorAll(selector);
  const say = (words) => {
    const announcer = document.getElementById("announcer");
    if (announcer) announcer.textContent = words;
  };

  // Polling: a hidden tab asks nothing; when it is seen again, it asks once.
  document.addEventListener("htmx:before:request", (event) => {
    if (document.hidden && event.detail.ctx.sourceElement.matches("[data-live]")) {
      event.preventDefault();
    }
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    for (const live of all("[data-live]")) live.dispatchEvent(new CustomEvent("refresh"));
    tick();
  });

  // The network: a quiet banner while requests cannot leave.
  const offline = (is) => {
    for (const banner of all("[data-offline]")) banner.hidden = !is;
  };
  document.addEventListener("htmx:error", (event) => {
    const { ctx } = event.detail;
    if (ctx && !ctx.response) offline(true);
  });
  document.addEventListener("htmx:after:request", () => offline(false));
  window.addEventListener("offline", () => offline(true));
  window.addEventListener("online", () => {
    offline(false);
    for (const live of all("[data-live]")) live.dispatchEvent(new CustomEvent("refresh"));
  });

  // Countdowns. The server says what time it is (data-now), because a visitor's clock may be wrong.
  const countdowns = new WeakMap();
  const inWords = (seconds) => {
    if (seconds <= 0) return "time is up";
    if (seconds < 60) return "less than a minute left";
    const minutes = Math.ceil(seconds / 60);
    return minutes === 1 ? "1 minute left" : `${minutes} minutes left`;
  };
  const countDown = (time) => {
    const key = `${time.dateTime} ${time.dataset.now || ""}`;
    let state = countdowns.get(time);
    if (!state || state.key !== key) {
      const skew = time.dataset.now ? Date.parse(time.dataset.now) - Date.now() : 0;
      state = { key, skew, said: Infinity };
      countdowns.set(time, state);
    }
    const seconds = Math.ceil((Date.parse(time.dateTime) - Date.now() - state.skew) / 1000);
    const words = inWords(seconds);
    if (time.textContent !== words) time.textContent = words;
    const mark = [0, 60, 120].find((limit) => seconds <= limit);
    if (mark === undefined || mark >= state.said) return;
    state.said = mark;
    say(words);
    if (mark === 0) time.dispatchEvent(new CustomEvent("countdown-end", { bubbles: true }));
  };
  const tick = () => all("time[data-countdown]").forEach(countDown);
  setInterval(tick, 1000);

  // The day strip: the chosen day is in view, and the arrow keys walk along the days.
  const showChosenDays = () => {
    for (const strip of all(".days")) {
      const day = strip.querySelector("[aria-current]");
      if (!day) continue;
      const gap = day.getBoundingClientRect().left - strip.getBoundingClientRect().left;
      if (gap >= 0 && gap + day.offsetWidth <= strip.clientWidth) continue;
      strip.scrollLeft += gap - (strip.clientWidth - day.offsetWidth) / 2;
    }
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") closeMenus();
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const strip = step && event.target.closest(".days");
    if (!strip) return;
    const days = [...strip.querySelectorAll("a, button")];
    const next = days[days.indexOf(event.target) + step];
    if (!next) return;
    event.preventDefault();
    next.focus();
  });

  // Menus close when the visitor turns elsewhere.
  const closeMenus = (except) => {
    for (const menu of all("details.menu[open]")) {
      if (menu.contains(except)) continue;
      const held = menu.contains(document.activeElement);
      menu.open = false;
      if (held && !except) menu.querySelector("summary").focus();
    }
  };
  const copyFrom = (field) => {
    field.select();
    // Without a safe line there is no clipboard; what is selected can still be copied by hand.
    navigator.clipboard?.writeText(field.value).then(() => say("Copied"), () => {});
  };
  document.addEventListener("click", (event) => {
    closeMenus(event.target);
    const reveal = event.target.closest("[data-reveal]");
    if (reveal) {
      const input = document.getElementById(reveal.dataset.reveal);
      const shown = input.type === "text";
      input.type = shown ? "password" : "text";
      reveal.textContent = shown ? "Show" : "Hide";
    }
    const copy = event.target.closest("[data-copy]");
    if (copy) copyFrom(document.getElementById(copy.dataset.copy));
    if (event.target.closest("[data-print]")) print();
    if (event.target.closest("[data-theme-switch]")) {
      const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
      const shown = root.dataset.theme || system;
      root.dataset.theme = shown === "dark" ? "light" : "dark";
      try {
        localStorage.setItem("theme", root.dataset.theme);
      } catch {
        // Storage may be forbidden; the choice then lasts for this page.
      }
    }
  });

  // A held time is given back when a link leads out of the booking; signing in belongs to it.
  document.addEventListener("click", (event) => {
    const hold = document.querySelector("[data-hold-release]");
    const link = event.target.closest("a[href]");
    if (!hold || !link || link.target || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const way = new URL(link.href, location.href);
    if (/^\/(appointment|login|register|forgot-password)\//.test(way.pathname)) return;
    const form = new FormData();
    form.set("csrf_token", document.querySelector("input[name=csrf_token]").value);
    form.set("ref", hold.dataset.ref);
    form.set("leaving", "1");
    navigator.sendBeacon(hold.dataset.holdRelease, form);
  });

  // What has focus may be gone after a poll; the part it was in then keeps it.
  let keeper = null;
  document.addEventListener("htmx:before:swap", () => {
    keeper = document.activeElement?.closest("[data-keep-focus]")?.id;
  });
  document.addEventListener("htmx:after:swap", () => {
    if (keeper && document.activeElement === document.body) {
      document.getElementById(keeper)?.querySelector("button, a")?.focus();
    }
    keeper = null;
  });

  // After a change, focus moves only where the answer asks for it; a poll never moves it.
  const settle = (event) => {
    for (const scripted of all("[data-theme-switch], [data-reveal], [data-print], [data-copy]")) scripted.hidden = false;
    for (const unneeded of all("[data-without-js]")) unneeded.hidden = true;
    tick();
    showChosenDays();
    const wanted = document.querySelector("[data-focus]");
    if (!wanted) return;
    wanted.removeAttribute("data-focus");
    if (!event?.detail.ctx.sourceElement.matches("[data-live]")) wanted.focus();
  };
  document.addEventListener("htmx:after:swap", settle);
  settle();
})();
