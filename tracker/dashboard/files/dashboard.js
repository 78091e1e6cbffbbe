"use strict";
// Progressive: every page works without it. It asks for parts of a page, again or instead of another one, and copies
// what is to be pasted.
const SECONDS = 2;

// What is put into the place of a part. Whatever has the focus stays the same element, so that it keeps it and leads
// where it did: all around it is replaced. Where it is there no more, what it stands in waits, and this says false.
const renew = (part, fresh) => {
  const wayTo = (element, top) => {
    const way = [];
    for (let at = element; at !== top; at = at.parentNode) way.unshift(at);
    return way;
  };
  const identityOf = (element) => [
    element.localName,
    element.getAttribute("href"),
    element.getAttribute("aria-label"),
    element.closest("tr")?.querySelector(".when")?.textContent,
  ].join("\n");
  const scrolled = [...part.querySelectorAll(".scroll")].map((one) => one.scrollLeft);
  const focused = part.contains(document.activeElement) ? document.activeElement : null;
  let kept = focused ? wayTo(focused, part) : [], twins = [], isWhole = true;
  if (focused) {
    const twin = [...fresh.querySelectorAll(focused.localName)].find((one) => identityOf(one) === identityOf(focused));
    twins = twin ? wayTo(twin, fresh) : [];
    if (twins.length !== kept.length) {
      kept = kept.slice(0, 1);
      twins = [fresh.children[[...part.children].indexOf(kept[0])]];
      isWhole = false;
    }
  }
  let here = part, there = fresh;
  kept.forEach((element, at) => {
    const nodes = [...there.childNodes], place = nodes.indexOf(twins[at]);
    for (const other of [...here.childNodes]) if (other !== element) other.remove();
    element.before(...nodes.slice(0, place));
    element.after(...nodes.slice(place + 1));
    [here, there] = [element, twins[at]];
  });
  if (isWhole) here.replaceChildren(...there.childNodes);
  [...part.querySelectorAll(".scroll")].forEach((one, at) => { one.scrollLeft = scrolled[at] ?? 0; });
  return isWhole;
};

// A page that is sent in pieces is there in parts before it is whole: what is clicked meanwhile is heard already.
const whenWhole = () => {
  for (const part of document.querySelectorAll("[data-poll]")) {
    let etag = null, failures = 0, timer = 0;
    const stale = document.querySelector(".stale");
    const ask = async () => {
      clearTimeout(timer);
      if (document.hidden) return;
      const asked = performance.now();
      let pause = SECONDS * 1000;
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
          etag = renew(part, fresh) ? answer.headers.get("ETag") : null;
        } else if (answer.status !== 304) {
          throw new Error(answer.status);
        }
        // Those who look are asked to come together, which costs the server less.
        const again = Number(answer.headers.get("Tracker-Look-Again"));
        if (again) pause = Math.max(0, asked + again - performance.now());
        failures = 0;
      } catch {
        failures += 1;
      }
      if (stale) stale.hidden = failures < 2;
      if (!part.querySelector("[data-done]")) {
        timer = setTimeout(ask, failures ? Math.min(SECONDS * 2 ** failures, 60) * 1000 : pause);
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
};
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", whenWhole);
else whenWhole();

// Of what the form of filters proposes, the values of what is chosen.
document.addEventListener("focusin", (event) => {
  if (event.target.name !== "filter_value") return;
  const by = event.target.form.elements.filter_by.value;
  for (const option of event.target.list?.options ?? []) option.disabled = option.dataset.of !== by;
});

// A bar leads where the row of the table below it does.
document.addEventListener("click", (event) => {
  const column = event.target.closest(".column.leads");
  if (!column) return;
  const at = [...column.parentNode.querySelectorAll(".column")].indexOf(column);
  column.closest("section").querySelectorAll("tbody tr")[at]?.querySelector("a").click();
});

// Another panel of a group comes into its place; the page's other links lead to it, too.
document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-part]");
  if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  if (document.readyState === "loading") return;  // Links that are still to come could not be led to it.
  event.preventDefault();
  const panel = link.closest(".part"), group = panel.id, at = [...link.parentNode.children].indexOf(link);
  const name = new URL(link.href).searchParams.get(group);
  panel.setAttribute("aria-busy", "true");
  try {
    const part = new URL(link.dataset.part, location.href);
    part.search = new URL(link.href).search;
    part.searchParams.set("group", group);
    const answer = await fetch(part, { cache: "no-store", signal: AbortSignal.timeout(30000) });
    if (!answer.ok || answer.redirected) throw new Error(answer.status);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(".part");
    panel.replaceWith(fresh);
    fresh.querySelectorAll(".parts a")[at].focus({ preventScroll: true });
  } catch {
    location.assign(link.href);
    return;
  }
  const chosen = (address) => {
    const url = new URL(address, location.href);
    if (name) url.searchParams.set(group, name);
    else url.searchParams.delete(group);
    return url;
  };
  for (const other of document.querySelectorAll("main a[href^='?']")) {
    if (other.dataset.part && other.closest(".part").id === group) continue;
    const url = chosen(other.href);
    other.setAttribute("href", url.search + url.hash);
  }
  for (const form of document.querySelectorAll("main form[method=get]")) {
    form.querySelector(`[name=${group}]`)?.remove();
    if (name) form.append(Object.assign(document.createElement("input"), { type: "hidden", name: group, value: name }));
  }
  const here = new URL(link.href);
  history.replaceState(null, "", here.pathname + here.search);
});
