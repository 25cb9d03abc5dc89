"use strict";
// What happens in the browser alone: shortcuts, the drawer, copying, dropping files, signing in and out.
(() => {
  const typing = (element) => element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName);
  let waiting = 0;

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") document.body.classList.remove("side-open");
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (document.querySelector(".q-dialog__backdrop")) return;
    if (event.key === "g") { waiting = Date.now(); return; }
    if (Date.now() - waiting < 1500) {
      waiting = 0;
      const target = document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
      if (target) { event.preventDefault(); target.click(); }
      return;
    }
    if (event.key === "?") document.querySelector("[data-help-open]")?.click();
    if (event.key === "/") {
      const field = document.querySelector("[data-search] input, input[data-search]");
      if (field) { event.preventDefault(); field.focus(); }
    }
  });

  document.addEventListener("click", (event) => {
    const found = (name) => event.target.closest?.(`[${name}]`);
    if (found("data-open-side")) {
      document.body.classList.add("side-open");
      document.querySelector("#side a, #side button")?.focus();
    }
    if (found("data-close-side")) document.body.classList.remove("side-open");
    if (found("data-help")) document.querySelector("[data-help-open]")?.click();
    if (found("data-sign-out")) signOut();
    const copy = found("data-copy");
    if (copy) copyCode(copy);
    const skip = event.target.closest?.("a.skip");
    if (skip) { event.preventDefault(); document.getElementById("content")?.focus(); }
    const drop = found("data-drop");
    if (drop && !event.target.closest(".drop-input")) { event.preventDefault(); choose(drop); }
  });

  // Until a page has its connection, NiceGUI sends each thing that happens again by a timer of its own (10 ms), and what came
  // first may arrive last: a press without what was typed before it. So presses wait until all that is on its way.
  let presses = [];
  const press = (event) => {
    if (!presses) return;
    const enter = event.key === "Enter" && !event.isComposing; // while composing, Enter chooses a word
    const on = event.type === "click" ? event.target.closest?.("button") : enter && event.target.matches?.("input");
    if (!on || !event.target.closest("main, .q-dialog") || event.target.closest("form, tunery-labelling")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const again = new event.constructor(event.type, event);
    presses.push(() => event.target.dispatchEvent(again));
  };
  const connected = () => {
    const waited = presses;
    presses = null;
    for (const send of waited) send();
  };
  const connect = () => (window.did_handshake ? setTimeout(connected, 20) : setTimeout(connect, 10));
  for (const name of ["click", "keydown"]) document.addEventListener(name, press, true);
  connect();

  const choose = (drop) => drop.querySelector(".q-uploader__input, input[type=file]")?.click();

  for (const name of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(name, (event) => {
      const drop = event.target.closest?.("[data-drop]");
      if (!drop) return;
      event.preventDefault();
      drop.classList.toggle("is-over", name === "dragover");
      if (name !== "drop") return;
      const input = drop.querySelector(".q-uploader__input, input[type=file]");
      input.files = event.dataTransfer.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    });
  }

  // A dialog that is closed gives the focus back: Quasar's own way ends where the server takes the dialog away at once.
  let last = null, opener = null;
  document.addEventListener("focusin", (event) => {
    if (!event.target.closest(".q-dialog")) last = event.target;
  });
  new MutationObserver(() => {
    const open = document.querySelector("body > [id^=q-portal--dialog]") !== null;
    if (open) { opener ??= last; return; }
    if (opener?.isConnected) opener.focus();
    opener = null;
  }).observe(document.body, { childList: true });

  async function copyCode(button) {
    const code = button.closest("figure").querySelector("pre").textContent;
    try { await navigator.clipboard.writeText(code); } catch {
      const area = Object.assign(document.createElement("textarea"), { value: code });
      document.body.append(area); area.select(); document.execCommand("copy"); area.remove();
    }
    const before = button.title;
    button.title = button.dataset.done;
    button.setAttribute("aria-label", button.dataset.done);
    button.classList.add("is-done");
    setTimeout(() => { button.title = before; button.setAttribute("aria-label", before); button.classList.remove("is-done"); }, 1500);
  }

  // Accounts: the API sets the cookie, so that no secret passes through a page's socket.
  const call = async (method, path, body, headers = {}) => {
    const answer = await fetch("/api/v1" + path, {
      method,
      headers: { "Accept-Language": document.documentElement.lang, ...(body ? { "Content-Type": "application/json" } : {}), ...headers },
      body: body && JSON.stringify(body),
    });
    const text = await answer.text();
    return { ok: answer.ok, body: text ? JSON.parse(text) : {} };
  };

  async function signOut() {
    const session = await call("GET", "/session");
    if (session.ok) await call("DELETE", "/session", null, { "X-CSRF-Token": session.body.csrf });
    location.assign("/sign-in");
  }

  document.addEventListener("submit", async (event) => {
    const form = event.target.closest?.("form[data-call]");
    if (!form) return;
    event.preventDefault();
    const error = form.querySelector("[role=alert]");
    const button = form.querySelector("button[type=submit]");
    const values = Object.fromEntries([...new FormData(form)].filter(([, value]) => value !== ""));
    if ("again" in values || form.elements.again) {
      if (values.again !== values.password) { error.textContent = form.dataset.unequal; return; }
      delete values.again;
    }
    button.disabled = true;
    error.textContent = "";
    try {
      const answer = await call("POST", form.dataset.call, values);
      if (answer.ok) { location.replace(form.dataset.then); return; }
      error.textContent = [answer.body.detail ?? answer.body.title, answer.body.hint].filter(Boolean).join(" ");
    } catch { error.textContent = form.dataset.offline; }
    button.disabled = false;
    error.focus();
  });

  // Times are shown in the reader's zone where the pointer rests on them.
  document.addEventListener("pointerover", (event) => {
    const time = event.target.closest?.("time[data-local]");
    if (time && !time.title) time.title = new Date(time.dateTime).toLocaleString(document.documentElement.lang);
  });
})();
