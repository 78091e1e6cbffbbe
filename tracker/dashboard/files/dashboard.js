"use strict";
// Progressive: every page works without it. It asks for parts of a page again, and copies what is to be pasted.
const SECONDS = 2;

for (const part of document.querySelectorAll("[data-poll]")) {
  let etag = null, failures = 0, timer = 0;
  const stale = document.querySelector(".stale");
  const ask = async () => {
    clearTimeout(timer);
    if (document.hidden) return;
    try {
      const answer = await fetch(part.dataset.poll, {
        cache: "no-store",
        headers: etag ? { "If-None-Match": etag } : {},
        signal: AbortSignal.timeout(15000),
      });
      if (answer.redirected || [401, 403, 404].includes(answer.status)) {
        location.reload();
        return;
      }
      if (answer.status === 200) {
        const text = await answer.text();
        const fresh = new DOMParser().parseFromString(text, "text/html").body;
        const focused = part.contains(document.activeElement);
        if (!focused) part.replaceChildren(...fresh.childNodes);
        etag = focused ? null : answer.headers.get("ETag");
      } else if (answer.status !== 304) {
        throw new Error(answer.status);
      }
      failures = 0;
    } catch {
      failures += 1;
    }
    if (stale) stale.hidden = failures < 2;
    if (!part.querySelector("[data-done]")) {
      timer = setTimeout(ask, Math.min(SECONDS * 2 ** failures, 60) * 1000);
    }
  };
  document.addEventListener("visibilitychange", ask);
  timer = setTimeout(ask, SECONDS * 1000);
}

for (const button of document.querySelectorAll("button[data-copy]")) {
  const source = document.getElementById(button.dataset.copy);
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(source.textContent);
    } catch {
      // Without HTTPS there is no clipboard: it is marked, to be copied by hand.
      getSelection().selectAllChildren(source);
      return;
    }
    button.textContent = button.dataset.done;
  });
}
